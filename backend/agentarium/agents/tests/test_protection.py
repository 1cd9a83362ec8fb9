"""The record of tools that run with less protection, whichever way leads there."""

from collections.abc import Mapping
from typing import Any

import pytest
from rest_framework.test import APIClient

from agentarium.accounts.models import User
from agentarium.agents.tests.clients import with_scopes
from agentarium.agents.tests.test_approval import AGENTS, HTTP_TOOLS, asking, create
from agentarium.tools.models import ProtectionChange
from agentarium.tools.protection.levels import Protection, lowered
from agentarium.tools.tests.factories import (
    SEARCH,
    HttpToolFactory,
    McpServerFactory,
)

SERVERS = "/api/mcp-servers/"
ADDRESS = "https://api.example.com/things"

pytestmark = pytest.mark.django_db


def declare(api: APIClient, **fields: Any) -> int:
    body = {"name": "do", "url_template": ADDRESS, "effect": "read", **fields}
    response = api.post(HTTP_TOOLS, body)
    assert response.status_code == 201, response.data
    return int(response.data["id"])


def changes_of_tool(api: APIClient, tool_id: int) -> list[str]:
    """What was recorded of a tool, in the order of the record."""
    rows = api.get(f"{HTTP_TOOLS}{tool_id}/changes/").data["results"]
    return sorted(row["change"] for row in rows)


def changes_of_agent(api: APIClient, agent_id: int) -> list[tuple[int, str, str]]:
    versions = api.get(f"{AGENTS}{agent_id}/versions/").data["results"]
    return sorted(
        (version["number"], change["tool"], change["change"])
        for version in versions
        for change in version["protection_changes"]
    )


class TestOrder:
    BASE: Mapping[str, Any] = {
        "asks": True,
        "effect": "write",
        "method": "POST",
        "address": "a",
    }

    @pytest.mark.parametrize(
        ("before", "after", "changes"),
        [
            ({}, {}, []),
            ({}, {"asks": False}, ["approval_off"]),
            ({"asks": False}, {"asks": True}, []),
            ({}, {"effect": "idempotent"}, ["effect_lowered"]),
            ({"effect": "idempotent"}, {"effect": "read"}, ["effect_lowered"]),
            ({"effect": "read"}, {"effect": "write"}, []),
            ({}, {"method": "GET"}, []),
            ({}, {"method": "DELETE"}, ["method_changed"]),
            ({"method": "GET"}, {"method": "PUT"}, ["method_changed"]),
            (
                {"method": "GET"},
                {"method": "GET with x-http-method"},
                ["method_changed"],
            ),
            ({}, {"address": "b"}, ["address_changed"]),
            ({}, {"parameters": "1"}, ["parameters_changed"]),
            ({}, {"hosts": ("a.example",)}, []),
            ({"hosts": ("a.example",)}, {}, ["hosts_widened"]),
            ({"hosts": ("a.example", "b.example")}, {"hosts": ("b.example",)}, []),
            ({"hosts": ("*.a.example",)}, {"hosts": ("x.a.example",)}, []),
            ({"hosts": ("*.a.example",)}, {"hosts": ("*.x.a.example",)}, []),
            ({"hosts": ("*.a.example",)}, {"hosts": ("A.x.a.example",)}, []),
            ({"hosts": ("*.a.example",)}, {"hosts": ("a.example",)}, ["hosts_widened"]),
            (
                {"hosts": ("x.a.example",)},
                {"hosts": ("*.a.example",)},
                ["hosts_widened"],
            ),
            (
                {"hosts": ("a.example",)},
                {"hosts": ("a.example:8443",)},
                ["hosts_widened"],
            ),
            (
                {"asks": True, "effect": "write"},
                {"asks": False, "effect": "read"},
                ["approval_off", "effect_lowered"],
            ),
        ],
    )
    def test_says_in_what_a_tool_is_less_protected(
        self, before: dict[str, Any], after: dict[str, Any], changes: list[str]
    ) -> None:
        was, now = (Protection(**{**self.BASE, **each}) for each in (before, after))

        found = lowered(was, now)

        assert found == changes

    def test_is_the_same_after_it_was_stored(self) -> None:
        protection = Protection(asks=True, effect="read", hosts=("a.example",))

        assert Protection.of_stored(protection.stored) == protection


class TestHttpTools:
    @pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
    @pytest.mark.parametrize("effect", ["read", "idempotent"])
    def test_records_a_writing_request_that_is_declared_harmless(
        self, api: APIClient, method: str, effect: str
    ) -> None:
        tool_id = declare(api, method=method, effect=effect)

        assert changes_of_tool(api, tool_id) == ["approval_off", "effect_lowered"]

    def test_records_a_method_in_a_header(self, api: APIClient) -> None:
        headers = {"X-HTTP-Method-Override": "DELETE"}

        tool_id = declare(api, headers=headers)

        assert changes_of_tool(api, tool_id) == ["approval_off", "effect_lowered"]

    def test_records_no_request_that_only_reads(self, api: APIClient) -> None:
        assert changes_of_tool(api, declare(api)) == []

    def test_records_no_request_that_asks(self, api: APIClient) -> None:
        tool_id = declare(api, method="DELETE", effect="write")

        assert changes_of_tool(api, tool_id) == []

    @pytest.mark.parametrize(
        ("change", "recorded"),
        [
            ({"method": "DELETE"}, ["method_changed"]),
            ({"url_template": f"{ADDRESS}/delete"}, ["address_changed"]),
            (
                {"url_template": "https://other.example.com/things", "headers": {}},
                ["address_changed"],
            ),
            (
                {"parameters": {"type": "object", "properties": {"q": {}}}},
                ["parameters_changed"],
            ),
            ({"headers": {"X-Method-Override": "DELETE"}}, ["method_changed"]),
            ({"effect": "idempotent"}, []),
            ({"description": "New.", "timeout": 5}, []),
        ],
    )
    def test_records_what_a_tool_that_reads_does_instead(
        self,
        api: APIClient,
        alice: User,
        change: dict[str, Any],
        recorded: list[str],
    ) -> None:
        tool = HttpToolFactory.create(owner=alice, effect="read")

        changed = api.patch(f"{HTTP_TOOLS}{tool.pk}/", change)

        assert changed.status_code == 200, changed.data
        assert changes_of_tool(api, tool.pk) == recorded

    def test_shows_how_it_was_and_is(self, api: APIClient, alice: User) -> None:
        tool = HttpToolFactory.create(owner=alice, effect="read")

        api.patch(f"{HTTP_TOOLS}{tool.pk}/", {"method": "DELETE"})

        (row,) = api.get(f"{HTTP_TOOLS}{tool.pk}/changes/").data["results"]
        assert (row["before"]["method"], row["after"]["method"]) == ("GET", "DELETE")
        assert row["after"]["address"] == tool.url_template

    def test_shortens_a_long_address(self, api: APIClient, alice: User) -> None:
        long = f"{ADDRESS}/{'a' * 1_500}"
        tool = HttpToolFactory.create(owner=alice, url_template=f"{long}b")

        api.patch(f"{HTTP_TOOLS}{tool.pk}/", {"url_template": f"{long}c"})

        (row,) = api.get(f"{HTTP_TOOLS}{tool.pk}/changes/").data["results"]
        assert row["change"] == "address_changed"
        assert len(row["after"]["address"]) < 250

    def test_compares_a_new_tool_with_the_last_of_its_name(
        self, api: APIClient
    ) -> None:
        first = declare(api, effect="write", url_template=f"{ADDRESS}/delete")
        api.delete(f"{HTTP_TOOLS}{first}/")

        again = declare(api, url_template=f"{ADDRESS}/delete")
        other = declare(api, name="other")

        assert changes_of_tool(api, again) == ["approval_off", "effect_lowered"]
        assert changes_of_tool(api, other) == []

    def test_compares_it_with_one_that_was_renamed(self, api: APIClient) -> None:
        first = declare(api, effect="write")
        api.patch(f"{HTTP_TOOLS}{first}/", {"name": "old"})

        again = declare(api)

        assert changes_of_tool(api, first) == ["renamed"]
        assert changes_of_tool(api, again) == ["approval_off", "effect_lowered"]

    def test_compares_a_tool_that_takes_the_name(self, api: APIClient) -> None:
        first = declare(api, effect="write")
        second = declare(api, name="harmless")
        api.delete(f"{HTTP_TOOLS}{first}/")

        api.patch(f"{HTTP_TOOLS}{second}/", {"name": "do"})

        assert changes_of_tool(api, second) == [
            "approval_off",
            "effect_lowered",
            "renamed",
        ]

    def test_names_of_other_users_do_not_count(
        self, api: APIClient, stranger_api: APIClient
    ) -> None:
        first = declare(stranger_api, effect="write")
        stranger_api.delete(f"{HTTP_TOOLS}{first}/")

        assert changes_of_tool(api, declare(api)) == []


class TestAgents:
    def test_compares_by_name_when_an_id_disappears(
        self, api: APIClient, alice: User
    ) -> None:
        asks = HttpToolFactory.create(owner=alice, name="do", effect="read")
        agent = create(api, {"type": "http", "id": asks.pk, "needs_approval": True})
        api.delete(f"{HTTP_TOOLS}{asks.pk}/")
        again = declare(api)

        api.patch(f"{AGENTS}{agent['id']}/", {"tools": [{"type": "http", "id": again}]})

        assert changes_of_agent(api, agent["id"]) == [(2, "do", "approval_off")]
        assert asking(alice, agent["id"]) == []

    def test_compares_another_tool_of_the_name_that_still_exists(
        self, api: APIClient, alice: User
    ) -> None:
        asks = HttpToolFactory.create(owner=alice, name="do")
        agent = create(api, {"type": "http", "id": asks.pk})
        asks.name = "old"
        asks.save()
        agent_as_tool = create(api)
        entry = {"type": "agent", "agent": agent_as_tool["id"], "name": "old"}

        api.patch(f"{AGENTS}{agent['id']}/", {"tools": [entry]})

        assert (2, "old", "approval_off") in changes_of_agent(api, agent["id"])

    def test_compares_a_tool_of_another_server_with_what_it_replaces(
        self, api: APIClient, alice: User
    ) -> None:
        servers = [
            McpServerFactory.create(owner=alice, url=f"https://{name}.example.com/")
            for name in ("first", "second")
        ]
        first, second = (
            {"type": "mcp", "server": server.pk, "names": ["search"], "effect": "read"}
            for server in servers
        )
        agent = create(api, first)

        api.patch(f"{AGENTS}{agent['id']}/", {"tools": [second]})

        assert changes_of_agent(api, agent["id"]) == [
            (1, "search", "approval_off"),
            (2, "search", "address_changed"),
            (2, "search", "approval_off"),
        ]

    @pytest.mark.parametrize(
        ("hosts", "changes"),
        [
            (None, [(2, "fetch_url", "hosts_widened")]),
            ([], [(2, "fetch_url", "hosts_widened")]),
            (["*.example.com"], [(2, "fetch_url", "hosts_widened")]),
            (["docs.example.com", "b.example"], [(2, "fetch_url", "hosts_widened")]),
            (["docs.example.com"], []),
        ],
    )
    def test_records_wider_hosts(
        self,
        api: APIClient,
        hosts: list[str] | None,
        changes: list[tuple[int, str, str]],
    ) -> None:
        entry = {"type": "builtin", "name": "fetch_url"}
        agent = create(api, {**entry, "allowed_hosts": ["docs.example.com"]})

        api.patch(
            f"{AGENTS}{agent['id']}/",
            {"tools": [{**entry, "allowed_hosts": hosts, "timeout": 9}]},
        )

        assert changes_of_agent(api, agent["id"]) == changes

    def test_compares_with_the_last_version_that_had_the_tool(
        self, api: APIClient
    ) -> None:
        entry = {"type": "builtin", "name": "fetch_url"}
        limited = {**entry, "allowed_hosts": ["docs.example.com"]}
        agent = create(api, {**limited, "needs_approval": True})
        path = f"{AGENTS}{agent['id']}/"

        api.patch(path, {"tools": []})
        api.patch(path, {"tools": [entry]})

        assert changes_of_agent(api, agent["id"]) == [
            (2, "fetch_url", "removed"),
            (3, "fetch_url", "approval_off"),
            (3, "fetch_url", "hosts_widened"),
        ]

    def test_a_rollback_to_less_protection_is_recorded(self, api: APIClient) -> None:
        entry = {"type": "builtin", "name": "fetch_url"}
        agent = create(api, entry)
        path = f"{AGENTS}{agent['id']}/"
        api.patch(path, {"tools": [{**entry, "allowed_hosts": ["a.example"]}]})

        api.post(f"{path}rollback/", {"version": 1})

        assert changes_of_agent(api, agent["id"]) == [(3, "fetch_url", "hosts_widened")]

    def test_records_a_lower_effect_of_a_tool_that_asks(
        self, api: APIClient, alice: User
    ) -> None:
        server = McpServerFactory.create(owner=alice)
        entry = {"type": "mcp", "server": server.pk, "names": ["send.mail"]}

        agent = create(api, {**entry, "effect": "read", "needs_approval": True})

        assert changes_of_agent(api, agent["id"]) == [
            (1, "send_mail", "effect_lowered")
        ]


class TestMcpServers:
    def test_records_a_new_address(self, alice: User) -> None:
        client = with_scopes(alice, "read", "write")
        server = McpServerFactory.create(owner=alice, headers={})
        path = f"{SERVERS}{server.pk}/"

        client.patch(path, {"description": "New."})
        client.patch(path, {"url": "https://other.example.com/mcp"})

        (row,) = client.get(f"{path}protection-changes/").data["results"]
        assert (row["change"], row["via"]) == ("address_changed", "api_token")
        assert row["before"]["address"] == server.url
        assert row["after"]["address"] == "https://other.example.com/mcp"

    def test_a_decision_names_the_token(self, alice: User) -> None:
        client = with_scopes(alice, "read", "write")
        server = McpServerFactory.create(owner=alice, proposed_tools=[SEARCH])
        server.derive_proposal()
        server.save()
        path = f"{SERVERS}{server.pk}/"

        accepted = client.post(f"{path}accept/", {"proposal": server.proposal})

        assert accepted.status_code == 200, accepted.data
        (row,) = client.get(f"{path}decisions/").data["results"]
        assert (row["user"], row["via"]) == ("alice", "api_token")
        assert row["token"].endswith("(script)")
        assert [dict(each) for each in row["changes"]] == [
            {"name": "send.mail", "kind": "removed"}
        ]

    def test_is_hidden_from_strangers(
        self, stranger_api: APIClient, alice: User
    ) -> None:
        server = McpServerFactory.create(owner=alice)

        response = stranger_api.get(f"{SERVERS}{server.pk}/protection-changes/")

        assert response.status_code == 404


def test_a_token_that_only_runs_cannot_try_a_tool(alice: User) -> None:
    tool = HttpToolFactory.create(owner=alice)
    client = with_scopes(alice, "read", "run", "write")

    response = client.post(f"{HTTP_TOOLS}{tool.pk}/test/", {})

    assert response.status_code == 403


def test_the_admin_keeps_how_a_deleted_tool_was_protected(
    alice: User, admin_client: Any
) -> None:
    tool = HttpToolFactory.create(owner=alice, name="do")

    admin_client.post(f"/admin/tools/httptool/{tool.pk}/delete/", {"post": "yes"})

    (row,) = ProtectionChange.objects.all()
    assert (row.tool, row.change, row.owner) == ("do", "removed", alice)
    assert row.by != alice
