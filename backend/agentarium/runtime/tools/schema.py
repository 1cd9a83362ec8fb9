"""A tool's JSON schema: what it may be, and whether a model's arguments fit it.

Both come from strangers. So patterns are matched in linear time, and nothing outside
of the schema is ever fetched.
"""

from collections.abc import Mapping
from typing import Any

import jsonschema_rs
import orjson

from agentarium.runtime.tools.base import ToolError

MAX_SCHEMA_BYTES = 50_000
MAX_ARGUMENTS_BYTES = 1_000_000
_SHOWN_ERRORS = 5
_SHOWN_CHARS = 300


class SchemaError(ValueError):
    """A schema that cannot be used, with a sentence that says why."""


class ArgumentsSchema:
    """The compiled schema of one tool's arguments. Raises `SchemaError`."""

    def __init__(self, schema: Mapping[str, Any]) -> None:
        schema = dict(schema) or {"type": "object"}
        _check_shape(schema)
        try:
            self._validator = jsonschema_rs.Draft202012Validator(
                schema,
                pattern_options=jsonschema_rs.RegexOptions(),
                retriever=_refuse_reference,
            )
        except (jsonschema_rs.ValidationError, jsonschema_rs.ReferencingError) as error:
            raise SchemaError(_told(error)) from error
        except ValueError as error:
            raise SchemaError("The schema is nested too deeply.") from error

    def read(self, text: str) -> dict[str, Any]:
        """The arguments in a model's JSON text. Raises `ToolError`.

        The sentence names what is wrong, so that the model can mend its call.
        """
        arguments = _parsed(text)
        self.check(arguments)
        return arguments

    def check(self, arguments: Mapping[str, Any]) -> None:
        """Raise `ToolError` unless the arguments fit."""
        wrong = [_told(error) for error in self._validator.iter_errors(arguments)]
        if not wrong:
            return
        more = len(wrong) - _SHOWN_ERRORS
        rest = f" And {more} more." if more > 0 else ""
        raise ToolError(
            "The arguments do not fit the tool's schema. "
            + " ".join(wrong[:_SHOWN_ERRORS])
            + rest
        )


def _parsed(text: str) -> dict[str, Any]:
    if len(text) > MAX_ARGUMENTS_BYTES:
        raise ToolError("The arguments are too long.")
    try:
        # Many a model sends nothing at all to a tool without parameters.
        arguments = orjson.loads(text.strip() or "{}")
    except orjson.JSONDecodeError as error:
        raise ToolError(f"The arguments are not valid JSON: {error}.") from error
    if not isinstance(arguments, dict):
        raise ToolError("The arguments must be one JSON object.")
    return arguments


def _check_shape(schema: dict[str, Any]) -> None:
    """What models take as a tool's parameters: the schema of an object, not too large."""
    try:
        size = len(orjson.dumps(schema))
    except TypeError as error:
        raise SchemaError("The schema is nested too deeply, or no JSON.") from error
    if size > MAX_SCHEMA_BYTES:
        raise SchemaError(f"The schema is larger than {MAX_SCHEMA_BYTES} bytes.")
    if schema.get("type") != "object":
        raise SchemaError('The schema must be that of an object: "type": "object".')


def _refuse_reference(_: str) -> Any:
    raise ValueError("A schema may refer to its own parts only.")


def _told(error: jsonschema_rs.ValidationError | jsonschema_rs.ReferencingError) -> str:
    if isinstance(error, jsonschema_rs.ReferencingError):
        return "The schema refers to something that is not part of it."
    if isinstance(error.kind, jsonschema_rs.ValidationErrorKind.Referencing):
        return "The schema refers to something that is not part of it."
    path = ".".join(str(part) for part in error.instance_path)
    message = error.message
    if len(message) > _SHOWN_CHARS:
        message = f"{message[:_SHOWN_CHARS]}…"
    return f"{path}: {message}." if path else f"{message}."
