"""Metrics and traces of attempts, model calls and tool calls."""

import asyncio
import socket
from collections.abc import Awaitable, Callable
from contextlib import closing
from http.client import HTTPConnection
from typing import Any

import pytest
from django.test import Client
from opentelemetry.trace import SpanKind, StatusCode
from pytest_django import Settings

from agentarium.accounts.models import User
from agentarium.agents.models import Agent
from agentarium.db.threads import DatabaseThreads
from agentarium.observability.metrics import REGISTRY
from agentarium.observability.tests.spans import Spans, ids, parent_of
from agentarium.observability.tests.spans import spans as spans
from agentarium.runtime.providers.base import ProviderError, ProviderErrorCode
from agentarium.runtime.tools.base import ToolError
from agentarium.tasks.models import AgentTask
from agentarium.tests.eventually import eventually
from agentarium.worker.metrics_server import serving_metrics
from agentarium.worker.tests.conftest import RunWith
from agentarium.worker.tests.scripted import (
    ScriptedModel,
    ScriptedTool,
    SequenceModel,
    call_of,
)

WaitForStatus = Callable[..., Awaitable[AgentTask]]
SECRET = "a private text"
TRANSIENT = ProviderError(
    ProviderErrorCode.UNAVAILABLE, "Down.", is_transient=True, retry_after=0.0
)


class MetricGrowth:
    """By how much samples have grown since the test began."""

    def __init__(self) -> None:
        self._before = self._now()

    def __call__(self, name: str, *values: str) -> float:
        key = (f"agentarium_{name}", values)
        return self._now().get(key, 0) - self._before.get(key, 0)

    @staticmethod
    def _now() -> dict[tuple[str, tuple[str, ...]], float]:
        return {
            (sample.name, tuple(sample.labels.values())): sample.value
            for family in REGISTRY.collect()
            for sample in family.samples
        }


@pytest.fixture
def growth() -> MetricGrowth:
    return MetricGrowth()


async def test_counts_tasks_calls_and_tokens(
    task: AgentTask,
    running: RunWith,
    wait_for_status: WaitForStatus,
    growth: MetricGrowth,
) -> None:
    model = SequenceModel(
        TRANSIENT, [call_of("look"), call_of("lose", 2)], "That is what I found."
    )
    look = ScriptedTool("look", effect="read")
    lose = ScriptedTool("lose", effect="read", error=ToolError("Lost."))

    async with running(model, look, lose):
        await wait_for_status(task, "completed")

    assert growth("attempts_started_total") == 1
    assert growth("task_queue_seconds_count") == 1
    assert growth("tasks_ended_total", "completed") == 1
    assert growth("task_duration_seconds_count", "completed") == 1
    assert growth("model_calls_total", "openai", "ok") == 2
    assert growth("model_calls_total", "openai", "provider_unavailable") == 1
    assert growth("model_call_duration_seconds_count", "openai") == 3
    # 38 are estimated: what the failed call had sent.
    assert growth("model_tokens_total", "openai", "input") == 38 + 2
    assert growth("tool_calls_total", "ok") == 1
    assert growth("tool_calls_total", "error") == 1
    assert growth("event_writer_batch_size_count") >= 3
    assert growth("event_writer_write_seconds_count") >= 3


async def test_counts_interrupted_attempts_and_calls(
    task: AgentTask,
    running: RunWith,
    wait_for_status: WaitForStatus,
    growth: MetricGrowth,
    spans: Spans,
    settings: Settings,
) -> None:
    settings.STOP_GRACE_SECONDS = 0.01
    model = ScriptedModel("Half", gate=asyncio.Event())

    async with running(model):
        await eventually("the model call", lambda: model.open_streams)

    assert growth("model_calls_total", "openai", "interrupted") == 1
    assert growth("tasks_ended_total", "completed") == 0
    for name in ("chat", "invoke_agent"):
        span = spans.only(name)
        assert span.status.status_code is StatusCode.ERROR
        assert span.attributes
        assert span.attributes["error.type"] == "interrupted"


async def test_traces_an_attempt_with_its_calls_and_the_submitting_request(
    owner: User,
    agent: Agent,
    running: RunWith,
    wait_for_status: WaitForStatus,
    database: DatabaseThreads,
    spans: Spans,
) -> None:
    task = await database.run(submit_over_http, owner, agent)
    model = SequenceModel(
        [call_of("look", arguments=f'{{"what": "{SECRET}"}}')], SECRET
    )

    async with running(model, ScriptedTool("look", effect="read")):
        await wait_for_status(task, "completed")

    request = spans.only("POST /api/tasks/run/")
    attempt = spans.only("invoke_agent Agent")
    chats, tool = spans.named("chat scripted"), spans.only("execute_tool look")
    assert attempt.parent is None
    assert [link.context.span_id for link in attempt.links] == [ids(request)[1]]
    assert [parent_of(span) for span in (*chats, tool)] == [ids(attempt)] * 3
    assert {span.kind for span in chats} == {SpanKind.CLIENT}
    chat: dict[str, Any] = dict(chats[-1].attributes or {})
    assert chat["gen_ai.operation.name"] == "chat"
    assert chat["gen_ai.provider.name"] == "openai"
    assert chat["gen_ai.request.model"] == "scripted"
    assert chat["gen_ai.response.model"] == "sequence-1"
    assert chat["gen_ai.usage.input_tokens"] == 1
    assert chat["gen_ai.response.finish_reasons"] == ("stop",)
    result: dict[str, Any] = dict(attempt.attributes or {})
    assert result["agentarium.task.id"] == task.pk
    assert result["agentarium.task.status"] == "completed"
    assert result["gen_ai.usage.output_tokens"] == 2
    assert not [span for span in spans.all if SECRET in span.to_json()]


def submit_over_http(owner: User, agent: Agent) -> AgentTask:
    client = Client()
    client.force_login(owner)
    response = client.post(
        "/api/tasks/run/",
        {"agent": agent.pk, "input_text": SECRET},
        content_type="application/json",
    )
    assert response.status_code == 201
    return AgentTask.objects.get(pk=response.json()["id"])


async def test_a_trace_has_the_error_code_of_a_failed_attempt(
    task: AgentTask, running: RunWith, wait_for_status: WaitForStatus, spans: Spans
) -> None:
    error = ProviderError(ProviderErrorCode.AUTH, f"The key is wrong: {SECRET}")
    async with running(ScriptedModel(error=error)):
        await wait_for_status(task, "failed")

    for name in ("chat", "invoke_agent"):
        span = spans.only(name)
        assert span.attributes
        assert span.attributes["error.type"] == "provider_auth"
        assert SECRET not in span.to_json()


class TestMetricsServer:
    """A worker process serves its metrics on a port of its own."""

    @pytest.fixture(autouse=True)
    def _configured(self, settings: Settings) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            settings.WORKER_METRICS_PORT = free.getsockname()[1]
        settings.METRICS_TOKEN = "scrape-me"
        settings.HOST = "127.0.0.1"

    def scrape(self, port: int, token: str, path: str = "/metrics") -> tuple[int, str]:
        connection = HTTPConnection("127.0.0.1", port)
        headers = {"Authorization": f"Bearer {token}"}
        with closing(connection):
            connection.request("GET", path, headers=headers)
            response = connection.getresponse()
            return response.status, response.read().decode()

    def test_serves_metrics_to_requests_with_the_token(self) -> None:
        with serving_metrics() as port:
            status, body = self.scrape(port, "scrape-me")
            refused, _ = self.scrape(port, "wrong")

        assert (status, refused) == (200, 404)
        assert "agentarium_attempts_started_total" in body

    def test_a_second_process_uses_the_next_free_port(self) -> None:
        with serving_metrics() as first, serving_metrics() as second:
            assert second > first
            assert self.scrape(first, "scrape-me")[0] == 200
            assert self.scrape(second, "scrape-me")[0] == 200

    async def test_probes_need_no_token(self, transactional_db: None) -> None:
        with serving_metrics(asyncio.get_running_loop()) as port:
            alive = await asyncio.to_thread(self.scrape, port, "", "/healthz")
            ready = await asyncio.to_thread(self.scrape, port, "", "/readyz")

        assert alive == (200, '{"status":"ok"}')
        assert ready[0] == 200

    def test_a_process_whose_runner_hangs_is_not_alive(self) -> None:
        loop = asyncio.new_event_loop()
        with serving_metrics(loop) as port:
            hanging = self.scrape(port, "", "/healthz")
            loop.close()
            stopped = self.scrape(port, "", "/healthz")

        assert [status for status, _ in (hanging, stopped)] == [503, 503]
        assert "does not answer" in hanging[1]
        assert "has stopped" in stopped[1]

    def test_serves_nothing_if_no_port_is_configured(self, settings: Settings) -> None:
        settings.WORKER_METRICS_PORT = 0

        with serving_metrics() as port:
            assert port == 0
