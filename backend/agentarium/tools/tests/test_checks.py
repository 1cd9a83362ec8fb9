from typing import Any

import pytest
from pytest_django import Settings

from agentarium.tools.checks import mcp_stdio_is_readable, outbound_allow_is_readable


@pytest.mark.parametrize(
    ("entries", "errors"), [(["10.0.0.0/8", "ollama"], 0), (["10.0.0.0/99"], 1)]
)
def test_reports_an_invalid_network(
    settings: Settings, entries: list[str], errors: int
) -> None:
    settings.OUTBOUND_ALLOW = entries

    assert len(outbound_allow_is_readable()) == errors


@pytest.mark.parametrize(
    ("programs", "errors"),
    [
        ({}, 0),
        ({"files": {"command": "serve", "args": ["a"], "env": {}, "cwd": "/"}}, 0),
        ({"files": {"command": "serve", "open_to": "staff"}}, 0),
        ({"files": {"command": "serve", "open_to": "all"}}, 0),
        ({"files": {"command": "serve", "open_to": "everyone"}}, 1),
        ({"files": {"command": "serve", "open_to": ["all"]}}, 1),
        ({"files": {"command": "serve", "open_to": None}}, 1),
        ({"files": {"args": []}}, 1),
        ({"files": {"command": ["serve"]}}, 1),
        ({"files": {"command": "serve", "shell": True}}, 1),
        ({"files": "serve"}, 1),
        ({"a b": {"command": "serve"}}, 1),
        (["serve"], 1),
    ],
)
def test_reports_an_invalid_program(
    settings: Settings, programs: Any, errors: int
) -> None:
    settings.MCP_STDIO = programs

    assert len(mcp_stdio_is_readable()) == errors
