"""Known secrets in texts: plain, encoded, split over pieces, and at what cost."""

import base64
import html
import json
import re
import time
from collections.abc import AsyncGenerator, Callable, Sequence
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentarium.runtime.masked_calls import masked
from agentarium.runtime.messages import (
    Message,
    ModelResponse,
    ReasoningPart,
    TextPart,
    ToolCallPart,
)
from agentarium.runtime.providers.base import (
    Delta,
    ProviderError,
    ProviderErrorCode,
    ReasoningDelta,
    TextDelta,
)
from agentarium.runtime.retries import Retried
from agentarium.runtime.tools.masking import (
    MASK,
    MaskedStream,
    SecretMask,
    secrets_of_headers,
)

SECRET = 'Pa55/w+rd~="tok\\en&x'
Output = Delta | Retried | ModelResponse


class TestApply:
    @pytest.mark.parametrize(
        "encode",
        [
            str,
            quote,
            quote_plus,
            lambda text: quote(text, safe=""),
            lambda text: re.sub(
                "%..", lambda escape: escape[0].lower(), quote(text, safe="")
            ),
            html.escape,
            lambda text: json.dumps(text)[1:-1],
            lambda text: text.encode().hex(),
            lambda text: base64.b64encode(text.encode()).decode().rstrip("="),
            lambda text: base64.urlsafe_b64encode(text.encode()).decode().rstrip("="),
        ],
    )
    def test_masks_usual_encodings(self, encode: Callable[[str], str]) -> None:
        encoded = encode(SECRET)

        text = SecretMask([SECRET]).apply(f"<{encoded}>")

        assert encoded not in text
        assert text.startswith("<")
        assert MASK in text

    @given(before=st.binary(max_size=7), after=st.binary(max_size=7))
    def test_masks_base64_wherever_the_secret_stands(
        self, before: bytes, after: bytes
    ) -> None:
        secret = "s3cr3t-value-of-a-header"
        encoded = base64.b64encode(before + secret.encode() + after).decode()

        text = SecretMask([secret]).apply(encoded)

        inner = encoded[(len(before) * 8 + 5) // 6 :][: len(secret) * 8 // 6 - 2]
        assert inner not in text

    def test_masks_each_place_and_the_longest_secret(self) -> None:
        mask = SecretMask(["secret-one", "secret-one-and-two"])

        assert mask.apply("a secret-one-and-two b secret-one c") == (
            f"a {MASK} b {MASK} c"
        )
        assert mask.apply("secret-on, secret-one-and") == f"secret-on, {MASK}-and"

    def test_leaves_short_values_and_other_texts(self) -> None:
        mask = SecretMask(["short", "", "long enough"])

        assert mask.apply("a short text, long enoug") == "a short text, long enoug"
        assert not SecretMask(["short"])

    def test_reads_the_secrets_of_headers(self) -> None:
        basic = base64.b64encode(b"alice:correct horse").decode()
        headers = {
            "Authorization": f"Basic {basic}",
            "X-A": "Bearer abcdefgh-token",
            "X-B": "plain value",
        }

        mask = SecretMask(secrets_of_headers(headers))

        for secret in (basic, "alice:correct horse", "correct horse", "plain value"):
            assert mask.apply(f"<{secret}>") == f"<{MASK}>"
        assert mask.apply("Bearer abcdefgh-token") == f"Bearer {MASK}"

    def test_a_beginning_does_not_end_in_a_secret(self) -> None:
        mask = SecretMask(["0123456789abcdef"])

        for length in range(1, 30):
            text, is_cut = mask.beginning("<0123456789abcdef>........", length)
            assert "0" not in text
            assert is_cut is (length < 26)


class TestCost:
    def test_does_not_grow_with_the_number_of_secrets(self) -> None:
        mask = SecretMask(f"{number:032}-secret" for number in range(5_000))
        text = "an ordinary text of a page, 12345. " * 3_000

        started_at = time.process_time()
        masked_text = mask.apply(text)

        assert masked_text == text
        assert time.process_time() - started_at < 1

    def test_is_bounded_for_a_text_that_is_made_for_it(self) -> None:
        mask = SecretMask(f"prefix{number:020}" for number in range(5_000))

        text = mask.apply("prefix" * 20_000)

        assert text.endswith(MASK)
        assert len(text) < 120_000


class TestStream:
    @given(data=st.data())
    def test_shows_the_same_however_the_text_is_split(
        self, data: st.DataObject
    ) -> None:
        mask = SecretMask(["abcabcabd", "abcabcabdabc", "bcabcabx"])
        text = data.draw(
            st.lists(
                st.sampled_from(["abc", "abcabcabd", "abd", "bcabcabx", "x", "ab"]),
                max_size=12,
            ).map("".join)
        )
        cuts = sorted(data.draw(st.lists(st.integers(0, len(text)), max_size=8)))
        pieces = [
            text[start:end]
            for start, end in zip([0, *cuts], [*cuts, len(text)], strict=True)
        ]

        stream = MaskedStream(mask)
        shown = "".join(stream.add(piece) for piece in pieces) + stream.finish()

        assert shown == mask.apply(text)

    def test_holds_back_no_more_than_it_must(self) -> None:
        stream = MaskedStream(SecretMask(["secret-value"]))

        assert stream.add("the se") == "the "
        assert stream.add("t and the secret-") == "set and the "
        assert stream.add("value!") == f"{MASK}!"


class TestCalls:
    async def shown(self, *outputs: Output | Exception) -> list[Output]:
        async def call(
            _: Sequence[Message],
        ) -> AsyncGenerator[Output, None]:
            for output in outputs:
                if isinstance(output, Exception):
                    raise output
                yield output

        return [
            output async for output in masked(call, SecretMask(["secret-value"]))([])
        ]

    async def test_masks_deltas_and_the_response_alike(self) -> None:
        parts = (
            ReasoningPart("It is secret-value.", "signed"),
            TextPart("Use secret-value!"),
            ToolCallPart("1", "send", '{"to": "secret-value"}'),
        )
        outputs = await self.shown(
            ReasoningDelta("It is secret"),
            ReasoningDelta("-value."),
            TextDelta("Use se"),
            TextDelta("cret-value"),
            TextDelta("!"),
            ModelResponse(Message("assistant", parts)),
        )

        *deltas, response = outputs
        assert isinstance(response, ModelResponse)
        reasoning = [each.text for each in deltas if isinstance(each, ReasoningDelta)]
        text = [each.text for each in deltas if isinstance(each, TextDelta)]
        assert "".join(reasoning) == response.message.reasoning == f"It is {MASK}."
        assert "".join(text) == response.message.text == f"Use {MASK}!"
        assert response.message.tool_calls[0].arguments == f'{{"to": "{MASK}"}}'
        assert response.message.parts[0] == ReasoningPart(f"It is {MASK}.", "signed")

    async def test_masks_the_details_of_retries(self) -> None:
        retried = Retried("a", "b", "code", "Wrong key secret-value.", 0)

        (shown,) = await self.shown(retried)

        assert isinstance(shown, Retried)
        assert shown.detail == f"Wrong key {MASK}."

    async def test_shows_what_was_held_back_when_a_call_fails(self) -> None:
        shown: list[Output] = []

        async def call(_: Sequence[Message]) -> AsyncGenerator[Output, None]:
            yield TextDelta("Half a sec")
            raise ProviderError(ProviderErrorCode.UNAVAILABLE, "No.")

        async def collect() -> None:
            async for output in masked(call, SecretMask(["secret-value"]))([]):
                shown.append(output)  # noqa: PERF401 - what came before the error

        with pytest.raises(ProviderError):
            await collect()

        assert shown == [TextDelta("Half a "), TextDelta("sec")]
