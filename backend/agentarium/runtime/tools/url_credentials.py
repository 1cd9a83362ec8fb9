"""Finds credentials that stand in an address in plain text."""

import re
from urllib.parse import parse_qsl, urlsplit

# Names of query parameters without case and punctuation.
_ALWAYS = frozenset(
    (
        *(
            "apikey",
            "xapikey",
            "accesskey",
            "accesstoken",
            "authtoken",
            "authorization",
        ),
        *("token", "bearer", "secret", "clientsecret", "secretkey", "password"),
        *("passwd", "pwd", "privatekey", "subscriptionkey", "apitoken", "apisecret"),
    )
)
# They often mean something else: only with a value that looks random.
_PERHAPS = frozenset(("key", "auth", "code", "sig", "signature", "appid", "credential"))
_LOOKS_RANDOM = re.compile(r"(?=.*\d)(?=.*[A-Za-z])[A-Za-z0-9_\-+/=.:]{16,}")
_NOT_IN_NAMES = re.compile(r"[^a-z0-9]")


def clear_credential(url: str) -> str:
    """The query parameter of a URL or template that holds a credential; or "".

    A value that is a {placeholder} is none.
    """
    query = urlsplit(url).query
    for name, value in parse_qsl(query.replace(";", "&")):
        bare = _NOT_IN_NAMES.sub("", name.lower())
        is_plain = not (value.startswith("{") and value.endswith("}"))
        is_secret = bare in _ALWAYS or (
            bare in _PERHAPS and _LOOKS_RANDOM.fullmatch(value)
        )
        if is_plain and is_secret:
            return name
    return ""
