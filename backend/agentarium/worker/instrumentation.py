"""What an attempt does, as counts and as spans. Never what is said in it."""

import time
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing
from dataclasses import replace
from datetime import timedelta

from django.utils import timezone

from agentarium.observability import metrics, tracing
from agentarium.observability.metrics import labelled
from agentarium.runtime.messages import Message, ModelResponse
from agentarium.runtime.providers.base import (
    PROVIDER_DEFAULTS,
    Delta,
    ModelClient,
    ModelSettings,
    ProviderError,
    ToolDefinition,
)
from agentarium.runtime.providers.catalogue import PROVIDERS, split_model
from agentarium.runtime.tools.base import Tool, ToolError, ToolInvocation
from agentarium.tasks.models import AgentTask
from agentarium.worker.attempt.toolbox import AgentTool, Question, Toolbox
from agentarium.worker.trace_context import UNKNOWN, TraceContext
from agentarium.worker.writing.writes import Finish

OpenClient = Callable[[str], ModelClient]
# Where OpenTelemetry's name of a provider is another than ours.
SYSTEMS = {
    "azure": "azure.ai.openai",
    "bedrock": "aws.bedrock",
    "google": "gcp.gemini",
    "mistral": "mistral_ai",
    "xai": "x_ai",
}


class Instrumentation:
    """One attempt, from its start to its end."""

    def __init__(self, task: AgentTask, origin: TraceContext = UNKNOWN) -> None:
        self._task = task
        self._began_at = task.started_at or timezone.now()
        self._has_ended = False
        metrics.ATTEMPTS_STARTED.inc()
        if task.attempt == 1:
            waited = timezone.now() - (task.run_after or task.created_at)
            metrics.QUEUE_SECONDS.observe(max(0.0, waited.total_seconds()))
        self.span = tracing.begin(
            f"invoke_agent {origin.agent_name}".strip(),
            {
                "gen_ai.operation.name": "invoke_agent",
                "gen_ai.agent.id": str(task.agent_id),
                "gen_ai.agent.name": origin.agent_name or None,
                "gen_ai.request.model": task.agent_version.model,
                "agentarium.task.id": task.pk,
                "agentarium.task.attempt": task.attempt,
                "agentarium.task.parent": task.parent_id,
                "agentarium.request.id": task.request_id or None,
            },
            link=origin.traceparent,
        )

    def opening(self, open_client: OpenClient) -> OpenClient:
        """`open_client`, but the calls of what it opens are observed."""
        return lambda model: InstrumentedModel(open_client(model), model, self.span)

    def watching(self, toolbox: Toolbox) -> Toolbox:
        """`toolbox`, but the calls of its tools are observed."""
        tools = {
            name: tool
            if isinstance(tool, Question | AgentTool)
            else InstrumentedTool(tool, self.span)
            for name, tool in toolbox.tools.items()
        }
        return replace(toolbox, tools=tools)

    def ended(self, finish: Finish, *, input_tokens: int, output_tokens: int) -> None:
        """The attempt's end is stored; the tokens are the task's by now."""
        status = finish.status.value
        if finish.status != AgentTask.Status.WAITING:
            labelled(metrics.TASKS_ENDED, status).inc()
            took: timedelta = timezone.now() - self._began_at
            labelled(metrics.TASK_SECONDS, status).observe(took.total_seconds())
        self._has_ended = True
        self.span.set(
            {
                "agentarium.task.status": status,
                "gen_ai.usage.input_tokens": input_tokens,
                "gen_ai.usage.output_tokens": output_tokens,
            }
        )
        if finish.error_code:
            self.span.fail(finish.error_code)

    def close(self) -> None:
        if not self._has_ended:
            self.span.fail("interrupted")
        self.span.end()


class InstrumentedModel:
    """A model whose calls are counted, timed and traced."""

    def __init__(self, client: ModelClient, model: str, parent: tracing.Span) -> None:
        self._client = client
        self._parent = parent
        provider, self._name = split_model(model)
        self._provider = provider if provider in PROVIDERS else "other"

    async def stream(
        self,
        messages: Sequence[Message],
        *,
        tools: Sequence[ToolDefinition] = (),
        settings: ModelSettings = PROVIDER_DEFAULTS,
    ) -> AsyncGenerator[Delta | ModelResponse, None]:
        span = self._begin(settings)
        began_at, status = time.perf_counter(), "interrupted"
        answer = self._client.stream(messages, tools=tools, settings=settings)
        try:
            async with aclosing(answer) as pieces:
                async for piece in pieces:
                    if isinstance(piece, ModelResponse):
                        status = "ok"
                        self._count_tokens(piece, span)
                    yield piece
        except ProviderError as error:
            status = error.code
            raise
        finally:
            if status != "ok":
                span.fail(status)
            span.end()
            labelled(metrics.MODEL_CALLS, self._provider, status).inc()
            seconds = time.perf_counter() - began_at
            labelled(metrics.MODEL_SECONDS, self._provider).observe(seconds)

    def _begin(self, settings: ModelSettings) -> tracing.Span:
        system = SYSTEMS.get(self._provider, self._provider)
        return tracing.begin(
            f"chat {self._name}",
            {
                "gen_ai.operation.name": "chat",
                "gen_ai.provider.name": system,
                "gen_ai.system": system,
                "gen_ai.request.model": self._name,
                "gen_ai.request.temperature": settings.temperature,
                "gen_ai.request.max_tokens": settings.max_output_tokens,
            },
            kind="client",
            parent=self._parent,
        )

    def _count_tokens(self, response: ModelResponse, span: tracing.Span) -> None:
        usage = response.usage
        span.set(
            {
                "gen_ai.response.model": response.model,
                "gen_ai.response.finish_reasons": [response.finish_reason],
                "gen_ai.usage.input_tokens": usage.input_tokens,
                "gen_ai.usage.output_tokens": usage.output_tokens,
            }
        )
        for direction, count in (
            ("input", usage.input_tokens),
            ("output", usage.output_tokens),
        ):
            labelled(metrics.MODEL_TOKENS, self._provider, direction).inc(count)


class InstrumentedTool:
    """A tool whose calls are counted, timed and traced."""

    def __init__(self, tool: Tool, parent: tracing.Span) -> None:
        self.spec = tool.spec
        self._tool = tool
        self._parent = parent

    async def call(self, call: ToolInvocation) -> str:
        span = tracing.begin(
            f"execute_tool {self.spec.name}",
            {
                "gen_ai.operation.name": "execute_tool",
                "gen_ai.tool.name": self.spec.name,
                "gen_ai.tool.call.id": call.tool_call_id,
            },
            parent=self._parent,
        )
        began_at, status = time.perf_counter(), "interrupted"
        try:
            result = await self._tool.call(call)
            status = "ok"
        except ToolError:
            status = "error"
            raise
        finally:
            if status != "ok":
                span.fail(status)
            span.end()
            labelled(metrics.TOOL_CALLS, status).inc()
            metrics.TOOL_SECONDS.observe(time.perf_counter() - began_at)
        return result
