import aiohttp
import orjson
import pytest
from agentarium.tests.eventually import eventually

from bench.fake_provider.script import ParsedRequest, Script, ToolCall, script_for
from bench.fake_provider.server import FakeProvider


@pytest.mark.parametrize(
    ("model", "script"),
    [
        ("fake", Script()),
        ("fake,pieces=3,delay=0.5", Script(pieces=3, delay=0.5)),
        ("fake,has_usage=false,then=cut", Script(has_usage=False, then="cut")),
        ("fake,tool_calls=a+b", Script(tool_calls=(ToolCall("a"), ToolCall("b")))),
    ],
)
def test_reads_the_script_from_the_models_name(model: str, script: Script) -> None:
    assert script_for(ParsedRequest(model)) == script


def test_the_message_overrides_the_models_name() -> None:
    parsed = ParsedRequest(
        "fake,pieces=3,text=a", last_user_text='{"fake": {"text": "b"}}'
    )

    assert script_for(parsed) == Script(text="b", pieces=3)


def test_requests_no_tools_after_the_last_round() -> None:
    parsed = ParsedRequest("fake,tool_calls=a", tool_rounds_done=1)

    assert script_for(parsed).tool_calls == ()


@pytest.mark.parametrize(("pieces", "parts"), [(1, 1), (3, 3), (99, 5), (0, 1)])
def test_splits_a_text_into_pieces(pieces: int, parts: int) -> None:
    texts = Script(text="abcde", pieces=pieces).text_pieces

    assert "".join(texts) == "abcde"
    assert len(texts) == parts


async def test_counts_requests_and_abandoned_responses() -> None:
    body = {"model": "fake,then=hang", "stream": True}
    message = {"role": "user", "content": "hi"}

    async with FakeProvider() as provider, aiohttp.ClientSession() as session:
        url = f"{provider.url}/v1/chat/completions"
        response = await session.post(url, json=body | {"messages": [message]})
        await response.content.readany()
        response.close()
        await eventually(
            "the hang-up to be counted", lambda: provider.stats.closed_by_client
        )
        async with session.get(f"{provider.url}/__stats") as reply:
            stats = orjson.loads(await reply.read())
        async with session.post(f"{provider.url}/__reset") as reply:
            fresh = orjson.loads(await reply.read())

    assert (stats["requests"], stats["closed_by_client"], stats["open"]) == (1, 1, 0)
    assert fresh["requests"] == 0
