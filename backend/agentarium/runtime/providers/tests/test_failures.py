from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from agentarium.runtime.providers.failures import (
    CalledModel,
    identifiers,
    provider_failure,
    retry_after_seconds,
    status_of,
)

CALLED = CalledModel("Fake", "m", secret="sk-very-secret", has_tools=True)


@pytest.mark.parametrize(
    ("status", "code", "is_transient"),
    [
        (301, "provider_bad_request", False),
        (400, "provider_bad_request", False),
        (401, "provider_auth", False),
        (402, "provider_no_credit", False),
        (403, "provider_auth", False),
        (404, "model_not_found", False),
        (408, "provider_timeout", True),
        (413, "context_too_long", False),
        (422, "provider_bad_request", False),
        (429, "provider_rate_limited", True),
        (500, "provider_unavailable", True),
        (503, "provider_unavailable", True),
        (504, "provider_timeout", True),
        (529, "provider_unavailable", True),
    ],
)
def test_maps_a_status_to_its_code(status: int, code: str, is_transient: bool) -> None:  # noqa: FBT001
    error = provider_failure(status, CALLED)

    assert (error.code, error.is_transient) == (code, is_transient)


def test_a_spent_credit_is_not_transient() -> None:
    error = provider_failure(
        429, CALLED, error={"code": "insufficient_quota"}, retry_after=1.0
    )

    assert (error.code, error.is_transient) == ("provider_no_credit", False)
    assert error.retry_after is None


@pytest.mark.parametrize(
    ("error", "status"),
    [
        ({"code": 429}, 429),
        ({"code": "rate_limit_exceeded"}, 429),
        ({"type": "overloaded_error"}, 500),
        ({"status": "RESOURCE_EXHAUSTED"}, 429),
        ({"code": 7, "type": "invalid_request_error"}, 400),
        ({}, 500),
    ],
)
def test_maps_an_error_object_to_a_status(
    error: dict[str, object], status: int
) -> None:
    assert status_of(error) == status


def test_keeps_only_identifiers_of_an_error() -> None:
    error = {
        "message": "you said: my secret",
        "code": "my secret, said twice",
        "type": "sk-very-secret",
        "param": "temperature",
    }

    assert identifiers(error, secret="sk-very-secret") == ["temperature"]


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"retry-after": "3"}, 3.0),
        ({"retry-after": "0.5"}, 0.5),
        ({"retry-after-ms": "250", "retry-after": "9"}, 0.25),
        ({"retry-after": "999999"}, 3600.0),
        ({"retry-after": "soon"}, None),
        ({"retry-after": "-1"}, None),
        ({"retry-after": "Wed, 21 Oct 2015 07:28:00 GMT"}, 0.0),
    ],
)
def test_reads_the_wait_that_a_provider_asks_for(
    headers: dict[str, str], seconds: float | None
) -> None:
    assert retry_after_seconds(headers) == seconds


def test_reads_a_wait_given_as_a_date() -> None:
    moment = datetime.now(UTC) + timedelta(seconds=60)

    seconds = retry_after_seconds({"retry-after": format_datetime(moment, usegmt=True)})

    assert seconds is not None
    assert 55 < seconds <= 60


CONTEXT, CREDIT, TOOLS, MODEL = (
    "context_too_long",
    "provider_no_credit",
    "tools_not_supported",
    "model_not_found",
)


@pytest.mark.parametrize(
    ("status", "message", "code"),
    [
        (
            400,
            "This model's maximum context length is 4096 tokens. However, ...",
            CONTEXT,
        ),
        (
            400,
            "litellm.ContextWindowExceededError: prompt is too long: 21 > 20",
            CONTEXT,
        ),
        (400, "prompt is too long: 210000 tokens > 200000 maximum", CONTEXT),
        (400, "the request exceeds the available context size (4096 tokens)", CONTEXT),
        (500, "context is full", CONTEXT),
        (
            400,
            "The input token count (9) exceeds the maximum number of tokens",
            CONTEXT,
        ),
        (400, "Input is too long for requested model.", CONTEXT),
        (
            422,
            "inputs tokens + max_new_tokens must be <= 4096; too many tokens",
            CONTEXT,
        ),
        (400, "Please reduce the length of the messages or completion.", CONTEXT),
        (400, "Your credit balance is too low to access the API.", CREDIT),
        (402, "This request requires more credits, or fewer max_tokens.", CREDIT),
        (403, "Insufficient balance", CREDIT),
        (429, "Your account is suspended due to insufficient balance", CREDIT),
        (
            429,
            "You exceeded your current quota, please check your plan",
            "provider_rate_limited",
        ),
        (429, "Request too large: context length ...", "provider_rate_limited"),
        (400, "registry.ollama.ai/library/gemma:2b does not support tools", TOOLS),
        (404, "No endpoints found that support tool use.", TOOLS),
        (400, '"auto" tool choice requires --enable-auto-tool-choice', TOOLS),
        (500, "tools param requires --jinja flag", TOOLS),
        (400, "Function calling is not enabled for this model", TOOLS),
        (400, "`tools` is not supported with this model", TOOLS),
        (400, "Invalid model name passed in model=gpt-9", MODEL),
        (
            400,
            "The model `gpt-9` does not exist or you do not have access to it.",
            MODEL,
        ),
        (404, 'model "llama9" not found, try pulling it first', MODEL),
        (400, "gpt-9 is not a valid model ID", MODEL),
        (401, "model not found", "provider_auth"),
        (503, "The model is not loaded yet: not found", "provider_unavailable"),
        (
            400,
            "Invalid schema for function 'x': In context=(), ...",
            "provider_bad_request",
        ),
        (400, "max_tokens must be at least 1", "provider_bad_request"),
        (400, "", "provider_bad_request"),
    ],
)
def test_reads_the_reason_in_the_providers_words(
    status: int, message: str, code: str
) -> None:
    error = provider_failure(status, CALLED, error={"message": message})

    assert (error.code, error.provider_message) == (code, message)
    assert not message or message not in error.detail


def test_tools_that_were_not_sent_are_not_the_reason() -> None:
    called = CalledModel("Fake", "m")

    error = provider_failure(400, called, error={"message": "does not support tools"})

    assert error.code == "provider_bad_request"


@pytest.mark.parametrize(
    ("error", "message"),
    [
        ({"message": "No."}, "No."),
        ({"message": "  No.\n\tNever. "}, "No. Never."),
        ({"message": "a\x00b\u202ec\ud83d"}, "abc"),
        ({"message": "The key sk-very-secret is wrong."}, "The key [secret] is wrong."),
        ({"message": "x" * 2000}, "x" * 999 + "…"),
        ({"message": {"message": "No."}}, "No."),
        ({"detail": "No."}, "No."),
        ({"detail": [{"loc": ["body", "x"], "msg": "No."}]}, "No."),
        ({"error": "No."}, "No."),
        (
            {"message": "Provider returned error", "metadata": {"raw": "No."}},
            "Provider returned error: No.",
        ),
        ({"message": 7, "code": 1}, ""),
        ({}, ""),
    ],
)
def test_keeps_the_providers_sentence_bounded_and_without_the_key(
    error: dict[str, object], message: str
) -> None:
    assert provider_failure(400, CALLED, error=error).provider_message == message
