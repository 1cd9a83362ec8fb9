"""Metrics and spans of attempts. They never contain messages or arguments."""

import time
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing
from dataclasses import replace
from datetime import timedelta

from agentarium.db import clock
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
from agentarium.runtime.tools.base import Tool, ToolError, ToolInvocation, ToolResult
from agentarium.tasks.models import AgentTask
from agentarium.worker.attempt.toolbox import AgentTool, Question, Toolbox
from agentarium.worker.trace_context import NO_TRACE_CONTEXT, TraceContext
from agentarium.worker.writing.writes import Finish

OpenClient = Callable[[str], ModelClient]
# Our provider name -> OpenTelemetry's, where they differ.
OTEL_PROVIDERS = {
    "azure": "azure.ai.openai",
    "bedrock": "aws.bedrock",
    "google": "gcp.gemini",
    "mistral": "mistral_ai",
    "xai": "x_ai",
}


class Instrumentation:
    """The metrics and the span of one attempt."""

    def __init__(
        self, task: AgentTask, context: TraceContext = NO_TRACE_CONTEXT
    ) -> None:
        self._task = task
        self._began_at = task.started_at or clock.now()
        self._is_finished = False
        metrics.ATTEMPTS_STARTED.inc()
        if task.attempt == 1:
            waiting = clock.now() - (task.run_after or task.created_at)
            metrics.QUEUE_SECONDS.observe(max(0.0, waiting.total_seconds()))
        self.span = tracing.begin(
            f"invoke_agent {context.agent_name}".strip(),
            {
                "gen_ai.operation.name": "invoke_agent",
                "gen_ai.agent.id": str(task.agent_id),
                "gen_ai.agent.name": context.agent_name or None,
                "gen_ai.request.model": task.agent_version.model,
                "agentarium.task.id": task.pk,
                "agentarium.task.attempt": task.attempt,
                "agentarium.task.parent": task.parent_id,
                "agentarium.request.id": task.request_id or None,
            },
            link=context.traceparent,
        )

    def instrument_client(self, open_client: OpenClient) -> OpenClient:
        """Instrument the clients that `open_client` opens."""
        return lambda model: InstrumentedModel(open_client(model), model, self.span)

    def instrument_tools(self, toolbox: Toolbox) -> Toolbox:
        """Instrument the tools that are called in this process."""
        tools = {
            name: tool
            if isinstance(tool, Question | AgentTool)
            else InstrumentedTool(tool, self.span)
            for name, tool in toolbox.tools.items()
        }
        return replace(toolbox, tools=tools)

    def record_finish(
        self, finish: Finish, *, input_tokens: int, output_tokens: int
    ) -> None:
        """Count the end of the attempt, once stored. The tokens are the whole task's."""
        status = finish.status.value
        if finish.status != AgentTask.Status.WAITING:
            labelled(metrics.TASKS_ENDED, status).inc()
            duration: timedelta = clock.now() - self._began_at
            labelled(metrics.TASK_SECONDS, status).observe(duration.total_seconds())
        self._is_finished = True
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
        if not self._is_finished:
            self.span.fail("interrupted")
        self.span.end()


class InstrumentedModel:
    """A model client whose calls are counted, timed and traced."""

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
        span = self._begin_span(settings)
        began_at, status = time.perf_counter(), "interrupted"
        stream = self._client.stream(messages, tools=tools, settings=settings)
        try:
            async with aclosing(stream) as items:
                async for item in items:
                    if isinstance(item, ModelResponse):
                        status = "ok"
                        _describe(item, span)
                    yield item
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

    def _begin_span(self, settings: ModelSettings) -> tracing.Span:
        provider = OTEL_PROVIDERS.get(self._provider, self._provider)
        return tracing.begin(
            f"chat {self._name}",
            {
                "gen_ai.operation.name": "chat",
                "gen_ai.provider.name": provider,
                "gen_ai.system": provider,
                "gen_ai.request.model": self._name,
                "gen_ai.request.temperature": settings.temperature,
                "gen_ai.request.max_tokens": settings.max_output_tokens,
            },
            kind="client",
            parent=self._parent,
        )


def _describe(response: ModelResponse, span: tracing.Span) -> None:
    usage = response.usage
    span.set(
        {
            "gen_ai.response.model": response.model,
            "gen_ai.response.finish_reasons": [response.finish_reason],
            "gen_ai.usage.input_tokens": usage.input_tokens,
            "gen_ai.usage.output_tokens": usage.output_tokens,
        }
    )


class InstrumentedTool:
    """A tool whose calls are counted, timed and traced."""

    def __init__(self, tool: Tool, parent: tracing.Span) -> None:
        self.spec = tool.spec
        self._tool = tool
        self._parent = parent

    async def call(self, call: ToolInvocation) -> str | ToolResult:
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
