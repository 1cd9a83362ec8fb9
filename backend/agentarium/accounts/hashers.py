"""How passwords are stored."""

from django.contrib.auth import hashers

from agentarium.core.turnstile import turnstile


class Argon2PasswordHasher(hashers.Argon2PasswordHasher):
    """Django's own; others run meanwhile, since it takes a tenth of a second."""

    def encode(self, password: str, salt: str) -> str:
        with turnstile.aside():
            return super().encode(password, salt)

    def verify(self, password: str, encoded: str) -> bool:
        with turnstile.aside():
            return super().verify(password, encoded)
