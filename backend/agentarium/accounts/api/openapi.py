"""The ways to sign in, for the OpenAPI schema."""

from typing import Any

from django.conf import settings
from drf_spectacular.extensions import OpenApiAuthenticationExtension

from agentarium.http.schema import API_TOKEN


class ApiTokenScheme(OpenApiAuthenticationExtension):
    target_class = "agentarium.accounts.api.authentication.ApiTokenAuthentication"
    name = API_TOKEN

    def get_security_definition(self, auto_schema: Any) -> dict[str, Any]:
        return {
            "type": "http",
            "scheme": "bearer",
            "bearerFormat": "agt_...",
            "description": "An API token. Each operation names the scope that the token "
            "needs: `read`, `run`, `approve` or `write`. None implies another.",
        }


class AccessTokenScheme(OpenApiAuthenticationExtension):
    target_class = "agentarium.accounts.api.authentication.AccessTokenAuthentication"
    name = "jwtAuth"

    def get_security_definition(self, auto_schema: Any) -> dict[str, Any]:
        return {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}


class PageSessionScheme(OpenApiAuthenticationExtension):
    target_class = "agentarium.accounts.api.authentication.PageSessionAuthentication"
    name = "session"

    def get_security_definition(self, auto_schema: Any) -> dict[str, Any]:
        return {"type": "apiKey", "in": "cookie", "name": settings.SESSION_COOKIE_NAME}
