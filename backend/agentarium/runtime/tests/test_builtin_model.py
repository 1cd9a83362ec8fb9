"""The built-in model, with real weights and real processes."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import aclosing
from pathlib import Path

import aiohttp
import pytest

import agentarium
from agentarium.runtime.builtin import process as builtin_process
from agentarium.runtime.builtin.client import BuiltinModel
from agentarium.runtime.messages import user_message
from agentarium.runtime.providers.base import ModelSettings, ProviderError
from agentarium.runtime.providers.catalogue import BUILTIN_MODEL
from agentarium.runtime.providers.config import BuiltinConfig
from agentarium.runtime.providers.tests.model_calls import call_model, failure
from agentarium.runtime.tests.weights import real_weights
from agentarium.tests.eventually import eventually

SHORT = ModelSettings(temperature=0.0, max_output_tokens=8)
LONG = ModelSettings(temperature=0.0, max_output_tokens=2000)
STORY = (user_message("Tell a very long story of the sea."),)


@pytest.fixture(scope="module")
def config() -> BuiltinConfig:
    return real_weights()


@pytest.fixture
async def model(config: BuiltinConfig) -> AsyncIterator[BuiltinModel]:
    opened = BuiltinModel(config)
    yield opened
    await opened.aclose()


def is_alive(pid: int) -> bool:
    """Whether a process is running; a zombie is not."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"


async def test_serves_concurrent_calls_from_one_process(model: BuiltinModel) -> None:
    client = model.client(BUILTIN_MODEL)

    outputs = await asyncio.gather(
        *(call_model(client, settings=SHORT) for _ in range(6))
    )

    assert all(output.text for output in outputs)
    assert {output.response.usage.output_tokens for output in outputs} == {8}
    assert outputs[0].response.finish_reason == "length"
    assert outputs[0].response.model == BUILTIN_MODEL


async def test_rejects_requests_without_its_key(model: BuiltinModel) -> None:
    process = await model.running()
    url = f"{process.endpoint.base_url}/chat/completions"
    body = {"messages": [{"role": "user", "content": "hi"}]}

    async with aiohttp.ClientSession() as session, session.post(url, json=body) as got:
        status = got.status

    assert status == 401
    assert process.endpoint.base_url.startswith("http://127.0.0.1:")


async def test_keeps_key_and_environment_out_of_the_process_table(
    model: BuiltinModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-very-secret")

    process = await model.running()

    table = Path(f"/proc/{process.pid}")
    assert process.endpoint.api_key not in (table / "cmdline").read_text()
    assert "sk-very-secret" not in (table / "environ").read_text()


async def test_rejects_input_that_exceeds_its_context(model: BuiltinModel) -> None:
    error = await failure(
        model.client(BUILTIN_MODEL), [user_message("word " * 9000)], settings=SHORT
    )

    assert (error.code, error.is_transient) == ("context_too_long", False)


async def test_fails_calls_and_restarts_when_its_process_is_killed(
    model: BuiltinModel,
) -> None:
    client = model.client(BUILTIN_MODEL)
    stream = client.stream(STORY, settings=LONG)
    async with aclosing(stream):
        await anext(stream)
        first = model.pid
        assert first is not None

        os.kill(first, signal.SIGKILL)
        with pytest.raises(ProviderError) as caught:
            async for _ in stream:
                pass

    assert caught.value.code == "provider_unavailable"
    assert "exit code -9" in caught.value.detail
    assert (await call_model(client, settings=SHORT)).text
    assert model.pid != first


async def test_stops_when_it_is_closed(config: BuiltinConfig) -> None:
    model = BuiltinModel(config)
    pid = (await model.running()).pid

    await model.aclose()

    assert not is_alive(pid)


async def test_stops_when_its_parent_is_killed(config: BuiltinConfig) -> None:
    program = (
        "import asyncio, sys\n"
        "from agentarium.runtime.builtin.client import BuiltinModel\n"
        "from agentarium.runtime.providers.config import BuiltinConfig\n"
        "from pathlib import Path\n"
        "async def main():\n"
        "    config = BuiltinConfig(Path(sys.argv[1]), sys.argv[2])\n"
        "    print((await BuiltinModel(config).running()).pid, flush=True)\n"
        "    await asyncio.Event().wait()\n"
        "asyncio.run(main())\n"
    )
    parent = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        program,
        str(config.data),
        config.weights,
        stdout=subprocess.PIPE,
        cwd=Path(agentarium.__file__).parent.parent,
    )
    assert parent.stdout is not None
    child = int(await parent.stdout.readline())
    assert is_alive(child)

    parent.kill()
    await parent.wait()

    await eventually("the model's process to end", lambda: not is_alive(child))


class TestStart:
    async def test_that_fails_reports_the_reason(self, tmp_path: Path) -> None:
        broken = tmp_path / "broken.gguf"
        broken.write_bytes(b"no model")
        model = BuiltinModel(BuiltinConfig(weights=str(broken)))

        first = await failure(model.client(BUILTIN_MODEL))
        second = await failure(model.client(BUILTIN_MODEL))

        assert (first.code, first.is_transient) == ("provider_unavailable", False)
        assert "did not start" in first.detail
        # The second call does not retry immediately.
        assert second is first
        await model.aclose()

    async def test_that_takes_too_long_is_aborted(
        self, config: BuiltinConfig, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(builtin_process, "START_TIMEOUT", 0.01)
        model = BuiltinModel(config)

        error = await failure(model.client(BUILTIN_MODEL))

        assert error.code == "provider_unavailable"
        assert "more than" in error.detail
        await model.aclose()

    async def test_fails_if_the_program_exits(
        self, config: BuiltinConfig, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(builtin_process, "_SERVER", "no.such.module")
        model = BuiltinModel(config)

        error = await failure(model.client(BUILTIN_MODEL))

        assert error.code == "provider_unavailable"
        assert "exit code 1" in error.detail
        await model.aclose()

    async def test_that_is_cancelled_leaves_no_process(
        self, config: BuiltinConfig
    ) -> None:
        children = Path(f"/proc/self/task/{os.getpid()}/children")
        before = children.read_text().split()
        model = BuiltinModel(config)
        task = asyncio.create_task(model.running())
        await eventually(
            "the model's process", lambda: children.read_text().split() != before
        )

        task.cancel()

        with pytest.raises(asyncio.CancelledError):
            await task
        assert children.read_text().split() == before
        await model.aclose()
