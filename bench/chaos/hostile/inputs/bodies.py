"""Bodies and parameters that take long to read, and expressions to evaluate."""

from collections.abc import Awaitable, Callable, Iterable
from urllib.parse import quote

import orjson

from bench.chaos.hostile.attacker import Attacker, Input, repeated

FAMILY = "bodies"
SIZE = 4_900_000
Send = Callable[[Attacker], Awaitable[None]]

JSON = "application/json"
FORM = "application/x-www-form-urlencoded"
PARTS = "multipart/form-data; boundary=b"


def filled(unit: bytes, *, before: bytes = b"", after: bytes = b"") -> bytes:
    return before + unit * (SIZE // len(unit)) + after


# Name: type, body.
BODIES_OF_5_MB: dict[str, tuple[str, Callable[[], bytes]]] = {
    "numbers": (JSON, lambda: filled(b"1,", before=b"[", after=b"1]")),
    "objects": (JSON, lambda: filled(b"{},", before=b"[", after=b"1]")),
    "arrays in arrays": (JSON, lambda: filled(b"[")),
    "objects in objects": (JSON, lambda: filled(b'{"a":')),
    "one number": (JSON, lambda: filled(b"7")),
    "escapes": (JSON, lambda: filled(rb"\ud83d", before=b'{"name":"', after=b'"}')),
    "million ids": (
        JSON,
        lambda: orjson.dumps({"ids": list(range(1_000_000, 1_600_000))}),
    ),
    "keys": (
        JSON,
        lambda: orjson.dumps({f"k{number}": number for number in range(250_000)}),
    ),
    "form fields": (FORM, lambda: filled(b"a=1&")),
    "escaped form": (FORM, lambda: filled(b"%41", before=b"name=")),
    "parts": (
        PARTS,
        lambda: filled(
            b'--b\r\nContent-Disposition: form-data; name="a"\r\n\r\n1\r\n',
            after=b"--b--\r\n",
        ),
    ),
}
PATHS = ("/api/agents/", "/api/tasks/cancel/", "/api/http-tools/", "/api/auth/token/")


def posted(kind: str, make: Callable[[], bytes]) -> Send:
    """Send the body to four routes concurrently, with and without an account."""

    async def send(attacker: Attacker) -> None:
        body = make()
        routes = iter(PATHS)
        headers = {**attacker.headers, "Content-Type": kind}
        await repeated(
            len(PATHS),
            lambda: attacker.send("POST", next(routes), body, headers=headers),
        )
        anonymous = {"Content-Type": kind}
        await repeated(
            4, lambda: attacker.send("POST", PATHS[-1], body, headers=anonymous)
        )

    return send


HUGE = "1" + "0" * 30
QUERIES = (
    *(f"{name}={HUGE}" for name in ("limit", "offset", "agent", "cursor", "parent")),
    *(f"created_at__gte={value}" for value in (HUGE, "0001-01-01", "9999-12-31")),
)
SEARCHES = (
    '"',
    "a* " * 2_500,
    "a OR " * 1_500,
    "NEAR(" * 1_500,
    "(" * 7_000,
    "-a " * 2_300,
    '"a" ' * 1_900,
    "a:* & " * 1_200,
    "%_" * 3_500,
    "e" * 7_000,
)
EXPRESSIONS = (
    "9**9**9**9",
    "9**(9**7)",
    "(" * 20_000 + "1",
    "-" * 40_000 + "1",
    "1+" * 20_000 + "1",
    "7" * 40_000,
    "factorial(10**9)",
    "sqrt(" * 5_000 + "1",
    "2**2**2**2**2**2",
)


async def huge_numbers(attacker: Attacker) -> None:
    bodies = iter(
        f'{{"{name}": {value}}}'.encode()
        for name in ("agent", "ids", "follows", "priority")
        for value in (HUGE, f"[{HUGE}]", f"{HUGE}e308")
    )
    for path in ("/api/tasks/cancel/", "/api/tasks/run/", "/api/agents/"):
        for body in bodies:
            await attacker.send("POST", path, body)
    await _gets(attacker, "/api/tasks/?", QUERIES)


async def searches(attacker: Attacker) -> None:
    for path in ("/api/tasks/?search=", "/api/agents/?search="):
        await _gets(attacker, path, [quote(one)[:7_500] for one in SEARCHES])


async def _gets(attacker: Attacker, path: str, queries: Iterable[str]) -> None:
    todo = list(queries)
    await repeated(
        len(todo), lambda: attacker.send("GET", f"{path}{todo.pop()}"), concurrent=6
    )


async def expressions(attacker: Attacker) -> None:
    agent = await attacker.create_agent({"type": "builtin", "name": "calculator"})
    for expression in EXPRESSIONS:
        arguments = orjson.dumps({"expression": expression}).decode()
        call = {"name": "calculator", "arguments": arguments}
        await attacker.run_tasks(agent, {"tool_calls": [call]})


async def url_templates(attacker: Attacker) -> None:
    """Many placeholders, with long values that must all be quoted."""
    template = f"{attacker.pages_url}/page/short?q=" + "{a}" * 600
    schema = {"type": "object", "properties": {"a": {}}, "required": ["a"]}
    tool = await attacker.create_tool(url_template=template, parameters=schema)
    body = {"arguments": {"a": "ä/" * 1_000_000}}
    if tool is None:
        return
    path = f"/api/http-tools/{tool}/test/"
    await repeated(4, lambda: attacker.send("POST", path, body))


_SHORT = ("objects", "million ids")

BODIES: tuple[Input, ...] = (
    *(
        Input(f"5 MB of {name}", FAMILY, posted(*body), is_short=name in _SHORT)
        for name, body in BODIES_OF_5_MB.items()
    ),
    Input("numbers of 10^30", FAMILY, huge_numbers),
    Input("search syntax", FAMILY, searches),
    Input("calculator expressions", FAMILY, expressions),
    Input("URL templates", FAMILY, url_templates),
)
