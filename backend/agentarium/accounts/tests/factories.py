import functools
from typing import Any

import factory
from django.contrib.auth.hashers import make_password
from factory.django import DjangoModelFactory

from agentarium.accounts.models import ApiToken, User

PASSWORD = "correct horse battery staple"


@functools.cache
def hashed_password() -> str:
    """The hash of PASSWORD, computed once: hashing is slow on purpose."""
    return make_password(PASSWORD)


class UserFactory(DjangoModelFactory[User]):
    class Meta:
        model = User

    username = factory.Sequence(lambda number: f"user{number}")
    email = factory.LazyAttribute(lambda user: f"{user.username}@example.com")
    password = factory.LazyFunction(hashed_password)


class ApiTokenFactory(DjangoModelFactory[ApiToken]):
    """A token whose secret the test knows: see `secret`."""

    class Meta:
        model = ApiToken
        exclude = ["secret"]

    secret: Any = factory.Sequence(lambda number: f"agt_{number:08x}_{'5' * 64}")
    owner = factory.SubFactory(UserFactory)
    name = "script"
    prefix = factory.LazyAttribute(lambda token: token.secret[:12])
    secret_hash = factory.LazyAttribute(lambda token: ApiToken.hash_of(token.secret))
    scopes = factory.LazyFunction(lambda: ["read", "run", "approve", "write"])
