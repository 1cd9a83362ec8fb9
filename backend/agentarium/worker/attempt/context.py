"""What runners and executions work with: given to them, and shared."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Protocol

from agentarium.db.threads import DatabaseThreads
from agentarium.runtime.providers.base import ModelClient
from agentarium.streaming.pubsub import PubSub
from agentarium.worker.attempt.toolbox import OpenToolbox
from agentarium.worker.writing.event_writer import EventWriter


class ModelClients(Protocol):
    """Opens models by name, and shares between tasks what can be shared."""

    def get(self, model: str) -> ModelClient: ...

    async def aclose(self) -> None: ...


@dataclass(frozen=True, slots=True)
class RunnerDependencies:
    """What a runner works with, whichever worker it is at the time."""

    pubsub: PubSub
    clients: ModelClients
    open_toolbox: OpenToolbox
    database: DatabaseThreads


@dataclass(frozen=True, slots=True)
class ExecutionContext:
    """What all executions of a worker share.

    `may_publish` says whether the worker's lease cannot have run out yet; `until_leased`
    waits until that is so.
    """

    event_writer: EventWriter
    pubsub: PubSub
    database: DatabaseThreads
    may_publish: Callable[[], bool]
    until_leased: Callable[[], Awaitable[None]]
    open_client: Callable[[str], ModelClient]
    open_toolbox: OpenToolbox
