from typing import Any

import pytest
from aiohttp import web

from agentarium.runtime.providers.base import ProviderError
from agentarium.runtime.providers.http import HttpPool
from agentarium.runtime.providers.openai.client import OpenAIEndpoint
from agentarium.runtime.providers.openai.listing import list_models
from bench.fake_provider import FakeProvider

KEY = "sk-very-secret"


@pytest.fixture
async def listing(pool: HttpPool) -> Any:
    """Lists the models of a server that sends the given response."""
    runners: list[web.AppRunner] = []

    async def list_of(response: web.Response) -> list[str] | None:
        async def answer(_: web.Request) -> web.Response:
            return response

        application = web.Application()
        application.router.add_get("/v1/models", answer)
        runner = web.AppRunner(application)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        runners.append(runner)
        url = f"http://127.0.0.1:{runner.addresses[0][1]}/v1"
        return await list_models(OpenAIEndpoint("Fake", url, KEY), pool, within=5)

    yield list_of
    for runner in runners:
        await runner.cleanup()


async def test_lists_the_models_of_a_server(
    provider: FakeProvider, pool: HttpPool
) -> None:
    endpoint = OpenAIEndpoint("Fake", f"{provider.url}/v1", KEY)

    names = await list_models(endpoint, pool, within=5)

    assert names == ["fake", "fake-large"]
    assert provider.received[-1].headers["Authorization"] == f"Bearer {KEY}"


async def test_leaves_out_models_that_are_not_for_chat(listing: Any) -> None:
    names = ["gpt-4o", "text-embedding-3-large", "whisper-1", "gpt-4o-mini-tts"]

    listed = await listing(web.json_response({"data": [{"id": n} for n in names]}))

    assert listed == ["gpt-4o"]


async def test_reads_a_bare_list(listing: Any) -> None:
    assert await listing(web.json_response([{"id": "b"}, {"id": "a"}])) == ["a", "b"]


async def test_returns_none_if_the_server_has_no_list(listing: Any) -> None:
    assert await listing(web.Response(status=404)) is None


@pytest.mark.parametrize(
    ("response", "code"),
    [
        (web.json_response({"error": {"message": KEY}}, status=401), "provider_auth"),
        (web.Response(status=503), "provider_unavailable"),
        (web.Response(text="<p>Hello</p>"), "provider_protocol"),
        (web.json_response({"hello": "world"}), "provider_protocol"),
    ],
)
async def test_maps_a_failure_to_its_code(
    listing: Any, response: web.Response, code: str
) -> None:
    with pytest.raises(ProviderError) as caught:
        await listing(response)

    assert caught.value.code == code
    assert KEY not in caught.value.detail


async def test_fails_when_the_response_takes_too_long(
    provider: FakeProvider, pool: HttpPool
) -> None:
    endpoint = OpenAIEndpoint("Fake", f"{provider.url}/v1", KEY)

    with pytest.raises(ProviderError) as caught:
        await list_models(endpoint, pool, within=0)

    assert caught.value.code == "provider_timeout"
