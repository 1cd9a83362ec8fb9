"""What OPTIONS answers."""

from typing import Any

from rest_framework.metadata import BaseMetadata
from rest_framework.request import Request


class AllowedMethods(BaseMetadata):
    """Nothing but the `Allow` header: the OpenAPI description says the rest."""

    def determine_metadata(self, request: Request, view: Any) -> dict[str, Any]:
        return {}
