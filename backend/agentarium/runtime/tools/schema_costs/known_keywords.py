"""Decides whether all keywords of a JSON schema are ones whose costs are known.

Only such a schema is compiled in this process. What a validator does with anything else
(references to other names, annotations that are evaluated, values of a wrong form, which
the check against the meta-schema may take quadratic time for) is not ours to know.
"""

import math
import re
from collections.abc import Callable, Iterator
from typing import Any

_PLAIN_REFERENCE = re.compile(r"#(/(\$defs|definitions)/[A-Za-z0-9_.-]{1,200})?")
_PLAIN_SCHEMA_VERSION = re.compile(
    r"https?://json-schema\.org/draft(-0[4-7]|/20(19-09|20-12))/schema#?"
)
_MAX_TYPES = 7
# Other divisors, and the quotients of some with floats, have hundreds of digits.
_MIN_DIVISOR, _MAX_DIVISOR = 1e-10, 2**53
_MAX_INTEGER = 2**64
_MAX_NESTING = 200


def has_known_keywords(schema: dict[str, Any]) -> bool:
    """Whether a schema, with all parts of it, has only keywords of known costs."""
    parts: list[tuple[Any, int]] = [(schema, 0)]
    while parts:
        part, depth = parts.pop()
        if isinstance(part, bool):
            continue
        if not isinstance(part, dict) or depth > _MAX_NESTING:
            return False
        if not all(_is_known(name, value, depth) for name, value in part.items()):
            return False
        parts += ((inner, depth + 1) for inner in _subschemas(part))
    return True


def _is_known(name: str, value: Any, depth: int) -> bool:
    if name in _SCHEMAS:
        return True
    if name == "$schema":
        return depth == 0 and _has_form(_PLAIN_SCHEMA_VERSION, value)
    has_known_form = _FORMS.get(name)
    return has_known_form is not None and has_known_form(value)


def _subschemas(part: dict[str, Any]) -> Iterator[Any]:
    """Everything in the places of subschemas, also what is none."""
    for name, value in part.items():
        form = _SCHEMAS.get(name)
        if form is None:
            continue
        if form is dict and isinstance(value, dict):
            yield from value.values()
        elif form is list and isinstance(value, list):
            yield from value
        else:
            # A wrong form is no schema.
            yield value if form is object else None


def _has_form(pattern: re.Pattern[str], value: Any) -> bool:
    return isinstance(value, str) and pattern.fullmatch(value) is not None


def _is_anything(_: Any) -> bool:
    return True


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


def _is_number(value: Any) -> bool:
    if type(value) is int:
        return abs(value) < _MAX_INTEGER
    return type(value) is float and math.isfinite(value)


def _is_count(value: Any) -> bool:
    return type(value) is int and 0 <= value < _MAX_INTEGER


def _is_divisor(value: Any) -> bool:
    return _is_number(value) and _MIN_DIVISOR <= value <= _MAX_DIVISOR


def _is_list_of_texts(value: Any) -> bool:
    return isinstance(value, list) and all(map(_is_text, value))


def _is_type(value: Any) -> bool:
    return _is_text(value) or (_is_list_of_texts(value) and len(value) <= _MAX_TYPES)


def _are_lists_of_texts(value: Any) -> bool:
    return isinstance(value, dict) and all(map(_is_list_of_texts, value.values()))


def _is_list(value: Any) -> bool:
    return isinstance(value, list)


def _is_plain_reference(value: Any) -> bool:
    return _has_form(_PLAIN_REFERENCE, value)


# Keyword -> whether its value is a schema, a list of them, or an object of them.
_SCHEMAS: dict[str, type] = {
    **dict.fromkeys(("$defs", "definitions", "dependentSchemas"), dict),
    **dict.fromkeys(("properties", "patternProperties"), dict),
    **dict.fromkeys(("allOf", "anyOf", "oneOf", "prefixItems"), list),
    **dict.fromkeys(("not", "if", "then", "else"), object),
    **dict.fromkeys(("items", "contains", "propertyNames"), object),
    "additionalProperties": object,
}
_FORMS: dict[str, Callable[[Any], bool]] = {
    # The version of JSON Schema that we use checks no formats.
    **dict.fromkeys(("title", "description", "$comment", "format"), _is_text),
    **dict.fromkeys(("default", "const", "examples"), _is_anything),
    **dict.fromkeys(("deprecated", "readOnly", "writeOnly"), _is_anything),
    **dict.fromkeys(("minimum", "exclusiveMinimum"), _is_number),
    **dict.fromkeys(("maximum", "exclusiveMaximum"), _is_number),
    **dict.fromkeys(("minLength", "maxLength", "minItems", "maxItems"), _is_count),
    **dict.fromkeys(("minContains", "maxContains"), _is_count),
    **dict.fromkeys(("minProperties", "maxProperties"), _is_count),
    "type": _is_type,
    "enum": _is_list,
    "pattern": _is_text,
    "required": _is_list_of_texts,
    "dependentRequired": _are_lists_of_texts,
    "multipleOf": _is_divisor,
    "$ref": _is_plain_reference,
}
