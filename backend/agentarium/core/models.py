"""What is stored once for the whole installation."""

from django.db import models


class SecretKeyCheck(models.Model):
    """A value that follows from the secret key, so that another key is noticed.

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
        return "The check value of the secret key"
