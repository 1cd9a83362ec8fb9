"""Checks a model's arguments against the JSON schemas of tools.

Both are untrusted, and the check holds the interpreter lock. So it is made here only if
its cost is known to be small, and otherwise in a process that can be killed.
"""

import json
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from typing import Any

import orjson

from agentarium.runtime.arguments import (
    MAX_ARGUMENTS_CHARS,
    ArgumentsError,
    parse_arguments,
    plain_arguments,
)
from agentarium.runtime.schema_forms import current_draft
from agentarium.runtime.tools.base import ToolError
from agentarium.runtime.tools.schema_costs.cost import CostlySchemaError, schema_cost
from agentarium.runtime.tools.schema_validator import SchemaError, compiled
from agentarium.runtime.utility_process.pool import Outcome, UtilityPool

MAX_SCHEMA_BYTES = 50_000
CHECK_SECONDS = 1.0
# How long a check in this process may hold the interpreter lock, in nanoseconds.
_MAX_HOLD_NS = 20_000_000
# Such a schema is compiled here, since it can check at least 200 bytes here.
_MAX_NS_PER_BYTE = 100_000

# For the other schemas of the same owner, and a check.
_MAX_WAIT_SECONDS = 3.0

Wait = Callable[[Future[Outcome], float], Outcome]

_NOT_MATCHING = "The arguments do not match the tool's schema."

schema_pool = UtilityPool(
    "agentarium.runtime.tools.schema_process", seconds=CHECK_SECONDS
)


class ArgumentsSchema:
    """The schema of one tool's arguments. Raises `SchemaError`.

    A schema whose cost may be high is compiled in another process, for each check;
    `require_usable` finds out whether it can be. `owner` is whose share of those
    processes is used.
    """

    def __init__(self, schema: Mapping[str, Any]) -> None:
        _check_form(schema)
        schema = current_draft(schema) or {"type": "object"}
        self._text = orjson.dumps(schema).decode()
        try:
            cost = schema_cost(schema)
        except CostlySchemaError as error:
            raise SchemaError(str(error)) from error
        self._ns_per_byte = cost.ns_per_byte
        is_cheap = cost.is_bounded and cost.ns_per_byte <= _MAX_NS_PER_BYTE
        self._validator = compiled(schema) if is_cheap else None

    async def read(self, text: str, *, owner: int) -> dict[str, Any]:
        """Parse and check a model's arguments. Raises `ToolError`.

        The message names the errors, so that the model can correct its call.
        """
        try:
            arguments, text = parse_arguments(text), plain_arguments(text)
        except ArgumentsError as error:
            raise ToolError(str(error)) from error
        await self._check(arguments, text, owner)
        return arguments

    async def check(self, arguments: Mapping[str, Any], *, owner: int) -> None:
        """Raise `ToolError` unless the arguments match the schema."""
        try:
            text = json.dumps(arguments, ensure_ascii=False, allow_nan=False)
            size = len(text.encode())
        except (ValueError, RecursionError) as error:
            raise ToolError("The arguments are not valid JSON.") from error
        if size > MAX_ARGUMENTS_CHARS:
            raise ToolError("The arguments are too long.")
        await self._check(arguments, text, owner)

    def require_usable(self, *, owner: int, wait: Wait = Future.result) -> None:
        """Raise `SchemaError` if the schema cannot be compiled in the time for a check.

        Blocks for up to three seconds: do not call it on an event loop. `wait` returns
        the result of a future, and raises `TimeoutError` after so many seconds; other
        errors pass.
        """
        if self._validator is not None:
            return
        answer = schema_pool.submit({"schema": self._text}, owner=owner)
        try:
            _merged(wait(answer, _MAX_WAIT_SECONDS))
        except TimeoutError as error:
            raise SchemaError("Too many schemas are being checked.") from error
        finally:
            answer.cancel()

    async def _check(self, arguments: Mapping[str, Any], text: str, owner: int) -> None:
        is_here = len(text.encode()) * self._ns_per_byte <= _MAX_HOLD_NS
        if self._validator is not None and is_here:
            try:
                if self._validator.is_valid(arguments):
                    return
            except ValueError as error:
                raise ToolError("The arguments are nested too deeply.") from error
        schema = {"schema": self._text}
        request = schema | {"arguments": text}
        _check_answers(await schema_pool.ask(request, owner=owner, beginning=schema))


def _check_form(schema: Mapping[str, Any]) -> None:
    """Check what models require: an object, not too large."""
    try:
        text = orjson.dumps(schema)
    except TypeError as error:
        raise SchemaError("The schema is nested too deeply, or is not JSON.") from error
    if len(text) > MAX_SCHEMA_BYTES:
        raise SchemaError(f"The schema is larger than {MAX_SCHEMA_BYTES} bytes.")
    kinds = schema.get("type", "object")
    # Without a type, a reference or alternatives say what the object is.
    if "object" not in (kinds if isinstance(kinds, list) else [kinds]):
        raise SchemaError('The schema must describe an object. Set "type" to "object".')


def _merged(outcome: Outcome) -> dict[str, Any]:
    """All answers in one. Raises `SchemaError` if the schema could not be compiled."""
    answers: dict[str, Any] = {}
    for answer in outcome.answers:
        answers |= answer
    if "is_usable" not in answers:
        raise SchemaError(
            answers.get("schema_error", "The schema takes too long to compile.")
        )
    return answers


def _check_answers(outcome: Outcome) -> None:
    """Raise `ToolError` unless the arguments match, with what is known of the errors."""
    try:
        answers = _merged(outcome)
    except SchemaError as error:
        raise ToolError(f"The tool cannot be called. {error}") from error
    if "is_valid" not in answers:
        raise ToolError("The arguments take too long to check. Send less.")
    if not answers["is_valid"]:
        path = ".".join(map(str, answers.get("path", ())))
        place = f"There is an error in or below {path}." if path else ""
        raise ToolError(f"{_NOT_MATCHING} {answers.get('errors', place)}".strip())
