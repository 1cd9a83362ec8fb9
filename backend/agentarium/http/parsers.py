"""Parsers of request bodies."""

from collections.abc import Mapping
from typing import IO, Any

from django.conf import settings
from rest_framework.exceptions import ParseError
from rest_framework.parsers import JSONParser

from agentarium.core.exceptions import ContentTooLargeError


class BoundedJSONParser(JSONParser):
    """JSON up to the upload limit, nested no deeper than Python can parse."""

    def parse(
        self,
        stream: IO[Any],
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> dict[str, Any]:
        meta = (parser_context or {})["request"].META
        # Django reads at most this many bytes, and nothing without a valid number.
        length = str(meta.get("CONTENT_LENGTH", ""))
        if length.isdecimal() and int(length) > settings.DATA_UPLOAD_MAX_MEMORY_SIZE:
            raise ContentTooLargeError
        try:
            return super().parse(stream, media_type, parser_context)
        except RecursionError as error:
            raise ParseError("The JSON is nested too deeply.") from error
