"""The measured operations: each route, filter and order, claims and the sweep."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, urlsplit

from agentarium.accounts.models import User
from agentarium.agents.models import Agent
from agentarium.tasks.models import AgentTask
from agentarium.worker.leases import register_worker
from agentarium.worker.queue.claims import claim_tasks
from agentarium.worker.queue.maintenance import run_maintenance
from django.db import transaction
from rest_framework.test import APIClient

from bench.scale.generator import COMMON, MISSING, RARE

PAGE, DEEP = 20, 1_000
Row = Mapping[str, Any]


@dataclass(frozen=True)
class Operation:
    """A repeatable operation, and a check of its result."""

    name: str
    run: Callable[[], Any]
    is_right: Callable[[Any], bool]
    # Whether it is a list that the page shows.
    is_list: bool = False


class Workload:
    """The operations of one user, on the whole site without the network."""

    def __init__(self, user: User) -> None:
        self.user = user
        self._client = APIClient(HTTP_HOST="127.0.0.1")
        self._client.credentials(HTTP_AUTHORIZATION=f"Bearer {_access(user)}")
        self._agents = list(Agent.objects.visible_to(user).order_by("pk"))
        self._tasks = AgentTask.objects.visible_to(user)

    def operations(self) -> list[Operation]:
        return [*self._lists(), *self._searches(), *self._single(), *self._work()]

    def _lists(self) -> list[Operation]:
        never_fails = self._agents[5].pk
        since = self._edge(0.5).isoformat()
        until = self._edge(0.4).isoformat()
        dates = {"created_at__gte": since, "created_at__lte": until}
        # Wide enough to leave a page of a thousand tasks next to other filters.
        most = {
            "created_at__gte": self._edge(0.9).isoformat(),
            "created_at__lte": self._edge(0.1).isoformat(),
        }
        lists: dict[str, tuple[dict[str, Any], Callable[[Row], bool]]] = {
            "first page": ({}, _any),
            "page 1,000": ({"cursor": self._deep_cursor()}, _any),
            "status=completed": ({"status": "completed"}, _has("completed")),
            "status=failed": ({"status": "failed"}, _has("failed")),
            "status=running": ({"status": "running"}, _has("running")),
            "status=failed,waiting": (
                {"status": "failed,waiting"},
                _has("failed", "waiting"),
            ),
            "agent": ({"agent": never_fails}, _of(never_fails)),
            "dates": (dates, lambda row: since[:19] <= row["created_at"] <= until),
            "agent, completed": (
                {"agent": never_fails, "status": "completed"},
                _of(never_fails),
            ),
            "agent, dates": ({"agent": never_fails, **most}, _of(never_fails)),
            "status, dates": ({"status": "failed", **most}, _has("failed")),
            "all filters": (
                {"agent": self._agents[1].pk, "status": "failed,completed", **most},
                _has("failed", "completed"),
            ),
            **{
                f"order {order}": ({"ordering": order}, _any)
                for order in (
                    "created_at",
                    "status",
                    "-status",
                    "agent__name",
                    "-agent__name",
                )
            },
            "order agent__name, failed": (
                {"ordering": "agent__name", "status": "failed"},
                _has("failed"),
            ),
        }
        return [
            self._list(f"tasks: {name}", query, fits)
            for name, (query, fits) in lists.items()
        ] + [
            self._empty(
                "tasks: agent, failed: none", agent=never_fails, status="failed"
            )
        ]

    def _searches(self) -> list[Operation]:
        # The rare word is in thirty tasks of all users; few of them are this user's.
        rare = 1 if User.objects.count() > 1 else PAGE
        return [
            self._list("search: common word", {"search": COMMON}, _holds(COMMON)),
            self._list(
                "search: two words", {"search": f"{COMMON} word1"}, _holds(COMMON)
            ),
            self._list("search: rare word", {"search": RARE}, _any, least=rare),
            self._list("search: beginning", {"search": "zanzi*"}, _any, least=rare),
            self._list(
                "search: common, failed",
                {"search": COMMON, "status": "failed"},
                _has("failed"),
            ),
            self._list(
                "search: agent's name", {"search": "Agent 07"}, _of(self._agents[7].pk)
            ),
            self._empty("search: no hit", search=MISSING),
        ]

    def _single(self) -> list[Operation]:
        newest = self._tasks.order_by("-pk")[0].pk
        return [
            self._get("agents: list", "/api/agents/", _full, is_list=True),
            self._get("task: detail", f"/api/tasks/{newest}/", _is(newest)),
            self._get("task: steps", f"/api/tasks/{newest}/steps/", _any),
            self._get("stats", "/api/stats/", _any),
        ]

    def _work(self) -> list[Operation]:
        worker = register_worker(capacity=100)
        return [
            Operation(
                "claim of 10",
                lambda: _claim_and_roll_back(worker),
                lambda tasks: len(tasks) == 10,
            ),
            Operation("recovery sweep", _run_maintenance, lambda found: found is False),
        ]

    def _list(
        self,
        name: str,
        query: dict[str, Any],
        fits: Callable[[Row], bool],
        least: int = 1,
    ) -> Operation:
        def is_right(answer: Any) -> bool:
            rows = answer["results"]
            return len(rows) >= least and all(fits(row) for row in rows)

        return Operation(
            name, lambda: self._response("/api/tasks/", query), is_right, True
        )

    def _empty(self, name: str, **query: Any) -> Operation:
        return Operation(
            name,
            lambda: self._response("/api/tasks/", query),
            lambda answer: answer["results"] == [],
            True,
        )

    def _get(
        self,
        name: str,
        path: str,
        is_right: Callable[[Any], bool],
        *,
        is_list: bool = False,
    ) -> Operation:
        return Operation(name, lambda: self._response(path, {}), is_right, is_list)

    def _response(self, path: str, query: dict[str, Any]) -> Any:
        response = self._client.get(path, query)
        assert response.status_code == 200, response.content
        return response.json()

    def _deep_cursor(self) -> str:
        """The cursor of page 1,000, or of the last full page."""
        before = min(PAGE * (DEEP - 1), self._tasks.count() - PAGE)
        answer = self._response("/api/tasks/", {"offset": before - PAGE, "limit": PAGE})
        (cursor,) = parse_qs(urlsplit(str(answer["next"])).query)["cursor"]
        return cursor

    def _edge(self, part: float) -> Any:
        """The time at a fraction of the history, counted from the newest task."""
        oldest, newest = (
            self._tasks.order_by(order)[0].created_at
            for order in ("created_at", "-created_at")
        )
        return newest - (newest - oldest) * part


def _access(user: User) -> str:
    from agentarium.accounts.api.jwt import sign_in

    return sign_in(user)["access"]


def _claim_and_roll_back(worker: Any) -> list[AgentTask]:
    """Claim tasks and roll back, so that the next claim finds the same."""
    with transaction.atomic():
        tasks = claim_tasks(worker, limit=10)
        transaction.set_rollback(True)
    return tasks


def _run_maintenance() -> bool:
    return run_maintenance(leases_are_trustworthy=lambda: True)


def _any(_: Any) -> bool:
    return True


def _full(answer: Any) -> bool:
    rows = answer["results"]
    return len(rows) == PAGE and all(len(row["recent_tasks"]) == 5 for row in rows)


def _is(pk: int) -> Callable[[Row], bool]:
    return lambda row: row["id"] == pk


def _has(*statuses: str) -> Callable[[Row], bool]:
    return lambda row: row["status"] in statuses


def _of(agent: int) -> Callable[[Row], bool]:
    return lambda row: row["agent"] == agent


def _holds(word: str) -> Callable[[Row], bool]:
    return lambda row: word in row["input_text"]
