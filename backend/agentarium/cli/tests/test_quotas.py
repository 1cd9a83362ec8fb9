"""`agentarium quotas`."""

import json

import pytest
from pytest_django import Settings

from agentarium.accounts.models import QuotaLimits, User
from agentarium.agents.models import Agent
from agentarium.cli.tests.conftest import Invoke


def test_shows_what_a_user_has_and_may_have(
    invoke: Invoke, agent: Agent, settings: Settings
) -> None:
    settings.MAX_MCP_SERVERS_PER_USER = 0

    shown = invoke("quotas", "alice")
    as_json = json.loads(invoke("quotas", "Alice", "--json").stdout)

    lines = [line.split() for line in shown.stdout.splitlines()]
    assert ["agents", "1", "1,000"] in lines
    assert ["mcp_servers", "0", "none"] in lines
    assert ["stored_bytes", "0.0", "MB", "5,000.0", "MB"] in lines
    assert {"name": "agents", "used": 1, "limit": 1000} in as_json
    assert {"name": "mcp_servers", "used": 0, "limit": None} in as_json


def test_sets_the_limits_of_one_user(
    invoke: Invoke, alice: User, stranger: User
) -> None:
    first = invoke("quotas", "alice", "--set=agents=5", "--set=stored_bytes=20MB")
    second = invoke("quotas", "alice", "--set=agents=default", "--set=http_tools=0")

    assert (first.exit_code, second.exit_code) == (0, 0)
    own = QuotaLimits.objects.get()
    assert own.user == alice
    assert (own.agents, own.http_tools, own.stored_bytes) == (None, 0, 20_000_000)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ("cats=5", 'There is no quota "cats". Choose one of api_tokens'),
        ("agents", '"" is not a limit: write agents=500'),
        ("agents=-1", '"-1" is not a limit'),
        ("agents=many", '"many" is not a limit'),
        ("agents=5MB", '"5MB" is not a limit'),
        ("agents=12345678901", "is not a limit"),
        ("stored_bytes=5GB", '"5GB" is not a limit: write stored_bytes=5000MB'),
    ],
)
def test_refuses_what_is_not_a_limit(
    invoke: Invoke, alice: User, change: str, message: str
) -> None:
    result = invoke("quotas", "alice", f"--set={change}")

    assert result.exit_code == 2
    assert message in " ".join(result.stderr.split())
    assert not QuotaLimits.objects.exists()


def test_refuses_an_unknown_user(invoke: Invoke, alice: User) -> None:
    result = invoke("quotas", "bob")

    assert result.exit_code == 1
    assert 'There is no account "bob".' in result.stderr
