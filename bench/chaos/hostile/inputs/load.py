"""Much of what is allowed: tasks, tools, try-outs and tokens."""

import asyncio
import time
from functools import partial
from typing import Any

import orjson

from bench.chaos.client import PASSWORD
from bench.chaos.hostile.attacker import Attacker, Input, repeated

FAMILY = "load"
# What the run sets for AGENTARIUM_RATE_USER, a minute.
RATE = 1_200


async def task_flood(attacker: Attacker) -> None:
    """300 tasks, whose model responds in pieces for a while."""
    agent = await attacker.create_agent()
    script = {"text": "a stream of words " * 40, "pieces": 100, "delay": 0.05}
    await attacker.run_tasks(agent, script, count=300)


async def agent_tree(attacker: Attacker) -> None:
    """A task calls its own agent 15 times, and each called task 30 times."""
    agent = await attacker.create_agent()
    tool = {"type": "agent", "agent": agent, "name": "again"}
    await attacker.send("PATCH", f"/api/agents/{agent}/", {"tools": [tool]})
    script: dict[str, Any] = {"text": "The end."}
    for width in (30, 15):
        text = orjson.dumps({"fake": script}).decode()
        call = {"name": "again", "arguments": orjson.dumps({"input": text}).decode()}
        script = {"tool_calls": [call] * width}
    await attacker.run_tasks(agent, script)


async def large_catalogue(attacker: Attacker) -> None:
    """400 tools with schemas of 49 KB, and 8 concurrent readers of all tools."""
    schema = {"type": "object", "description": "x" * 49_000}
    numbers = iter(range(400))
    await repeated(
        400,
        lambda: attacker.create_tool(
            name=f"{attacker.name}-{next(numbers)}", parameters=schema
        ),
        concurrent=8,
    )
    await repeated(24, lambda: attacker.send("GET", "/api/tools/"), concurrent=8)
    await repeated(
        8, lambda: attacker.send("GET", "/api/http-tools/?limit=200"), concurrent=8
    )


async def silent_try_outs(attacker: Attacker) -> None:
    """Try a tool and read the tools of a server, neither of which ever responds."""
    silent = f"{attacker.pages_url}/silent"
    tool = await attacker.create_tool(url_template=silent)
    server = await attacker.create("/api/mcp-servers/", name=attacker.name, url=silent)
    paths = [f"/api/http-tools/{tool}/test/", f"/api/mcp-servers/{server}/refresh/"]
    async with asyncio.TaskGroup() as group:
        for path in paths * 6:
            group.create_task(attacker.send("POST", path, {"arguments": {}}))


async def own_rates(attacker: Attacker) -> None:
    """Tokens with high rates of their own send more than one user may."""
    tokens = []
    account = {"username": attacker.account, "password": PASSWORD}
    pair = await attacker.send("POST", "/api/auth/token/", account, headers={})
    # A token cannot create tokens.
    signed_in = {"Authorization": f"Bearer {pair['access']}"}
    for rate in ({"rate": "9999999/s"}, {}, {}, {}):
        fields = {"name": "fast", "scopes": ["read"], **rate}
        created = await attacker.send("POST", "/api/tokens/", fields, headers=signed_in)
        tokens += [created["token"]] if created else []
    before, first = attacker.answers["200"], time.time() // 60
    for token in tokens:
        headers = {"Authorization": f"Bearer {token}"}
        read = partial(attacker.send, "GET", "/api/auth/me/", headers=headers)
        await repeated(RATE // 2, read, concurrent=8)
    # Requests are counted by the minute of the clock.
    minutes = time.time() // 60 - first + 1
    accepted = attacker.answers["200"] - before
    if accepted > RATE * minutes:
        attacker.problems.append(f"{accepted} requests passed the limit of {RATE}/min")


LOAD: tuple[Input, ...] = (
    Input("300 tasks", FAMILY, task_flood, is_short=True),
    Input("agents that call themselves", FAMILY, agent_tree),
    Input("400 tools of 49 KB", FAMILY, large_catalogue),
    Input("12 silent try-outs", "try-outs", silent_try_outs, is_short=True),
    Input("tokens with rates of their own", "rates", own_rates, seconds=40),
)
