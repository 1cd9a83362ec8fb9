"""How many of the tool calls of one response are made.

The rule depends on the response alone: an attempt that continues after a worker's death
refuses the same calls as the attempt before it.
"""

from collections.abc import Callable, Sequence

from django.conf import settings

from agentarium.runtime.messages import ToolCallPart


def refused_calls(
    calls: Sequence[ToolCallPart], *, calls_agent: Callable[[str], bool]
) -> dict[str, str]:
    """The calls of a whole response that are too many: tool call id -> reason.

    `calls_agent` says whether the tool with a name runs another agent.
    """
    limit = settings.MAX_TOOL_CALLS_PER_STEP
    refused = _beyond(limit, calls, "tools")
    made = [call for call in calls if call.tool_call_id not in refused]
    to_agents = [call for call in made if calls_agent(call.name)]
    return refused | _beyond(settings.MAX_CHILDREN_PER_STEP, to_agents, "other agents")


def _beyond(limit: int, calls: Sequence[ToolCallPart], what: str) -> dict[str, str]:
    reason = (
        f"This call was not made: only the first {limit} calls of {what} in one response"
        " are made. Make it again in the next response if you still need it."
    )
    beyond = calls[limit:] if limit else ()
    return {call.tool_call_id: reason for call in beyond}
