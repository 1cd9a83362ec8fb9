"""How answers become bytes."""

from typing import Any

import orjson
from rest_framework import renderers
from rest_framework.utils.encoders import JSONEncoder

_FORM = orjson.OPT_UTC_Z | orjson.OPT_NON_STR_KEYS
_other = JSONEncoder().default


class JSONRenderer(renderers.JSONRenderer):
    """JSON as REST framework writes it, made by orjson."""

    def render(
        self,
        data: Any,
        accepted_media_type: str | None = None,
        renderer_context: Any = None,
    ) -> bytes:
        if data is None:
            return b""
        try:
            return orjson.dumps(data, _other, _FORM)
        except orjson.JSONEncodeError:
            # It knows no numbers beyond 64 bits; people may store them.
            return bytes(super().render(data, accepted_media_type, renderer_context))
