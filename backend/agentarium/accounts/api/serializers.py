from datetime import datetime
from typing import Any

from django.conf import settings
from django.contrib.auth.validators import ASCIIUsernameValidator
from rest_framework import serializers

from agentarium.accounts.models import ApiToken, User, validate_rate
from agentarium.db import clock
from agentarium.http.fields import BoundedListField
from agentarium.http.rate_limits import Rate

# Ours have a quarter of it.
MAX_JWT_CHARS = 2_000


class PasswordField(serializers.CharField):
    """A password as typed: spaces count. Hashing a very long one would be expensive."""

    def __init__(self, **options: Any) -> None:
        super().__init__(
            write_only=True,
            trim_whitespace=False,
            max_length=1024,
            style={"input_type": "password"},
            **options,
        )


class UserSerializer(serializers.ModelSerializer[User]):
    """The caller's own account."""

    class Meta:
        model = User
        fields = ["id", "username", "email", "is_staff", "date_joined"]
        read_only_fields = fields


def user_row(user: User) -> dict[str, Any]:
    """The representation of `UserSerializer`, without the serializer.

    The page loads it each time that it is opened, and a serializer takes longer to read
    five attributes than the database takes to find the row.
    """
    return {name: getattr(user, name) for name in UserSerializer.Meta.fields}


class RegistrationSerializer(serializers.Serializer[Any]):
    username = serializers.CharField(
        max_length=150, validators=[ASCIIUsernameValidator()]
    )
    email = serializers.EmailField(max_length=254)
    password = PasswordField()
    setup_code = serializers.CharField(
        required=False,
        allow_blank=True,
        default="",
        max_length=100,
        write_only=True,
        help_text="From the set-up link. Only for the first account of a server.",
    )


class CredentialsSerializer(serializers.Serializer[Any]):
    username = serializers.CharField(max_length=150, write_only=True)
    password = PasswordField()


class TokenPairSerializer(serializers.Serializer[Any]):
    access = serializers.CharField(
        help_text="Send it as a bearer token. It is valid for 15 minutes."
    )
    refresh = serializers.CharField(
        help_text="Exchange it for another pair. It works once."
    )


class RefreshSerializer(serializers.Serializer[Any]):
    refresh = serializers.CharField(write_only=True, max_length=MAX_JWT_CHARS)


class EmailSerializer(serializers.Serializer[Any]):
    email = serializers.EmailField(max_length=254, write_only=True)


class PasswordChangeSerializer(serializers.Serializer[Any]):
    current_password = PasswordField()
    new_password = PasswordField()


class SessionInfoSerializer(serializers.Serializer[Any]):
    """What the page has to know before the user has signed in."""

    is_authenticated = serializers.BooleanField()
    has_users = serializers.BooleanField(help_text="False on a new server.")
    is_registration_open = serializers.BooleanField(
        help_text="Whether an account can be created without a code."
    )
    is_setup_code_needed = serializers.BooleanField(
        help_text="Whether the first account must be created with the set-up link."
    )


class ApiTokenSerializer(serializers.ModelSerializer[ApiToken]):
    scopes = BoundedListField(
        child=serializers.ChoiceField(choices=ApiToken.Scope.choices),
        allow_empty=False,
        max_length=len(ApiToken.Scope),
    )
    rate = serializers.CharField(
        required=False,
        allow_blank=True,
        max_length=20,
        validators=[validate_rate],
        help_text="Its own rate limit, such as 30/min. It cannot be above the server's. "
        "All tokens of a user together also count against the user's rate.",
    )

    class Meta:
        model = ApiToken
        fields = [
            "id",
            "name",
            "prefix",
            "scopes",
            "rate",
            "created_at",
            "expires_at",
            "last_used_at",
        ]
        read_only_fields = ["prefix", "created_at", "last_used_at"]

    def validate_scopes(self, scopes: list[str]) -> list[str]:
        return [scope for scope in ApiToken.Scope.values if scope in scopes]

    def validate_rate(self, rate: str) -> str:
        most = settings.THROTTLE_RATES["user_token"]
        if rate and Rate.parse(rate).is_above(Rate.parse(most)):
            raise serializers.ValidationError(
                f"This server allows a token at most {most}.", "rate_too_high"
            )
        return rate

    def validate_expires_at(self, moment: datetime | None) -> datetime | None:
        if moment is not None and moment <= clock.now():
            raise serializers.ValidationError("Choose a future time.", "in_the_past")
        return moment


class ApiTokenNameSerializer(serializers.ModelSerializer[ApiToken]):
    class Meta:
        model = ApiToken
        fields = ["name"]


class ApiTokenCreatedSerializer(ApiTokenSerializer):
    """A new token. `token` is returned only once and cannot be read again."""

    token = serializers.CharField(read_only=True)

    class Meta(ApiTokenSerializer.Meta):
        fields = [*ApiTokenSerializer.Meta.fields, "token"]
