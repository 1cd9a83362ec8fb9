"""One pub/sub and one log reader per process, which all of its streams share."""

from functools import cache

from django.conf import settings

from agentarium.db.threads import DatabaseThreads
from agentarium.streaming.access import AccessWatch
from agentarium.streaming.pubsub import LocalPubSub
from agentarium.streaming.single_flight import SingleFlightReader

READER_THREADS = 4


@cache
def pubsub() -> LocalPubSub:
    """By Redis if it is configured, otherwise within this process."""
    if not settings.REDIS_URL:
        return LocalPubSub()
    # The client is slow to import, and not needed without Redis.
    from agentarium.streaming.redis_pubsub import RedisPubSub

    return RedisPubSub(settings.REDIS_URL, prefix=settings.REDIS_PREFIX)


@cache
def single_flight_reader() -> SingleFlightReader:
    return SingleFlightReader(
        DatabaseThreads(
            "readers",
            size=READER_THREADS,
            answer_seconds=settings.DATABASE_ANSWER_SECONDS,
        )
    )


@cache
def access_watch() -> AccessWatch:
    return AccessWatch(
        DatabaseThreads("access", answer_seconds=settings.DATABASE_ANSWER_SECONDS)
    )
