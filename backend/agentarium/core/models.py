"""Data that is stored once for the whole installation."""

from django.db import models


class SecretKeyCheck(models.Model):
    """A fingerprint of the secret key, to notice when a process has another key.

    There is one row. The key cannot be derived from it.
    """

    ONLY = 1

    fingerprint = models.CharField(max_length=64)

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="secret_key_check_is_one_row", condition=models.Q(pk=1)
            )
        ]

    def __str__(self) -> str:
        return "Fingerprint of the secret key"
