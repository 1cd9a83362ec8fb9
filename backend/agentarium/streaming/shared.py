"""What the streams of this process share: the pubsub, and threads that read for them."""

from functools import cache

from django.conf import settings

from agentarium.db.threads import DatabaseThreads
from agentarium.streaming.pubsub import LocalPubSub
from agentarium.streaming.single_flight import SingleFlightReader

READER_THREADS = 4


@cache
def pubsub() -> LocalPubSub:
    """The pubsub of this process, by what stands beside it."""
    if not settings.REDIS_URL:
        return LocalPubSub()
    # The client is slow to import, and one process alone does without.
    from agentarium.streaming.redis_pubsub import RedisPubSub

    return RedisPubSub(settings.REDIS_URL, prefix=settings.REDIS_PREFIX)


@cache
def single_flight_reader() -> SingleFlightReader:
    return SingleFlightReader(DatabaseThreads("readers", size=READER_THREADS))
