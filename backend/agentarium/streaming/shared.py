"""What the streams of this process share: the bus, and threads that read for them."""

from functools import cache

from django.conf import settings

from agentarium.db.threads import DatabaseThreads
from agentarium.streaming.pubsub import LocalBus
from agentarium.streaming.single_flight import Readings

READER_THREADS = 4


@cache
def bus() -> LocalBus:
    """The bus of this process, by what stands beside it."""
    if not settings.REDIS_URL:
        return LocalBus()
    # The client is slow to import, and one process alone does without.
    from agentarium.streaming.redis_pubsub import RedisBus

    return RedisBus(settings.REDIS_URL, prefix=settings.REDIS_PREFIX)


@cache
def readings() -> Readings:
    return Readings(DatabaseThreads("readers", size=READER_THREADS))
