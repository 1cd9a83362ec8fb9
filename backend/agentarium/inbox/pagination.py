"""Pages of tasks, read from index ranges in every order and with every filter."""

from collections.abc import Sequence
from typing import Any

from django.db.models import QuerySet
from rest_framework.request import Request
from rest_framework.views import APIView

from agentarium.agents.models import Agent
from agentarium.db.compiled_query import CompiledQuery
from agentarium.db.keyset import Key, keys_of, ordered
from agentarium.http.pagination import KeysetPagination
from agentarium.inbox.filters import requested_statuses
from agentarium.inbox.index_merge import by_agent, by_status, merge
from agentarium.inbox.search import Search
from agentarium.tasks.models import AgentTask, TaskQuerySet


def _page(tasks: TaskQuerySet, terms: Sequence[str], size: int) -> Any:
    return ordered(tasks.for_rows(), keys_of(tasks.order_by(*terms)))[:size]


_PAGES = CompiledQuery(_page)


class TaskPagination(KeysetPagination):
    search: Search | None = None

    def paginate_queryset(
        self, queryset: Any, request: Request, view: APIView | None = None
    ) -> list[Any]:
        self.request = request
        assert request.user.is_authenticated
        self.user = request.user
        if text := request.query_params.get("search", "").strip():
            self.search = Search(self.user, text)
        return super().paginate_queryset(queryset, request, view)

    def read(
        self, queryset: Any, keys: Sequence[Key], after: Sequence[Any] | None
    ) -> list[Any]:
        if self.search:
            return self._search(queryset, keys, after)
        statuses = requested_statuses(self.request.query_params)
        match [key.path for key in keys]:
            case ["agent__name", "agent_id", *_]:
                return self._by_agent(queryset, statuses, keys, after)
            case ["status", *_]:
                statuses = statuses or AgentTask.Status.values
            case _ if len(statuses) < 2:
                return super().read(queryset, keys, after)
        parts = by_status(queryset, statuses, keys, after)
        return self._merge(queryset, parts, keys)

    def fetch(self, tasks: Any, keys: Sequence[Key]) -> list[dict[str, Any]]:
        return _PAGES.run(tasks, tuple(key.term for key in keys), self.size)

    def _merge(self, tasks: Any, parts: Any, keys: Sequence[Key]) -> list[Any]:
        return super().read(merge(parts, tasks, self.size), keys, None)

    def _by_agent(
        self, tasks: Any, statuses: Sequence[str], keys: Sequence[Key], after: Any
    ) -> list[Any]:
        agents = Agent.objects.visible_to(self.user)
        if agent := self.request.query_params.get("agent"):
            agents = agents.filter(pk=agent)
        subsets = [tasks.filter(status=status) for status in statuses] or [tasks]
        rows: list[Any] = []
        for parts in by_agent(subsets, agents, keys, after, self.size):
            rows += self._merge(tasks, parts, keys)
            if len(rows) >= self.size:
                break
        return rows[: self.size]

    def _search(self, tasks: Any, keys: Sequence[Key], after: Any) -> list[Any]:
        """Search ever wider windows of ids until one fills the page."""
        assert self.search is not None
        descending = keys[0].descending
        start = after[0] if after else _first_id(tasks, descending=descending)
        rows: list[Any] = []
        for window in self.search.windows(start, self.size, descending=descending):
            self.is_lower_bound = bool(window)
            self.matches = tasks.filter(self.search.condition(window))
            rows = super().read(self.matches, keys, after)
            if len(rows) >= self.size:
                break
        return rows

    def count_up(self, queryset: QuerySet[Any]) -> int:
        return super().count_up(self.matches if self.search else queryset)


def _first_id(tasks: Any, *, descending: bool) -> int | None:
    order = ("-created_at", "-pk") if descending else ("created_at", "pk")
    pk: int | None = tasks.order_by(*order).values_list("pk", flat=True).first()
    return pk
