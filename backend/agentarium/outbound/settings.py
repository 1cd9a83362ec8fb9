"""The guard as this server's operator has set it."""

import functools
from typing import TYPE_CHECKING

from django.conf import settings

from agentarium.outbound.policy import OutboundPolicy

if TYPE_CHECKING:
    from agentarium.outbound.client import Outbound


def new_outbound() -> "Outbound":
    """A guard with connections of its own; whoever makes it closes it."""
    # aiohttp takes long to import, and most processes never get here.
    from agentarium.outbound.client import Outbound

    return Outbound(outbound_policy())


def outbound_policy() -> OutboundPolicy:
    """What `AGENTARIUM_OUTBOUND_ALLOW` says."""
    return _policy(*settings.OUTBOUND_ALLOW)


@functools.cache
def _policy(*entries: str) -> OutboundPolicy:
    return OutboundPolicy.parse(entries)
