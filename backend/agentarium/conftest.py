"""Fixtures and settings that all tests share."""

import functools
import os
import weakref
from collections.abc import Iterator

import hypothesis
import pytest
import structlog
from django.conf import settings
from django.contrib.auth.hashers import Argon2PasswordHasher
from django.core import signals
from django.core.cache import cache
from django.db import close_old_connections
from pytest_django import DjangoDbBlocker
from redis import Redis
from rest_framework.test import APIClient

from agentarium.accounts.models import User
from agentarium.accounts.tests.factories import UserFactory
from agentarium.agents.models import Agent
from agentarium.agents.tests.factories import AgentFactory
from agentarium.core import outages, redis_circuit
from agentarium.db import clock
from agentarium.http.rate_counters import MEMORY

# Password hashing is slow on purpose, and the tests hash hundreds.
Argon2PasswordHasher.time_cost = 1
Argon2PasswordHasher.memory_cost = 8
Argon2PasswordHasher.parallelism = 1

# A busy machine makes Redis slow. Tests count in it all the same.
redis_circuit.ANSWER_SECONDS = redis_circuit.TRIAL_SECONDS = 20.0

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


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> None:
    """Measure the database's clock, so that no test counts the query of the first use."""
    with django_db_blocker.unblock():
        clock.measure()


@pytest.fixture(autouse=True)
def _same_log() -> Iterator[None]:
    """Undo what tests of commands set up, since loggers keep what they began with."""
    before = structlog.get_config()
    yield
    if structlog.get_config()["processors"] is not before["processors"]:
        structlog.configure(**before)


@pytest.fixture(autouse=True)
def _no_counts() -> Iterator[None]:
    """Empty what rate limits count in: they would count other tests' requests."""
    _forget_counts()
    yield
    _forget_counts()


def _forget_counts() -> None:
    cache.clear()
    MEMORY.clear()
    # Tests of settings leave none.
    if settings.configured and settings.REDIS_URL:
        _redis(settings.REDIS_URL).flushdb()


@functools.cache
def _redis(url: str) -> Redis:
    return Redis.from_url(url)


@pytest.fixture
def no_outages(monkeypatch: pytest.MonkeyPatch) -> None:
    """Forget the outages that other tests have caused, and keep this test's to itself."""
    monkeypatch.setattr(outages, "_known", weakref.WeakSet())


@pytest.fixture
def keep_connection_open() -> Iterator[None]:
    """A request to the site itself would close the connection of the test's transaction."""
    request_signals = signals.request_started, signals.request_finished
    for signal in request_signals:
        signal.disconnect(close_old_connections)
    yield
    for signal in request_signals:
        signal.connect(close_old_connections)


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
