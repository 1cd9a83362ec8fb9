"""`agentarium reseal`: going over to another secret key."""

from agentarium.cli.diagnosis.start_checks import KEY_ADVICE
from agentarium.cli.terminal import fail, joined, say
from agentarium.core.resealing import reseal_secrets
from agentarium.core.secret_key import KeyMatch, match_secret_key, replace_check


def reseal(*, is_former_key_lost: bool) -> None:
    """Write all secrets under the present key, and make it the one that nodes need.

    What no key reads is left as it is; it has to be entered again.
    """
    if match_secret_key() is KeyMatch.FOREIGN and not is_former_key_lost:
        detail = "The secret key is not the one that this database was written with"
        fail(joined(detail, KEY_ADVICE))
    done = reseal_secrets()
    if done.unreadable and not is_former_key_lost:
        fail(
            f"{done.rows} rows written; no key reads the secrets of "
            f"{', '.join(done.unreadable)}: put the former key into "
            "AGENTARIUM_SECRET_KEY_FALLBACKS, or enter them again and run "
            "`agentarium reseal --former-key-lost`."
        )
    replace_check()
    say(f"{done.rows} rows written. AGENTARIUM_SECRET_KEY_FALLBACKS is needed no more.")
    if done.unreadable:
        say(f"Enter the secrets of {', '.join(done.unreadable)} again.")
