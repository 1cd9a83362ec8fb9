"""Pages of lists: `limit` and `offset` as usual, `next` and `previous` by page cursor.

A page cursor is the signed content of `?cursor=`: a direction, the names of the columns
that the list is ordered by, and their values in the row at the edge of the page. It is
valid only for the same order (`_decode`). `db/keyset.py` turns it into a condition, so
that a page costs the same wherever it is.
"""

from collections.abc import Sequence
from http import HTTPStatus
from typing import Any, NamedTuple

from django.core import signing
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from rest_framework.pagination import BasePagination
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.utils.urls import remove_query_param, replace_query_param
from rest_framework.views import APIView

from agentarium.core.exceptions import DomainError, FieldError, InvalidInputError
from agentarium.db.compiled_query import count_rows
from agentarium.db.keyset import Key, beyond, keys_of, ordered

COUNTED_ROWS = 10_000
MAX_OFFSET = 1_000_000_000
PARAMETERS = frozenset({"limit", "offset", "cursor"})


class InvalidPageCursorError(DomainError):
    """The cursor is not valid for this list. Take it from `next` or `previous`."""

    code = "invalid_cursor"
    status = HTTPStatus.BAD_REQUEST


class PageCursor(NamedTuple):
    """A place in a list: after a row, or before it."""

    forward: bool
    values: list[Any]


class KeysetPagination(BasePagination):
    """Every page costs as much as the first, and no page shifts when rows are added.

    `count` is exact up to 10,000 rows. If there are more, it is 10,000, and
    `count_is_exact` is false.
    """

    default_limit = 20
    max_limit = 100
    # Set by a subclass that has not counted all rows, although `count` is below the limit.
    is_lower_bound = False

    def paginate_queryset(
        self, queryset: Any, request: Request, view: APIView | None = None
    ) -> list[Any]:
        self.url = request.build_absolute_uri()
        self.limit = _number(request, "limit", self.default_limit, 1, self.max_limit)
        self.offset = _number(request, "offset", 0, 0, MAX_OFFSET)
        self.keys = self.keys_of(queryset)
        self.cursor = self._cursor(request)
        rows = self._rows(queryset)
        self.has_more = len(rows) > self.limit
        self.page = rows[: self.limit]
        self.count = self._count(queryset)
        if self.cursor and not self.cursor.forward:
            self.page.reverse()
        return self.page

    def keys_of(self, queryset: Any) -> list[Key]:
        """The columns that the list is ordered by."""
        return keys_of(queryset)

    def get_paginated_response(self, data: Any) -> Response:
        is_exact = self.count <= COUNTED_ROWS and not self.is_lower_bound
        return Response(
            {
                "count": min(self.count, COUNTED_ROWS),
                "count_is_exact": is_exact,
                "next": self._next(),
                "previous": self._previous(),
                "results": data,
            }
        )

    def _rows(self, queryset: QuerySet[Any]) -> list[Any]:
        """The page's rows and one more, which shows whether there is another page."""
        keys = self.keys
        if self.cursor and not self.cursor.forward:
            keys = [key.reversed() for key in keys]
        after = self.cursor.values if self.cursor else None
        return self.read(queryset, keys, after)[self.offset :]

    @property
    def size(self) -> int:
        """The number of rows to read: the offset, the page, and one more."""
        return self.offset + self.limit + 1

    def read(
        self, queryset: Any, keys: Sequence[Key], after: Sequence[Any] | None
    ) -> list[Any]:
        """The first rows in this order, or the first after the row with these values."""
        if after is not None:
            queryset = queryset.filter(beyond(keys, after))
        return self.fetch(queryset, keys)

    def fetch(self, queryset: Any, keys: Sequence[Key]) -> list[Any]:
        """The first rows of the queryset in this order."""
        return list(ordered(queryset, keys)[: self.size])

    def _count(self, queryset: QuerySet[Any]) -> int:
        """The number of rows, at most `COUNTED_ROWS` + 1."""
        read = self.offset + len(self.page)
        is_last = not self.has_more and (self.page or not self.offset)
        if is_last and not self.cursor:
            return read
        return self.count_up(queryset)

    def count_up(self, queryset: QuerySet[Any]) -> int:
        """The number of rows by a query, at most `COUNTED_ROWS` + 1."""
        return count_rows(queryset, COUNTED_ROWS + 1)

    def _next(self) -> str | None:
        backward = self.cursor is not None and not self.cursor.forward
        if not (self.has_more or backward):
            return None
        return self._link(forward=True)

    def _previous(self) -> str | None:
        backward = self.cursor is not None and not self.cursor.forward
        came_forward = self.offset > 0 or (self.cursor is not None and not backward)
        if not (came_forward or (backward and self.has_more)):
            return None
        return self._link(forward=False)

    def _link(self, *, forward: bool) -> str:
        """The link to the page beyond this page's edge, or from an empty page to the start."""
        url = remove_query_param(remove_query_param(self.url, "offset"), "cursor")
        if not self.page:
            return str(url)
        row = self.page[-1 if forward else 0]
        cursor = _encode(self.keys, row, forward=forward)
        return str(replace_query_param(url, "cursor", cursor))

    def _cursor(self, request: Request) -> PageCursor | None:
        text = request.query_params.get("cursor")
        if not text:
            return None
        if self.offset:
            raise InvalidInputError(
                errors={
                    "offset": [
                        FieldError("invalid", "Use either an offset or a cursor.")
                    ]
                }
            )
        return _decode(self.keys, text)

    def get_schema_operation_parameters(self, view: Any) -> list[dict[str, Any]]:
        limit = {"type": "integer", "minimum": 1, "maximum": self.max_limit}
        offset = {"type": "integer", "minimum": 0, "maximum": MAX_OFFSET, "default": 0}
        return [
            _parameter(
                "limit",
                "Number of rows per page.",
                limit | {"default": self.default_limit},
            ),
            _parameter("offset", "Number of rows to skip.", offset),
            _parameter(
                "cursor",
                "Where the page begins. Take it from `next` or `previous`.",
                {"type": "string"},
            ),
        ]

    def get_paginated_response_schema(self, schema: dict[str, Any]) -> dict[str, Any]:
        link = {"type": ["string", "null"], "format": "uri"}
        properties = {
            "count": {
                "type": "integer",
                "description": "The number of rows, at most 10,000.",
            },
            "count_is_exact": {
                "type": "boolean",
                "description": "False if there are more rows than `count`.",
            },
            "next": link | {"description": "The page after this one."},
            "previous": link | {"description": "The page before this one."},
            "results": schema,
        }
        return {
            "type": "object",
            "required": list(properties),
            "properties": properties,
        }


def _number(
    request: Request, name: str, default: int, smallest: int, largest: int
) -> int:
    text = request.query_params.get(name, "")
    if not text:
        return default
    # More digits would be out of range, and slow to parse.
    number = int(text) if text.isdecimal() and len(text) <= 10 else -1
    if smallest <= number <= largest:
        return number
    detail = f"Use a whole number from {smallest} to {largest}."
    raise InvalidInputError(errors={name: [FieldError("invalid", detail)]})


def _parameter(name: str, description: str, schema: dict[str, Any]) -> dict[str, Any]:
    return {
        "name": name,
        "in": "query",
        "required": False,
        "description": description,
        "schema": schema,
    }


def _encode(keys: Sequence[Key], row: Any, *, forward: bool) -> str:
    values = [_plain(key.value(row)) for key in keys]
    content = [forward, [key.term for key in keys], values]
    return _signer().sign_object(content)


def _signer() -> signing.Signer:
    # Not the default ":", which would become "%3A" in a URL.
    return signing.Signer(salt=__name__, sep="~")


def _plain(value: Any) -> str | int | float | bool | None:
    """The value for JSON. Dates and decimals become text, which keeps every digit."""
    if value is None or isinstance(value, str | int | float):
        return value
    return str(value)


def _decode(keys: Sequence[Key], text: str) -> PageCursor:
    try:
        forward, terms, values = _signer().unsign_object(text)
        if terms != [key.term for key in keys]:
            raise InvalidPageCursorError
        pairs = zip(keys, values, strict=True)
        return PageCursor(forward, [key.field.to_python(value) for key, value in pairs])
    except (signing.BadSignature, ValueError, ValidationError) as error:
        raise InvalidPageCursorError from error
