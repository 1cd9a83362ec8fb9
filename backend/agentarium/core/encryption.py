"""Encryption of stored secrets, with a key derived from the server's secret key.

A former secret key among the fallbacks still decrypts what it encrypted. `resealed`
encrypts it with the current key, after which the former key can be removed.
"""

import base64
import functools
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings
from django.db import models

from agentarium.core.exceptions import ConflictError

# Part of every key: changing it makes all stored secrets unreadable.
_PURPOSE = b"agentarium secrets at rest, 1"


class UnreadableSecretError(ConflictError):
    """A stored secret cannot be read with the server's current key. Enter it again."""

    code = "unreadable_secret"


@dataclass(frozen=True, slots=True, repr=False)
class Sealed:
    """An encrypted secret. Printing or comparing it does not reveal the plain text."""

    token: str

    @classmethod
    def of(cls, text: str) -> Self:
        return cls(_keys().encrypt(text.encode()).decode("ascii"))

    def reveal(self) -> str:
        """The plain text. Raises `UnreadableSecretError`."""
        try:
            return _keys().decrypt(self.token).decode()
        except InvalidToken as error:
            raise UnreadableSecretError from error

    def resealed(self) -> Self:
        """The same secret, encrypted with the current key.

        Raises `UnreadableSecretError`.
        """
        try:
            return type(self)(_keys().rotate(self.token).decode("ascii"))
        except InvalidToken as error:
            raise UnreadableSecretError from error

    def __repr__(self) -> str:
        return "Sealed(...)"

    __str__ = __repr__


class SealedField(models.TextField):  # type: ignore[type-arg]
    """A column for one `Sealed`. Nothing else can be written to it."""

    def from_db_value(self, value: str | None, *_: Any) -> Sealed | None:
        return None if value is None else Sealed(value)

    def to_python(self, value: Any) -> Sealed | None:
        return _only_sealed(value) if value is not None else None

    def get_prep_value(self, value: Any) -> str | None:
        return None if value is None else _only_sealed(value).token


class SealedMapField(models.JSONField):
    """A column for secrets by name: names in plain text, each value a `Sealed`."""

    def from_db_value(
        self, value: Any, expression: Any, connection: Any
    ) -> dict[str, Sealed] | None:
        tokens = super().from_db_value(value, expression, connection)
        if tokens is None:
            return None
        return {name: Sealed(token) for name, token in tokens.items()}

    def get_prep_value(self, value: Any) -> Any:
        if not isinstance(value, Mapping):
            return super().get_prep_value(value)
        return {name: _only_sealed(sealed).token for name, sealed in value.items()}


def _only_sealed(value: Any) -> Sealed:
    if not isinstance(value, Sealed):
        # The value may be the secret: name its type only.
        raise TypeError(f"A {type(value).__name__} is not sealed.")
    return value


def _keys() -> MultiFernet:
    return _keys_from(settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)


@functools.cache
def _keys_from(*secret_keys: str) -> MultiFernet:
    """The current key, which encrypts, and the former ones, which only decrypt."""
    return MultiFernet([Fernet(_derived(secret_key)) for secret_key in secret_keys])


def _derived(secret_key: str) -> bytes:
    derivation = HKDF(algorithm=hashes.SHA256(), length=32, salt=None, info=_PURPOSE)
    return base64.urlsafe_b64encode(derivation.derive(secret_key.encode()))
