"""Encryption of stored secrets, and rotation of the key."""

import pytest
from pytest_django import Settings

from agentarium.core.encryption import (
    Sealed,
    SealedField,
    SealedMapField,
    UnreadableSecretError,
)

FIRST = "the first secret key of this server"
SECOND = "the second secret key of this server"


@pytest.fixture(autouse=True)
def _first_key(settings: Settings) -> None:
    settings.SECRET_KEY = FIRST
    settings.SECRET_KEY_FALLBACKS = []


def test_decrypts_what_it_encrypted() -> None:
    assert Sealed.of("sk-geheim-äöü").reveal() == "sk-geheim-äöü"


def test_encrypts_the_same_secret_differently_each_time() -> None:
    assert Sealed.of("secret").token != Sealed.of("secret").token


def test_printing_does_not_reveal_the_secret() -> None:
    sealed = Sealed.of("secret")

    printed = f"{sealed} {sealed!r} {[sealed]}"

    assert "secret" not in printed
    assert sealed.token not in printed


def test_refuses_a_token_that_was_changed() -> None:
    token = Sealed.of("secret").token

    with pytest.raises(UnreadableSecretError):
        Sealed(token[:-2] + "AA").reveal()


def test_another_key_decrypts_nothing(settings: Settings) -> None:
    sealed = Sealed.of("secret")
    settings.SECRET_KEY = SECOND

    with pytest.raises(UnreadableSecretError):
        sealed.reveal()
    with pytest.raises(UnreadableSecretError):
        sealed.resealed()


def test_a_former_key_still_decrypts(settings: Settings) -> None:
    sealed = Sealed.of("secret")
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = SECOND, [FIRST]

    assert sealed.reveal() == "secret"


def test_a_resealed_secret_no_longer_needs_the_former_key(settings: Settings) -> None:
    sealed = Sealed.of("secret")
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = SECOND, [FIRST]
    resealed = sealed.resealed()
    settings.SECRET_KEY_FALLBACKS = []

    assert resealed.reveal() == "secret"


def test_encrypts_with_the_current_key(
    settings: Settings,
) -> None:
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = SECOND, [FIRST]
    sealed = Sealed.of("secret")
    settings.SECRET_KEY_FALLBACKS = []

    assert sealed.reveal() == "secret"


class TestFields:
    def test_refuse_to_store_plain_text(self) -> None:
        with pytest.raises(TypeError) as refused:
            SealedField().get_prep_value("secret")
        with pytest.raises(TypeError):
            SealedMapField().get_prep_value({"Authorization": "secret"})

        assert "secret" not in str(refused.value)

    def test_store_none_as_null(self) -> None:
        assert SealedField().get_prep_value(None) is None
        assert SealedField().from_db_value(None) is None
