"""Which failed model calls a provider may charge for, in the APIs of both kinds."""

import socket
from collections.abc import AsyncIterator, Callable

import pytest

from agentarium.runtime.providers.base import (
    PROVIDER_DEFAULTS,
    ModelClient,
    ProviderError,
)
from agentarium.runtime.providers.http import HttpPool
from agentarium.runtime.providers.openai_client import OpenAIClient, OpenAIEndpoint
from agentarium.runtime.providers.pydantic_client import (
    PydanticEndpoint,
    PydanticProvider,
)
from agentarium.runtime.retries import ModelCaller
from agentarium.runtime.tests.model_calls import HELLO, failure
from bench.fake_provider import FakeProvider

READ_TIMEOUT = 0.2
MakeClient = Callable[[str, str], ModelClient]


@pytest.fixture(params=["openai", "anthropic"])
async def client_at(
    request: pytest.FixtureRequest, pool: HttpPool
) -> AsyncIterator[MakeClient]:
    """Creates the client of a scripted model at an address."""
    opened: list[PydanticProvider] = []

    def make(url: str, model: str) -> ModelClient:
        if request.param == "openai":
            endpoint = OpenAIEndpoint("Fake", f"{url}/v1", read_timeout=READ_TIMEOUT)
            return OpenAIClient(endpoint, model, pool)
        opened.append(
            PydanticProvider(
                PydanticEndpoint(request.param, "Fake", "sk-key", url, READ_TIMEOUT)
            )
        )
        return opened[-1].client(model)

    yield make
    for provider in opened:
        await provider.aclose()


@pytest.mark.parametrize(
    ("script", "is_charged"),
    [
        ("status=400", False),
        ("status=401", False),
        ("status=404", False),
        ("status=429", False),
        ("status=500", False),
        ("status=503", False),
        ("status=529", False),
        # A proxy gave up waiting; the model behind it may go on.
        ("status=504", True),
        ("first_delay=30", True),
        ("then=hang,text=Half", True),
        ("then=cut,text=Half", True),
        ("then=end,text=Half", True),
        ("then=error,text=Half", True),
        ("then=garbage,text=Half", True),
    ],
)
async def test_a_failure_is_charged_once_the_model_may_have_begun(
    provider: FakeProvider, client_at: MakeClient, script: str, *, is_charged: bool
) -> None:
    error = await failure(client_at(provider.url, f"fake,{script}"))

    assert error.may_be_charged is is_charged


async def test_a_server_that_is_not_there_charges_nothing(
    client_at: MakeClient,
) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        error = await failure(
            client_at(f"http://127.0.0.1:{free.getsockname()[1]}", "fake")
        )

    assert error.may_be_charged is False


async def test_a_call_that_exceeds_the_time_of_its_step_may_be_charged(
    provider: FakeProvider, client_at: MakeClient
) -> None:
    caller = ModelCaller(
        models=["fake,first_delay=30"],
        open_client=lambda model: client_at(provider.url, model),
        settings=PROVIDER_DEFAULTS,
        tries=1,
        timeout=0.05,
    )

    with pytest.raises(ProviderError) as raised:
        async for _ in caller.call(HELLO):
            pass

    assert raised.value.may_be_charged is True
