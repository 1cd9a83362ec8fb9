"""The response to OPTIONS."""

from typing import Any

from rest_framework.metadata import BaseMetadata
from rest_framework.request import Request


class AllowedMethods(BaseMetadata):
    """Only the `Allow` header: the OpenAPI schema describes the rest."""

    def determine_metadata(self, request: Request, view: Any) -> dict[str, Any]:
        return {}
