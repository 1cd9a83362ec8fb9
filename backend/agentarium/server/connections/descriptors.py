"""The files and sockets that this process may have open.

Connections of clients get at most half of them. The others are for the database, logs,
connections to providers and tools, and child processes: clients cannot take those away
by connecting.
"""

import resource

import structlog
from django.conf import settings

log = structlog.get_logger(__name__)

# A limit for the sake of memory: each connection takes some 10 kB.
MAX_CONNECTIONS = 20_000
# Below this limit, honest readers of live output could fill the server.
LOW_LIMIT = 4096
LOW_LIMIT_ADVICE = "Raise the limit with `ulimit -n 65536`, or LimitNOFILE of systemd."
# If the hard limit is infinite, some systems refuse that as a soft limit.
ENOUGH = 1_048_576


def raise_limit() -> None:
    """Raise the soft limit to the hard one. The usual soft limit, 1,024, is for `select`."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = ENOUGH if hard == resource.RLIM_INFINITY else hard
    if soft == resource.RLIM_INFINITY or soft >= wanted:
        return
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
    except (ValueError, OSError) as error:
        log.warning("descriptors.limit_not_raised", limit=soft, error=str(error))


def descriptor_limit() -> int:
    """How many descriptors this process may have open."""
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return ENOUGH if soft == resource.RLIM_INFINITY else soft


def connection_ceiling() -> int:
    """How many connections of clients the server accepts."""
    most = descriptor_limit() // 2
    wanted: int = settings.MAX_CONNECTIONS or MAX_CONNECTIONS
    return max(1, min(most, wanted))


def address_ceiling() -> int | None:
    """How many of them may come from one address. None behind proxies: it is theirs."""
    if settings.TRUSTED_PROXIES:
        return None
    own: int = settings.MAX_CONNECTIONS_PER_ADDRESS
    return own or max(1, connection_ceiling() // 2)


def low_limit() -> str:
    """What a low limit means, without a full stop; empty if the limit is high enough."""
    limit = descriptor_limit()
    if limit >= LOW_LIMIT:
        return ""
    return (
        f"This process may open only {limit:,} files, so that a server accepts at most "
        f"{connection_ceiling():,} connections"
    )
