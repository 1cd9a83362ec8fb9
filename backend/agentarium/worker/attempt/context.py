"""What runners and executions get from outside, and share."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Protocol

from agentarium.db.threads import DatabaseThreads
from agentarium.runtime.providers.base import ModelClient
from agentarium.streaming.pubsub import PubSub
from agentarium.worker.attempt.toolbox import OpenToolbox
from agentarium.worker.writing.event_writer import EventWriter


class ModelClientSource(Protocol):
    """Returns the client of a model by name. Clients are shared between tasks."""

    def get(self, model: str) -> ModelClient: ...

    async def aclose(self) -> None: ...


@dataclass(frozen=True, slots=True)
class RunnerDependencies:
    """What all worker sessions of a runner share."""

    pubsub: PubSub
    clients: ModelClientSource
    open_toolbox: OpenToolbox
    database: DatabaseThreads


@dataclass(frozen=True, slots=True)
class ExecutionContext:
    """What all executions of a worker session share.

    `may_publish` is whether the worker's lease is still valid; `wait_for_lease` returns
    when it is.
    """

    event_writer: EventWriter
    pubsub: PubSub
    database: DatabaseThreads
    may_publish: Callable[[], bool]
    wait_for_lease: Callable[[], Awaitable[None]]
    open_client: Callable[[str], ModelClient]
    open_toolbox: OpenToolbox
