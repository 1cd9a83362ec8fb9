"""What `read_json` takes and refuses, through an operation that takes a body."""

import json
from typing import Any

import pytest
from rest_framework.test import APIClient

from agentarium.http.parsers import MAX_DEPTH, MAX_ERRORS, MAX_VALUES, read_json

pytestmark = [
    pytest.mark.urls("agentarium.http.tests.probes"),
    pytest.mark.django_db,
]


def post(client: APIClient, body: str | bytes) -> Any:
    return client.post("/echo/", data=body, content_type="application/json")


@pytest.mark.parametrize(
    "value",
    [
        {"a": [1, -(2**63), 2**64 - 1, 1.5, 1e308, True, None, ""]},
        {"quotes": 'a "b" \\ \\" [{', "\\": "\\\\", '"': "[" * 500},
        "\N{GRINNING FACE}",
        [[], {}, [{}]],
        ",:[{" * MAX_VALUES,
    ],
)
def test_reads_any_json_value(value: Any) -> None:
    assert read_json(json.dumps(value).encode()) == value
    assert read_json(json.dumps(value, ensure_ascii=False).encode()) == value


def test_reads_as_many_values_and_levels_as_allowed() -> None:
    wide = [1] * (MAX_VALUES - 1)
    deep = "[" * MAX_DEPTH + "]" * MAX_DEPTH

    assert read_json(json.dumps(wide).encode()) == wide
    assert json.dumps(read_json(deep.encode())) == deep


@pytest.mark.parametrize(
    "body",
    [
        "{",
        "[1,]",
        "{'a': 1}",
        '{"a": NaN}',
        '{"a": -Infinity}',
        '"a\nb"',
        '{"a": 1, "b": 2, "a": 3}',
        b'"\xff"',
        b'"\xed\xa0\x80"',
        "\ufeff{}",
        "{}".encode("utf-16"),
        "[" * (MAX_DEPTH + 1) + "]" * (MAX_DEPTH + 1),
        '{"a":' * (MAX_DEPTH + 1) + "1" + "}" * (MAX_DEPTH + 1),
        "[" * 1_000_000,
        '"' * 1_000_000,
        json.dumps([1] * MAX_VALUES),
        json.dumps(["a"] * 200_000),
        json.dumps(dict.fromkeys(map(str, range(MAX_VALUES)))),
    ],
    ids=lambda body: f"{body!r:.30}",
)
def test_refuses_what_is_not_plain_json(
    anonymous_api: APIClient, body: str | bytes
) -> None:
    response = post(anonymous_api, body)

    assert response.status_code == 400
    assert response.json()["code"] == "parse_error"
    assert len(response.content) < 1_000


@pytest.mark.parametrize(
    ("fragment", "code"),
    [
        (str(2**64), "out_of_range"),
        (str(-(2**63) - 1), "out_of_range"),
        ("9" * 100_000, "out_of_range"),
        ("1e400", "out_of_range"),
        (r'"\u0000"', "null_characters_not_allowed"),
        (r'"\ud800"', "surrogate_characters_not_allowed"),
        (r'"\ude00\ud83d"', "surrogate_characters_not_allowed"),
        (r'{"\u0000": 1}', "null_characters_not_allowed"),
    ],
    ids=lambda value: value[:20],
)
def test_names_the_field_of_a_value_that_cannot_be_stored(
    anonymous_api: APIClient, fragment: str, code: str
) -> None:
    response = post(
        anonymous_api, f'{{"title": "a", "items": [{{"name": {fragment}}}]}}'
    )

    assert response.status_code == 400
    errors = response.json()["errors"]
    assert [error["code"] for error in errors["items.0.name"]] == [code]


def test_names_fields_in_text_that_can_be_sent(anonymous_api: APIClient) -> None:
    response = post(anonymous_api, r'{"\ud800": {"a": 1e400}}')

    assert [*response.json()["errors"]] == ["non_field_errors", "\ufffd.a"]


def test_lists_a_bounded_number_of_errors(anonymous_api: APIClient) -> None:
    response = post(anonymous_api, json.dumps([2**64] * 1_000))

    assert len(response.json()["errors"]) == MAX_ERRORS


def test_shortens_errors_that_quote_a_long_value(anonymous_api: APIClient) -> None:
    response = anonymous_api.get(f"/entries/?{'a' * 5_000}=1")

    assert response.status_code == 400
    (errors,) = response.json()["errors"].values()
    assert len(errors[0]["detail"]) <= 500
