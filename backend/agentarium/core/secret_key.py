"""Checks that this process has the secret key that encrypted the database's secrets."""

from enum import Enum
from hmac import compare_digest

from django.conf import settings
from django.utils.crypto import salted_hmac

from agentarium.core.encryption import Sealed, UnreadableSecretError
from agentarium.core.models import SecretKeyCheck
from agentarium.core.resealing import models_with_secrets

# Changing it would make every installation look as if its key had changed.
_PURPOSE = "agentarium secret key check, 1"
# Rows read of each table. They are the oldest, whose key is the first to get lost.
SAMPLE = 100


class KeyMatch(Enum):
    """How the secret key of the settings relates to the stored fingerprint."""

    UNKNOWN = "no fingerprint is stored yet"
    CURRENT = "it is the same key"
    FORMER = "the fingerprint is of a key among the fallbacks"
    FOREIGN = "it is another key"


def match_secret_key() -> KeyMatch:
    """Compare the settings' secret keys with the stored fingerprint."""
    stored = SecretKeyCheck.objects.values_list("fingerprint", flat=True).first()
    if stored is None:
        return KeyMatch.UNKNOWN
    if compare_digest(stored, _fingerprint(settings.SECRET_KEY)):
        return KeyMatch.CURRENT
    former = (_fingerprint(key) for key in settings.SECRET_KEY_FALLBACKS)
    is_former = any(compare_digest(stored, each) for each in former)
    return KeyMatch.FORMER if is_former else KeyMatch.FOREIGN


def store_first_check() -> KeyMatch:
    """Store this key's fingerprint, unless another process has just stored its own."""
    row = SecretKeyCheck(
        pk=SecretKeyCheck.ONLY, fingerprint=_fingerprint(settings.SECRET_KEY)
    )
    SecretKeyCheck.objects.bulk_create([row], ignore_conflicts=True)
    return match_secret_key()


def replace_check() -> None:
    """Store this key's fingerprint, so that every process needs this key."""
    SecretKeyCheck.objects.update_or_create(
        pk=SecretKeyCheck.ONLY,
        defaults={"fingerprint": _fingerprint(settings.SECRET_KEY)},
    )


def count_unreadable_rows() -> int:
    """The number of sampled rows with a secret that none of our keys can decrypt."""
    return sum(
        not _is_readable(secrets)
        for model, names in models_with_secrets()
        for secrets in model._default_manager.order_by("pk").values_list(*names)[
            :SAMPLE
        ]
    )


def _is_readable(columns: tuple[object, ...]) -> bool:
    try:
        for column in columns:
            values = column.values() if isinstance(column, dict) else [column]
            for value in values:
                if isinstance(value, Sealed):
                    value.reveal()
    except UnreadableSecretError:
        return False
    return True


def _fingerprint(secret_key: str) -> str:
    return salted_hmac(_PURPOSE, "", secret=secret_key, algorithm="sha256").hexdigest()
