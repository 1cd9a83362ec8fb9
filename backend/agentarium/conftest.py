"""Fixtures and settings that all tests share."""

import os
from collections.abc import Iterator

import hypothesis
import pytest
from django.contrib.auth.hashers import Argon2PasswordHasher
from django.core.cache import cache
from rest_framework.test import APIClient

from agentarium.accounts.models import User
from agentarium.accounts.tests.factories import UserFactory
from agentarium.agents.models import Agent
from agentarium.agents.tests.factories import AgentFactory

# Password hashing is slow on purpose, and the tests hash hundreds.
Argon2PasswordHasher.time_cost = 1
Argon2PasswordHasher.memory_cost = 8
Argon2PasswordHasher.parallelism = 1

# Report a failing example as it was found, within seconds. Shrinking it may take minutes:
# HYPOTHESIS_PROFILE=shrink does that.
hypothesis.settings.register_profile(
    "report",
    phases=(
        hypothesis.Phase.explicit,
        hypothesis.Phase.reuse,
        hypothesis.Phase.generate,
    ),
)
hypothesis.settings.register_profile("shrink")
hypothesis.settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "report"))


@pytest.fixture(autouse=True)
def _fresh_cache() -> Iterator[None]:
    """Empty the cache: rate limits count in it, and would count other tests' requests."""
    cache.clear()
    yield
    cache.clear()


@pytest.fixture
def alice(db: None) -> User:
    return UserFactory.create(username="alice")


@pytest.fixture
def stranger(db: None) -> User:
    return UserFactory.create(username="stranger")


@pytest.fixture
def agent(alice: User) -> Agent:
    return AgentFactory.create(owner=alice)


@pytest.fixture
def strangers_agent(stranger: User) -> Agent:
    return AgentFactory.create(owner=stranger)


@pytest.fixture
def api(alice: User) -> APIClient:
    """A client that is signed in as alice. Authentication makes no query here."""
    return _client_of(alice)


@pytest.fixture
def stranger_api(stranger: User) -> APIClient:
    return _client_of(stranger)


@pytest.fixture
def anonymous_api() -> APIClient:
    return APIClient()


def _client_of(user: User) -> APIClient:
    client = APIClient()
    client.force_authenticate(user)
    return client
