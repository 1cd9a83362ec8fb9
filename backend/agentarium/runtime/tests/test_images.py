"""Images of tool results, as each kind of client sends them."""

import base64
from collections.abc import AsyncIterator, Callable
from typing import Any

import orjson
import pytest

from agentarium.runtime.messages import (
    ImagePart,
    Message,
    ToolCallPart,
    ToolResultPart,
    message_from_json,
    message_to_json,
    user_message,
)
from agentarium.runtime.providers.base import ModelClient
from agentarium.runtime.providers.http import HttpPool
from agentarium.runtime.providers.images import NOT_SEEN
from agentarium.runtime.providers.openai_client import OpenAIClient, OpenAIEndpoint
from agentarium.runtime.providers.pydantic_client import (
    PydanticEndpoint,
    PydanticProvider,
)
from agentarium.runtime.tests.model_calls import WEATHER, call_model, failure
from bench.fake_provider import FakeProvider

MakeClient = Callable[[str], ModelClient]
DATA = base64.b64encode(b"\x89PNG\r\n\x1a\n" + bytes(61)).decode()
IMAGE = ImagePart("image/png", DATA)


def conversation(images: tuple[ImagePart, ...] = (IMAGE,)) -> tuple[Message, ...]:
    """Two calls of one response, whose first result has images."""
    calls = [ToolCallPart(f"call_{n}", "get_weather", "{}") for n in range(2)]
    radar = ToolResultPart(
        "call_0", "get_weather", "(image 1: image/png)", False, images
    )
    other = ToolResultPart("call_1", "get_weather", "sun")
    return (
        user_message("Hello."),
        Message("assistant", tuple(calls)),
        Message("tool", (radar,)),
        Message("tool", (other,)),
    )


@pytest.fixture(params=["openai", "anthropic", "google", "mistral"])
async def client_of(
    request: pytest.FixtureRequest, provider: FakeProvider, pool: HttpPool
) -> AsyncIterator[MakeClient]:
    name = str(request.param)
    opened = PydanticProvider(PydanticEndpoint(name, "Fake", "key", provider.url))

    def make(model: str) -> Any:
        if name == "openai":
            endpoint = OpenAIEndpoint("Fake", f"{provider.url}/v1", "key")
            return OpenAIClient(endpoint, model, pool)
        return opened.client(model)

    yield make
    await opened.aclose()


def sent(provider: FakeProvider) -> list[str]:
    return [orjson.dumps(each.body).decode() for each in provider.received]


async def test_a_model_gets_the_images_of_results(
    client_of: MakeClient, provider: FakeProvider
) -> None:
    await call_model(client_of("fake"), conversation(), tools=[WEATHER])

    (body,) = sent(provider)
    assert DATA in body
    assert "(image 1: image/png)" in body
    assert NOT_SEEN not in body


async def test_they_follow_the_results_of_all_calls(
    provider: FakeProvider, pool: HttpPool
) -> None:
    endpoint = OpenAIEndpoint("Fake", f"{provider.url}/v1", "key")

    await call_model(OpenAIClient(endpoint, "fake", pool), conversation())

    messages = provider.received[0].body["messages"]
    assert [message["role"] for message in messages] == [
        "user",
        "assistant",
        "tool",
        "tool",
        "user",
    ]
    assert messages[-1]["content"][1] == {
        "type": "image_url",
        "image_url": {"url": f"data:image/png;base64,{DATA}"},
    }


async def test_a_model_that_cannot_see_is_told_so_from_then_on(
    client_of: MakeClient, provider: FakeProvider
) -> None:
    client = client_of("fake,refuses=pictures,complaint=no-vision")

    for _ in range(2):
        await call_model(client, conversation(), tools=[WEATHER])

    refused, *others = sent(provider)
    assert DATA in refused
    assert len(others) == 2
    assert not any(DATA in body for body in others)
    assert all(NOT_SEEN in body for body in others)


async def test_another_refusal_is_not_about_images(
    client_of: MakeClient, provider: FakeProvider
) -> None:
    error = await failure(
        client_of("fake,status=400,complaint=no-apples"), conversation()
    )

    assert error.code == "provider_bad_request"
    assert len(provider.received) == 1


def test_a_stored_result_keeps_its_images() -> None:
    message = conversation()[2]

    stored = orjson.loads(orjson.dumps(message_to_json(message)))

    assert message_from_json(stored) == message
