"""The OpenAPI schema, with every problem that an operation may return."""

import functools
from typing import Any

from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.plumbing import force_instance
from drf_spectacular.utils import OpenApiResponse
from rest_framework import serializers
from rest_framework.permissions import AllowAny

from agentarium.http.problems import MEDIA_TYPE


class FieldErrorSerializer(serializers.Serializer[Any]):
    """What is wrong with one field."""

    code = serializers.CharField()
    detail = serializers.CharField()


class ProblemSerializer(serializers.Serializer[Any]):
    """An error, in the format of RFC 9457."""

    type = serializers.CharField()
    title = serializers.CharField()
    status = serializers.IntegerField()
    code = serializers.CharField(help_text="For programs: it is stable.")
    detail = serializers.CharField(help_text="For people: it may change.")
    instance = serializers.CharField(help_text="The path of the request.")
    errors = serializers.DictField(  # type: ignore[assignment]
        child=FieldErrorSerializer(many=True),
        required=False,
        help_text="Errors by field. Names of nested fields are joined with dots.",
    )
    quota = serializers.CharField(
        required=False, help_text="For `quota_exceeded`: the name of the quota."
    )
    used = serializers.IntegerField(
        required=False, help_text="For `quota_exceeded`: how much you have."
    )
    limit = serializers.IntegerField(
        required=False, help_text="For `quota_exceeded`: how much you may have."
    )
    request_id = serializers.CharField(
        required=False,
        help_text="Only for an unexpected error: search the server's log for it.",
    )


# The name of the scheme of API tokens, whose scopes the schema names.
API_TOKEN = "apiToken"  # noqa: S105

PROBLEM_DESCRIPTIONS = {
    "400": "The input is not valid.",
    "401": "The credentials are missing or not valid.",
    "403": "The credentials do not allow this.",
    "404": "There is no such object, or it is not yours.",
    "409": "The object is not in a state that allows this, or a quota is used up.",
    "414": "The query string is too long.",
    "429": "Too many requests. `Retry-After` says when to try again.",
}


class ProblemAutoSchema(AutoSchema):
    """Adds the problems that an operation may return, judging by its kind."""

    def get_auth(self) -> list[dict[str, Any]]:
        """The ways to sign in; an API token with the scope that it needs."""
        ways: list[dict[str, Any]] = super().get_auth()
        return [
            {API_TOKEN: self._scopes()} if API_TOKEN in way else way
            for way in ways
            if API_TOKEN not in way or self._takes_tokens()
        ]

    def _scopes(self) -> list[str]:
        return [
            permission.token_scope(self.method, self.view)
            for permission in self.view.get_permissions()
            if hasattr(permission, "token_scope")
        ]

    def _takes_tokens(self) -> bool:
        return not any(
            permission.refuses_tokens(self.method)
            for permission in self.view.get_permissions()
            if hasattr(permission, "refuses_tokens")
        )

    def _get_response_bodies(self, direction: Any = "response") -> dict[str, Any]:
        bodies: dict[str, Any] = super()._get_response_bodies(direction)
        for code in self._problem_codes():
            if code not in bodies:
                response = OpenApiResponse(
                    ProblemSerializer, PROBLEM_DESCRIPTIONS[code]
                )
                bodies[code] = self._get_response_for_code(  # type: ignore[no-untyped-call]
                    response, code, [MEDIA_TYPE], direction
                )
        return dict(sorted(bodies.items()))

    def _map_basic_serializer(self, serializer: Any, direction: Any) -> Any:
        """A response has every field, including those that a request may omit."""
        schema = super()._map_basic_serializer(serializer, direction)  # type: ignore[no-untyped-call]
        serializer = force_instance(serializer)
        if direction == "response" and isinstance(
            serializer, serializers.ModelSerializer
        ):
            schema["required"] = sorted(schema["properties"])
        return schema

    def _problem_codes(self) -> set[str]:
        codes = {"429"}
        # A POST that is open to all is a way to sign in, and may refuse.
        if not self._is_open() or self.method == "POST":
            codes |= {"401", "403"}
        if self.method in {"POST", "PUT", "PATCH"} or self._is_list_view():
            codes.add("400")
        if self._is_list_view():
            codes.add("414")
        if "{" in self.path:
            codes.add("404")
        # Whatever stores something may exceed a quota.
        if self.method in {"POST", "PUT", "PATCH"} and not self._is_open():
            codes.add("409")
        return codes

    def _is_open(self) -> bool:
        return any(isinstance(p, AllowAny) for p in self.view.get_permissions())


class CachedGenerator(SchemaGenerator):
    """Generates the schema once: it is the same for everyone."""

    def get_schema(self, request: Any = None, public: bool = False) -> Any:  # noqa: FBT001, FBT002
        return _schema_for_all()


@functools.cache
def _schema_for_all() -> Any:
    return SchemaGenerator().get_schema(request=None, public=True)
