"""Compiles JSON schemas, and puts their errors into words.

Patterns are matched without backtracking, and external references are never fetched.
"""

from collections.abc import Mapping
from itertools import islice
from typing import Any

import jsonschema_rs

MAX_ERRORS = 5
# More are not counted.
_MAX_COUNTED = 1_000
_MAX_ERROR_CHARS = 300
# Of a compiled pattern. Patterns for addresses, dates and identifiers take a tenth.
_PATTERNS = jsonschema_rs.RegexOptions(size_limit=500_000, dfa_size_limit=200_000)


class SchemaError(ValueError):
    """A schema that cannot be used; the message says why."""


def compiled(schema: Mapping[str, Any]) -> jsonschema_rs.Draft202012Validator:
    """Compile a schema. Raises `SchemaError`."""
    try:
        return jsonschema_rs.Draft202012Validator(
            dict(schema), pattern_options=_PATTERNS, retriever=_refuse_reference
        )
    except (jsonschema_rs.ValidationError, jsonschema_rs.ReferencingError) as error:
        raise SchemaError(_schema_message(error)) from error
    except ValueError as error:
        raise SchemaError("The schema is nested too deeply.") from error


def validators_by_pointer(schema: Mapping[str, Any]) -> jsonschema_rs.ValidatorMap:
    """The validators of all parts of a schema that can be compiled, by JSON pointer."""
    return jsonschema_rs.validator_map_for(
        dict(schema), pattern_options=_PATTERNS, retriever=_refuse_reference
    )


def described_errors(
    validator: jsonschema_rs.Draft202012Validator, arguments: Any
) -> str:
    """The first errors in words, and how many more there are."""
    errors = validator.iter_errors(arguments)
    messages = [_message(error) for error in islice(errors, MAX_ERRORS)]
    hidden = sum(1 for _ in islice(errors, _MAX_COUNTED))
    suffix = f" And {hidden} more." if hidden else ""
    return " ".join(messages) + suffix


def _refuse_reference(_: str) -> Any:
    raise ValueError("A schema may only refer to its own parts.")


def _schema_message(
    error: jsonschema_rs.ValidationError | jsonschema_rs.ReferencingError,
) -> str:
    is_reference = isinstance(error, jsonschema_rs.ReferencingError) or isinstance(
        error.kind, jsonschema_rs.ValidationErrorKind.Referencing
    )
    if is_reference:
        return "The schema refers to something outside itself. Refer to its own parts only."
    assert isinstance(error, jsonschema_rs.ValidationError)
    if error.message.endswith('is not a "regex"'):
        return f"{_message(error)} It is too large, or uses something unsupported."
    return _message(error)


def _message(error: jsonschema_rs.ValidationError) -> str:
    path = ".".join(str(part) for part in error.instance_path)
    message = error.message
    if len(message) > _MAX_ERROR_CHARS:
        # A message begins with the value, and ends with what it does not match.
        half = _MAX_ERROR_CHARS // 2
        message = f"{message[:half]} … {message[-half:]}"
    return f"{path}: {message}." if path else f"{message}."
