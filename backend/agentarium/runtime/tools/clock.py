"""The tool for the current time."""

from collections.abc import Callable
from datetime import UTC, datetime
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from agentarium.runtime.tools.base import ToolError, ToolInvocation, ToolSpec

CURRENT_TIME = ToolSpec(
    name="current_time",
    description="The current date, weekday and time in a time zone.",
    parameters={
        "type": "object",
        "properties": {
            "timezone": {
                "type": "string",
                "description": "IANA name such as Europe/Berlin. The default is UTC.",
                "maxLength": 100,
            }
        },
        "additionalProperties": False,
    },
    effect="read",
    timeout=5.0,
)


def utc_now() -> datetime:
    return datetime.now(UTC)


class CurrentTime:
    def __init__(
        self, spec: ToolSpec = CURRENT_TIME, *, now: Callable[[], datetime] = utc_now
    ) -> None:
        self.spec = spec
        self._now = now

    async def call(self, invocation: ToolInvocation) -> str:
        name = invocation.arguments.get("timezone") or "UTC"
        try:
            zone = ZoneInfo(name)
        except (ZoneInfoNotFoundError, ValueError, OSError) as error:
            raise ToolError(
                f"Unknown time zone {name!r}. Use an IANA name, such as "
                "Europe/Berlin, America/New_York or UTC."
            ) from error
        now = self._now().astimezone(zone)
        return f"{now:%A}, {now.isoformat(timespec='seconds')} ({name})"
