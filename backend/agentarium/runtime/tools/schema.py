"""Validates the JSON schemas of tools, and a model's arguments against them.

Both are untrusted. So patterns are matched in linear time, and external references are
never fetched.
"""

from collections.abc import Mapping
from typing import Any

import jsonschema_rs
import orjson

from agentarium.runtime.tools.base import ToolError

MAX_SCHEMA_BYTES = 50_000
MAX_ARGUMENTS_BYTES = 1_000_000
_MAX_ERRORS = 5
_MAX_ERROR_CHARS = 300


class SchemaError(ValueError):
    """A schema that cannot be used; the message says why."""


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
            raise SchemaError(_message(error)) from error
        except ValueError as error:
            raise SchemaError("The schema is nested too deeply.") from error

    def read(self, text: str) -> dict[str, Any]:
        """Parse and check a model's arguments. Raises `ToolError`.

        The message names the errors, so that the model can correct its call.
        """
        arguments = _parsed(text)
        self.check(arguments)
        return arguments

    def check(self, arguments: Mapping[str, Any]) -> None:
        """Raise `ToolError` unless the arguments match the schema."""
        errors = [_message(error) for error in self._validator.iter_errors(arguments)]
        if not errors:
            return
        hidden = len(errors) - _MAX_ERRORS
        suffix = f" And {hidden} more." if hidden > 0 else ""
        raise ToolError(
            "The arguments do not match the tool's schema. "
            + " ".join(errors[:_MAX_ERRORS])
            + suffix
        )


def _parsed(text: str) -> dict[str, Any]:
    if len(text) > MAX_ARGUMENTS_BYTES:
        raise ToolError("The arguments are too long.")
    try:
        # Many models send an empty string to a tool without parameters.
        arguments = orjson.loads(text.strip() or "{}")
    except orjson.JSONDecodeError as error:
        raise ToolError(f"The arguments are not valid JSON: {error}.") from error
    if not isinstance(arguments, dict):
        raise ToolError("The arguments must be a JSON object.")
    return arguments


def _check_shape(schema: dict[str, Any]) -> None:
    """Check what models require of a tool's schema: an object, and not too large."""
    try:
        size = len(orjson.dumps(schema))
    except TypeError as error:
        raise SchemaError("The schema is nested too deeply, or is not JSON.") from error
    if size > MAX_SCHEMA_BYTES:
        raise SchemaError(f"The schema is larger than {MAX_SCHEMA_BYTES} bytes.")
    if schema.get("type") != "object":
        raise SchemaError('The schema must describe an object. Set "type" to "object".')


def _refuse_reference(_: str) -> Any:
    raise ValueError("A schema may only refer to its own parts.")


def _message(
    error: jsonschema_rs.ValidationError | jsonschema_rs.ReferencingError,
) -> str:
    if isinstance(error, jsonschema_rs.ReferencingError):
        return "The schema refers to something outside itself. Refer to its own parts only."
    if isinstance(error.kind, jsonschema_rs.ValidationErrorKind.Referencing):
        return "The schema refers to something outside itself. Refer to its own parts only."
    path = ".".join(str(part) for part in error.instance_path)
    message = error.message
    if len(message) > _MAX_ERROR_CHARS:
        message = f"{message[:_MAX_ERROR_CHARS]}…"
    return f"{path}: {message}." if path else f"{message}."
