"""Errors of OpenAI's API, and servers that do not implement it."""

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator
from contextlib import aclosing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import orjson
import pytest
from aiohttp import web
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from agentarium.runtime.messages import (
    Message,
    user_message,
)
from agentarium.runtime.providers.base import ProviderError, TextDelta
from agentarium.runtime.providers.http import HttpPool
from agentarium.runtime.providers.openai.client import OpenAIClient, OpenAIEndpoint
from agentarium.runtime.providers.openai.listing import list_models
from agentarium.runtime.providers.pydantic_ai.client import (
    PydanticEndpoint,
    PydanticProvider,
)
from agentarium.runtime.providers.tests.model_calls import failure
from bench.fake_provider import FakeProvider

KEY = "sk-very-secret"


@pytest.fixture
def model(provider: FakeProvider, pool: HttpPool) -> Any:
    """Creates clients for scripted models."""

    def make(name: str = "fake", **options: Any) -> OpenAIClient:
        endpoint = OpenAIEndpoint("Fake", f"{provider.url}/v1", KEY, **options)
        return OpenAIClient(endpoint, name, pool)

    return make


def scripted(**script: Any) -> tuple[Message, ...]:
    return (user_message(orjson.dumps({"fake": script}).decode()),)


class TestFailure:
    @pytest.mark.parametrize(
        ("status", "code"),
        [
            (400, "provider_bad_request"),
            (401, "provider_auth"),
            (404, "model_not_found"),
            (429, "provider_rate_limited"),
            (500, "provider_unavailable"),
        ],
    )
    async def test_before_the_response_has_the_code_of_its_status(
        self, model: Any, status: int, code: str
    ) -> None:
        error = await failure(model(f"fake,status={status}"))

        assert error.code == code

    async def test_has_the_wait_that_the_provider_asks_for(self, model: Any) -> None:
        error = await failure(model("fake,status=429,retry_after=7"))

        assert error.is_transient
        assert error.retry_after == 7

    @pytest.mark.parametrize("status", [400, 401, 403, 500])
    async def test_never_repeats_key_or_prompt(self, model: Any, status: int) -> None:
        error = await failure(model(), scripted(status=status, text="my own prompt"))

        assert "my own prompt" not in error.detail
        assert KEY not in error.detail

    @pytest.mark.parametrize(
        ("then", "code", "is_transient"),
        [
            ("error", "provider_unavailable", True),
            ("cut", "provider_unavailable", True),
            ("garbage", "provider_unavailable", True),
        ],
    )
    async def test_in_the_middle_is_never_a_response(
        self,
        model: Any,
        then: str,
        code: str,
        is_transient: bool,  # noqa: FBT001
    ) -> None:
        error = await failure(model(f"fake,then={then}"))

        assert (error.code, error.is_transient) == (code, is_transient)

    async def test_in_the_middle_comes_after_the_deltas(self, model: Any) -> None:
        stream = model("fake,then=cut,text=half").stream([user_message("hi")])

        async with aclosing(stream):
            assert await anext(stream) == TextDelta("half")

    @pytest.mark.parametrize("script", ["first_delay=30", "then=hang"])
    async def test_of_a_silent_server_is_a_timeout(
        self, model: Any, script: str
    ) -> None:
        error = await failure(model(f"fake,{script}", read_timeout=0.05))

        assert (error.code, error.is_transient) == ("provider_timeout", True)

    async def test_to_connect_names_the_address(self, pool: HttpPool) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            url = f"http://user:secret@127.0.0.1:{free.getsockname()[1]}/v1"
            client = OpenAIClient(OpenAIEndpoint("Fake", url), "fake", pool)

            error = await failure(client)

        assert (error.code, error.is_transient) == ("provider_unavailable", True)
        assert f"127.0.0.1:{url.rpartition(':')[2].partition('/')[0]}" in error.detail
        assert "secret" not in error.detail

    @pytest.mark.parametrize("url", ["", "nonsense", "http://", "ftp://x/v1"])
    async def test_of_an_invalid_address(self, pool: HttpPool, url: str) -> None:
        client = OpenAIClient(OpenAIEndpoint("Fake", url), "fake", pool)

        error = await failure(client)

        assert (error.code, error.is_transient) == ("provider_bad_request", False)

    async def test_of_a_key_that_cannot_be_sent(
        self, provider: FakeProvider, pool: HttpPool
    ) -> None:
        endpoint = OpenAIEndpoint("Fake", f"{provider.url}/v1", "sk-1\nsk-2")

        error = await failure(OpenAIClient(endpoint, "fake", pool))

        assert error.code == "provider_bad_request"
        assert "sk-" not in error.detail


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    """A certificate of an unknown authority, with its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.now(UTC)
    signed = (
        x509.CertificateBuilder(
            name, name, key.public_key(), x509.random_serial_number()
        )
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    pem, private = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    secret = key.private_bytes(pem, private, serialization.NoEncryption())
    path = tmp_path / "server.pem"
    path.write_bytes(secret + signed.public_bytes(pem))
    return path


@pytest.fixture
async def untrusted_url(certificate: Path) -> AsyncIterator[str]:
    """The address of a server whose certificate cannot be verified."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate)
    runner = web.AppRunner(web.Application())
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0, ssl_context=context).start()
    yield f"https://127.0.0.1:{runner.addresses[0][1]}"
    await runner.cleanup()


class TestCertificate:
    async def test_that_cannot_be_verified_is_the_reason(
        self, untrusted_url: str, pool: HttpPool
    ) -> None:
        endpoint = OpenAIEndpoint("Fake", f"{untrusted_url}/v1")

        error = await failure(OpenAIClient(endpoint, "fake", pool))

        assert (error.code, error.is_transient) == ("provider_certificate", False)
        assert "certificate" in error.detail

    async def test_that_cannot_be_verified_is_the_reason_of_a_missing_list(
        self, untrusted_url: str, pool: HttpPool
    ) -> None:
        endpoint = OpenAIEndpoint("Fake", f"{untrusted_url}/v1")

        with pytest.raises(ProviderError) as caught:
            await list_models(endpoint, pool, within=5)

        assert caught.value.code == "provider_certificate"

    @pytest.mark.parametrize("name", ["anthropic", "google", "mistral"])
    async def test_that_cannot_be_verified_is_the_reason_with_other_apis(
        self, untrusted_url: str, name: str
    ) -> None:
        provider = PydanticProvider(PydanticEndpoint(name, "Fake", KEY, untrusted_url))

        error = await failure(provider.client("fake"))
        await provider.aclose()

        assert (error.code, error.is_transient) == ("provider_certificate", False)


class TestForeignServer:
    """The server at the base URL is not a model server."""

    @pytest.fixture
    async def server_with(self, pool: HttpPool) -> Any:
        runners: list[web.AppRunner] = []

        async def serve(response: web.Response) -> OpenAIClient:
            async def answer(_: web.Request) -> web.Response:
                return response

            application = web.Application()
            application.router.add_post("/v1/chat/completions", answer)
            runner = web.AppRunner(application)
            await runner.setup()
            await web.TCPSite(runner, "127.0.0.1", 0).start()
            runners.append(runner)
            url = f"http://127.0.0.1:{runner.addresses[0][1]}/v1"
            return OpenAIClient(OpenAIEndpoint("Fake", url, KEY), "fake", pool)

        yield serve
        for runner in runners:
            await runner.cleanup()

    async def test_that_sends_a_page(self, server_with: Any) -> None:
        page = web.Response(text="<p>data: hello</p>", content_type="text/html")

        error = await failure(await server_with(page))

        assert (error.code, error.is_transient) == ("provider_protocol", False)

    async def test_that_sends_other_json(self, server_with: Any) -> None:
        error = await failure(await server_with(web.json_response({"hello": "world"})))

        assert (error.code, error.is_transient) == ("provider_protocol", False)

    async def test_that_reports_an_error_with_status_200(
        self, server_with: Any
    ) -> None:
        body = {"error": {"code": 502, "message": "upstream"}}

        error = await failure(await server_with(web.json_response(body)))

        assert (error.code, error.is_transient) == ("provider_unavailable", True)

    async def test_that_redirects_does_not_pass_on_the_key(
        self, server_with: Any, provider: FakeProvider
    ) -> None:
        elsewhere = f"{provider.url}/v1/chat/completions"
        redirect = web.Response(status=307, headers={"Location": elsewhere})

        error = await failure(await server_with(redirect))

        assert error.code == "provider_bad_request"
        assert provider.stats.requests == 0

    async def test_that_does_not_speak_http(self, pool: HttpPool) -> None:
        async def greet(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            writer.write(b"220 mail.example.org\r\n\r\n")
            await writer.drain()
            writer.close()

        async with await asyncio.start_server(greet, "127.0.0.1", 0) as server:
            port = server.sockets[0].getsockname()[1]
            url = f"http://127.0.0.1:{port}/v1"
            error = await failure(OpenAIClient(OpenAIEndpoint("F", url), "fake", pool))

        assert error.code == "provider_protocol"
