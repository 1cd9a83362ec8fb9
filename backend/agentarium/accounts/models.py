"""Accounts, and the tokens with which programs act for them."""

import hashlib
import secrets
from datetime import timedelta
from typing import ClassVar, Self

from django.contrib.auth.models import AbstractUser, UserManager
from django.contrib.auth.validators import ASCIIUsernameValidator
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models.functions import Lower

from agentarium.db import clock
from agentarium.db.clock import Now
from agentarium.http.rate_limits import Rate

TOKEN_MARK = "agt_"  # noqa: S105
# One write a minute is enough to see whether a token is in use.
LAST_USED_INTERVAL = timedelta(minutes=1)


def folded_name(username: str) -> str:
    """The form in which names are compared: `Alice ` is `alice`."""
    return username.strip().lower()


class UserQuerySet(models.QuerySet["User"]):
    def visible_to(self, user: "User") -> Self:
        return self.filter(pk=user.pk)

    def named(self, username: str) -> Self:
        """The account with this name, regardless of case."""
        return self.alias(folded_name=Lower("username")).filter(
            folded_name=folded_name(username)
        )

    def with_email(self, email: str) -> Self:
        """The account with this email address, regardless of case."""
        return self.alias(folded_email=Lower("email")).filter(
            folded_email=email.lower()
        )


class AccountManager(UserManager.from_queryset(UserQuerySet)["User"]):  # type: ignore[misc]
    """Finds users by name, regardless of case."""

    use_in_migrations = False

    def get_by_natural_key(self, username: str | None) -> "User":
        user: User = self.named(username or "").get()
        return user


class User(AbstractUser):
    """A person who owns agents and tasks."""

    # ASCII only: other letters may look alike or fold differently on each database.
    username = models.CharField(
        max_length=150, unique=True, validators=[ASCIIUsernameValidator()]
    )

    objects: ClassVar[AccountManager] = AccountManager()

    class Meta:
        constraints = [
            models.UniqueConstraint(Lower("username"), name="user_username_unique"),
            models.UniqueConstraint(
                Lower("email"),
                name="user_email_unique",
                condition=~models.Q(email=""),
            ),
        ]


def validate_rate(text: str) -> None:
    try:
        Rate.parse(text)
    except ValueError as error:
        raise ValidationError(str(error), code="invalid") from error


class ApiTokenQuerySet(models.QuerySet["ApiToken"]):
    def visible_to(self, user: User) -> Self:
        return self.filter(owner=user, revoked_at=None)


class ApiToken(models.Model):
    """A secret with which a program acts for its owner, within its scopes."""

    class Scope(models.TextChoices):
        READ = "read"
        RUN = "run"
        APPROVE = "approve"
        WRITE = "write"

    owner = models.ForeignKey(
        User, on_delete=models.CASCADE, related_name="api_tokens", db_index=False
    )
    name = models.CharField(max_length=100)
    prefix = models.CharField(max_length=20, editable=False)
    secret_hash = models.CharField(max_length=64, unique=True, editable=False)
    scopes = models.JSONField(default=list)
    rate = models.CharField(
        max_length=20,
        blank=True,
        default="",
        validators=[validate_rate],
        help_text="Its own rate limit, such as 30/min, below the server's.",
    )
    created_at = models.DateTimeField(db_default=Now(), editable=False)
    expires_at = models.DateTimeField(null=True, blank=True)
    last_used_at = models.DateTimeField(null=True, blank=True, editable=False)
    revoked_at = models.DateTimeField(null=True, blank=True, editable=False)

    objects = ApiTokenQuerySet.as_manager()

    class Meta:
        verbose_name = "API token"
        indexes = [
            models.Index(
                fields=["owner", "-created_at", "-id"], name="apitoken_of_owner"
            ),
            # Counted before a token is created, however many were revoked.
            models.Index(
                fields=["owner"],
                name="apitoken_kept",
                condition=models.Q(revoked_at__isnull=True),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.prefix}… ({self.name})"

    @staticmethod
    def new_secret() -> tuple[str, str]:
        """A new token, and its prefix, which stays visible."""
        prefix = TOKEN_MARK + secrets.token_hex(4)
        return f"{prefix}_{secrets.token_hex(32)}", prefix

    @staticmethod
    def hash_of(token: str) -> str:
        """A plain hash is enough: 256 random bits cannot be guessed."""
        return hashlib.sha256(token.encode()).hexdigest()

    @property
    def is_expired(self) -> bool:
        return self.expires_at is not None and self.expires_at <= clock.now()

    def allows(self, scope: str) -> bool:
        return scope in self.scopes

    def record_use(self) -> None:
        """Update `last_used_at`, at most once a minute."""
        now = clock.now()
        if self.last_used_at is None or self.last_used_at <= now - LAST_USED_INTERVAL:
            ApiToken.objects.filter(pk=self.pk).update(last_used_at=now)


class QuotaLimits(models.Model):
    """The quotas of one user that differ from the server's. 0 is no limit."""

    user = models.OneToOneField(
        User, on_delete=models.CASCADE, primary_key=True, related_name="quota_limits"
    )
    api_tokens = models.PositiveIntegerField(null=True, blank=True)
    agents = models.PositiveIntegerField(null=True, blank=True)
    http_tools = models.PositiveIntegerField(
        null=True, blank=True, verbose_name="HTTP tools"
    )
    mcp_servers = models.PositiveIntegerField(
        null=True, blank=True, verbose_name="MCP servers"
    )
    running_tasks = models.PositiveIntegerField(null=True, blank=True)
    stored_bytes = models.PositiveBigIntegerField(null=True, blank=True)

    class Meta:
        verbose_name = verbose_name_plural = "quotas"

    def __str__(self) -> str:
        return "Quotas that differ from the server's"


class StoredData(models.Model):
    """How many bytes are stored for a user: see `storage.py`."""

    owner = models.OneToOneField(
        User, on_delete=models.CASCADE, primary_key=True, related_name="+"
    )
    used_bytes = models.BigIntegerField(default=0)

    def __str__(self) -> str:
        return f"{self.used_bytes} bytes"


class SetupCode(models.Model):
    """The code with which the first account can be created from another machine.

    It is derived from `nonce` and the secret key, so that each start can print it again,
    and cannot be derived from the row alone. The row is deleted when the code is used.
    """

    nonce = models.CharField(max_length=32, editable=False)
    code_hash = models.CharField(max_length=64, editable=False)
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    def __str__(self) -> str:
        return "set-up code"
