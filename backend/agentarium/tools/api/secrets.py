"""The secrets of HTTP tools and MCP servers: fields, and what is refused."""

import re
from collections.abc import Callable, Mapping
from typing import Any

from rest_framework import serializers

from agentarium.runtime.tools.http import HeaderError, check_header
from agentarium.runtime.tools.http_template import TemplateError, UrlTemplate
from agentarium.runtime.tools.url_credentials import clear_credential
from agentarium.tools.models import DeclaredModel
from agentarium.tools.services import SECRET_MAPS, Secrets

MAX_SECRETS = 20
MAX_SECRET_CHARS = 4_000
_URL_SECRET_NAME = re.compile(r"[A-Za-z0-9_.~\[\]-]{1,100}")


class SecretsField(serializers.DictField):
    """Secrets by name. They are write-only; null keeps the stored value."""

    child = serializers.CharField(
        allow_null=True, max_length=MAX_SECRET_CHARS, trim_whitespace=False
    )

    def __init__(
        self,
        *,
        plural: str,
        find_problem: Callable[[str, str | None], str],
        help_text: str,
        **options: Any,
    ) -> None:
        """`find_problem` says what is wrong with a secret; it never shows the value."""
        super().__init__(
            write_only=True, required=False, help_text=help_text, **options
        )
        self.plural = plural
        self.find_problem = find_problem

    def to_internal_value(self, data: Any) -> Any:
        if isinstance(data, dict) and len(data) > MAX_SECRETS:
            raise serializers.ValidationError(
                f"Set at most {MAX_SECRETS} {self.plural}.", "max_length"
            )
        secrets = super().to_internal_value(data)
        problems = {
            name: problem
            for name, value in secrets.items()
            if (problem := self.find_problem(name, value))
        }
        if problems:
            raise serializers.ValidationError(problems)
        return secrets


class HeadersField(SecretsField):
    def __init__(self, **options: Any) -> None:
        super().__init__(
            plural="headers",
            find_problem=_problem_of_header,
            help_text="Replace the stored headers; null keeps the stored value.",
            **options,
        )

    def to_internal_value(self, data: Any) -> Any:
        headers = super().to_internal_value(data)
        if len({name.lower() for name in headers}) < len(headers):
            raise serializers.ValidationError(
                "A header is given twice. Names are not case-sensitive.", "duplicate"
            )
        return headers


class UrlSecretsField(SecretsField):
    def __init__(self, **options: Any) -> None:
        super().__init__(
            plural="secrets of the address",
            find_problem=_problem_of_url_secret,
            help_text="Secret parts of the address, such as an `api_key`. A secret fills "
            "the {placeholder} with its name, or is added as a query parameter. Replaces "
            "the stored ones; null keeps the stored value.",
            **options,
        )


def _problem_of_header(name: str, value: str | None) -> str:
    try:
        check_header(name, value or "")
    except HeaderError as error:
        return str(error)
    return ""


def _problem_of_url_secret(name: str, value: str | None) -> str:
    if not _URL_SECRET_NAME.fullmatch(name):
        return "Use letters, digits and . _ ~ [ ] - for its name."
    if value is not None and not value.isprintable():
        return "Write the value in one line."
    return ""


def check_address_secrets(
    field: str, attrs: Mapping[str, Any], row: DeclaredModel | None
) -> frozenset[str]:
    """Check the address with its secrets, and return the names of the secrets.

    A credential in plain text is refused, unless it is stored already.
    """
    url = attrs.get(field, getattr(row, field, ""))
    names = frozenset(attrs.get("url_secrets", getattr(row, "url_secrets", {})))
    if row is None or url != getattr(row, field):
        _refuse_clear_credential(field, url)
    if not names:
        return names
    try:
        parameters = UrlTemplate(url).query_names
    except TemplateError as error:
        raise _invalid(field, "invalid_url", str(error)) from error
    if twice := sorted(names & parameters):
        detail = f"Remove `{twice[0]}` from the address: its secret is added to it."
        raise _invalid(field, "duplicate", detail)
    return names


def _refuse_clear_credential(field: str, url: str) -> None:
    if name := clear_credential(url):
        raise _invalid(
            field,
            "secret_in_url",
            f"Remove `{name}` from the address, which is shown to all who can read it, "
            f"and give its value in `url_secrets`, which is encrypted.",
        )


def _invalid(field: str, code: str, detail: str) -> serializers.ValidationError:
    return serializers.ValidationError({field: serializers.ErrorDetail(detail, code)})


def with_secrets(fields: dict[str, Any]) -> dict[str, Any]:
    """The validated fields as the services take them, with the secrets in one object."""
    given = {name: fields.get(name) for name in SECRET_MAPS}
    others = {name: fields[name] for name in fields if name not in SECRET_MAPS}
    return {**others, "secrets": Secrets(**given)}
