"""In which form an answer is given."""

from typing import Any

from rest_framework.negotiation import DefaultContentNegotiation
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request

# What nearly all callers accept: the first form that a route has.
ANYTHING = "*/*"


class ContentNegotiation(DefaultContentNegotiation):
    """As REST framework does it, but at once where everything is accepted."""

    def select_renderer(
        self,
        request: Request,
        renderers: Any,
        format_suffix: str | None = None,
    ) -> Any:
        first: BaseRenderer = renderers[0]
        accept = request.META.get("HTTP_ACCEPT", ANYTHING)
        if accept in (ANYTHING, first.media_type) and not request.META["QUERY_STRING"]:
            return first, first.media_type
        return super().select_renderer(request, renderers, format_suffix)
