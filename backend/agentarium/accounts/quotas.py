"""Quotas: how much one user may have of each thing, and the lock that makes them hold.

Apps define their own quotas in `AppConfig.ready()`, because this app does not know their
tables. A user's own limits (`QuotaLimits`) take the place of the server's. 0 is no limit.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, NamedTuple

from django.conf import settings
from django.db import transaction

from agentarium.accounts.models import ApiToken, QuotaLimits, User
from agentarium.core.exceptions import ConflictError

MEGABYTE = 1_000_000
# For data that is not counted by its length: columns, indexes.
ROW_BYTES = 200


@dataclass(frozen=True, slots=True)
class Quota:
    """One thing that users have a limited number of.

    `name` is that of its field in `QuotaLimits`. `advice` says how to get below it.
    """

    name: str
    label: str
    advice: str
    default: Callable[[], int]
    count_used: Callable[[int], int]
    unit: Literal["count", "bytes"] = "count"


class Usage(NamedTuple):
    """What a user has of a quota, and the limit; 0 is no limit."""

    quota: Quota
    used: int
    limit: int


QUOTAS: dict[str, Quota] = {}


class QuotaExceededError(ConflictError):
    """You have as many as this server allows."""

    code = "quota_exceeded"

    def __init__(self, quota: Quota, *, used: int, limit: int) -> None:
        super().__init__(
            f"{_sentence(quota, used, limit)} {quota.advice}, or ask the operator of "
            "this server for a higher limit.",
            members={"quota": quota.name, "used": used, "limit": limit},
        )


def register_quota(quota: Quota) -> Quota:
    QUOTAS[quota.name] = quota
    return quota


def limit_of(quota: Quota, owner_id: int) -> int:
    """The user's own limit, or the server's."""
    own = QuotaLimits.objects.filter(user=owner_id).values_list(quota.name, flat=True)
    found = own.first()
    return quota.default() if found is None else found


def usages(owner_id: int) -> list[Usage]:
    """All quotas of a user."""
    own = QuotaLimits.objects.filter(user=owner_id).first() or QuotaLimits()
    found = []
    for quota in QUOTAS.values():
        limit: int | None = getattr(own, quota.name)
        limit = quota.default() if limit is None else limit
        found.append(Usage(quota, quota.count_used(owner_id), limit))
    return found


def check_room(quota: Quota, owner_id: int) -> None:
    """Make sure that the user may have one more; raises `QuotaExceededError`.

    The lock on the user's row lasts until the caller's transaction ends, so that of
    concurrent requests each sees the rows of those before it. Call it first.
    """
    assert transaction.get_connection().in_atomic_block
    limit = limit_of(quota, owner_id)
    if not limit:
        return
    User.objects.select_for_update(no_key=True).only("pk").get(pk=owner_id)
    used = quota.count_used(owner_id)
    if used >= limit:
        raise QuotaExceededError(quota, used=used, limit=limit)


def _sentence(quota: Quota, used: int, limit: int) -> str:
    if quota.unit == "bytes":
        return f"Your data takes {megabytes(used)} of {megabytes(limit)}."
    return f"You have {used} of {limit} {quota.label}."


def megabytes(size: int) -> str:
    """A size for people, such as `1,234.5 MB`."""
    return f"{size / MEGABYTE:,.1f} MB"


def _count_tokens(owner_id: int) -> int:
    return ApiToken.objects.filter(owner=owner_id, revoked_at=None).count()


API_TOKENS = register_quota(
    Quota(
        name="api_tokens",
        label="API tokens",
        advice="Revoke one",
        default=lambda: settings.MAX_API_TOKENS_PER_USER,
        count_used=_count_tokens,
    )
)
