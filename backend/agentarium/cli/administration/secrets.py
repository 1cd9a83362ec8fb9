"""`agentarium reseal`: encrypt stored secrets with the current secret key."""

from agentarium.cli.diagnosis.start_checks import KEY_ADVICE
from agentarium.cli.terminal import fail, say, with_advice
from agentarium.core.resealing import reseal_secrets
from agentarium.core.secret_key import KeyMatch, match_secret_key, replace_check


def reseal(*, is_former_key_lost: bool) -> None:
    """Encrypt all secrets with the current key, and require that key at every start.

    Secrets that no key can decrypt are left as they are; users enter them again.
    """
    if match_secret_key() is KeyMatch.FOREIGN and not is_former_key_lost:
        detail = "The secret key is not the one that this database was written with"
        fail(with_advice(detail, KEY_ADVICE))
    done = reseal_secrets()
    if done.unreadable and not is_former_key_lost:
        fail(
            f"{done.rows} rows were encrypted again. No key can decrypt the secrets of "
            f"{', '.join(done.unreadable)}: add the former key to "
            "AGENTARIUM_SECRET_KEY_FALLBACKS, or enter the secrets again and run "
            "`agentarium reseal --former-key-lost`."
        )
    replace_check()
    say(
        f"{done.rows} rows were encrypted again. You can now remove "
        "AGENTARIUM_SECRET_KEY_FALLBACKS."
    )
    if done.unreadable:
        say(f"Enter the secrets of {', '.join(done.unreadable)} again.")
