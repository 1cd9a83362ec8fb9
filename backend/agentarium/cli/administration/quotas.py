"""`agentarium quotas`: show what a user has and may have, and set other limits."""

from collections.abc import Sequence

from agentarium.accounts.models import QuotaLimits, User
from agentarium.accounts.quotas import MEGABYTE, QUOTAS, Usage, megabytes, usages
from agentarium.cli.administration.users import find_user
from agentarium.cli.terminal import MISUSED, cell, fail, print_json, show, table

# Takes the user's own limit away, so that the server's applies.
SERVERS = "default"


def show_quotas(username: str, *, changes: Sequence[str], as_json: bool) -> None:
    user = find_user(username)
    if changes:
        _set_limits(user, dict(map(_parsed, changes)))
    found = usages(user.pk)
    if as_json:
        print_json([_json_row(usage) for usage in found])
        return
    rows = table("QUOTA", "USED", "LIMIT")
    for usage in found:
        rows.add_row(*map(cell, _row(usage)))
    show(rows)


def _set_limits(user: User, limits: dict[str, int | None]) -> None:
    QuotaLimits.objects.update_or_create(user=user, defaults=limits)


def _parsed(change: str) -> tuple[str, int | None]:
    """A change such as `agents=500`: the quota's name, and the limit in its unit."""
    name, _, text = change.partition("=")
    quota = QUOTAS.get(name)
    if quota is None:
        fail(f'There is no quota "{name}". Choose one of {", ".join(QUOTAS)}.', MISUSED)
    if text == SERVERS:
        return name, None
    digits = text.removesuffix("MB") if quota.unit == "bytes" else text
    if not (digits.isascii() and digits.isdigit() and len(digits) <= 9):
        form = "5000MB" if quota.unit == "bytes" else "500"
        fail(
            f'"{text}" is not a limit: write {name}={form}, {name}=0 for no limit, or '
            f"{name}={SERVERS} for the server's.",
            MISUSED,
        )
    return name, int(digits) * (MEGABYTE if text.endswith("MB") else 1)


def _row(usage: Usage) -> tuple[str, str, str]:
    quota, used, limit = usage
    if quota.unit == "bytes":
        return quota.name, megabytes(used), megabytes(limit) if limit else "none"
    return quota.name, f"{used:,}", f"{limit:,}" if limit else "none"


def _json_row(usage: Usage) -> dict[str, object]:
    limit = usage.limit or None
    return {"name": usage.quota.name, "used": usage.used, "limit": limit}
