"""The outbound policy and client with the operator's settings."""

import functools
from typing import TYPE_CHECKING

from django.conf import settings

from agentarium.outbound.policy import OutboundPolicy

if TYPE_CHECKING:
    from agentarium.outbound.client import Outbound


def new_outbound() -> "Outbound":
    """A client with its own connections. The caller must close it."""
    # aiohttp is slow to import, and most processes never need it.
    from agentarium.outbound.client import Outbound

    return Outbound(outbound_policy())


def outbound_policy() -> OutboundPolicy:
    """The policy of `AGENTARIUM_OUTBOUND_ALLOW`."""
    return _policy(*settings.OUTBOUND_ALLOW)


@functools.cache
def _policy(*entries: str) -> OutboundPolicy:
    return OutboundPolicy.parse(entries)
