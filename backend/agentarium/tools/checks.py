"""System checks of the operator's settings for tools."""

from collections.abc import Mapping
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, register

from agentarium.outbound.settings import outbound_policy
from agentarium.tools.models import TOOL_NAME, OpenTo

_OPTION_TYPES = {
    "command": str,
    "args": list,
    "env": dict,
    "cwd": str,
    "open_to": str,
}


@register()
def outbound_allow_is_readable(**_: Any) -> list[CheckMessage]:
    try:
        outbound_policy()
    except ValueError as error:
        return [Error(f"AGENTARIUM_OUTBOUND_ALLOW: {error}", id="tools.E001")]
    return []


@register()
def mcp_stdio_is_readable(**_: Any) -> list[CheckMessage]:
    programs: Any = settings.MCP_STDIO
    if not isinstance(programs, Mapping):
        programs = {"": None}
    return [
        Error(
            f"AGENTARIUM_MCP_STDIO: {name!r} is not valid. Give it a name of letters, "
            "digits, _ and -, a command, and optionally args, env, cwd and open_to "
            '("staff" or "all").',
            id="tools.E002",
        )
        for name, program in programs.items()
        if not _is_program(name, program)
    ]


def _is_program(name: str, program: Any) -> bool:
    if not TOOL_NAME.search(name) or not isinstance(program, Mapping):
        return False
    if program.get("open_to", OpenTo.STAFF) not in OpenTo.values:
        return False
    return bool(program.get("command")) and all(
        isinstance(value, _OPTION_TYPES.get(key, ())) for key, value in program.items()
    )
