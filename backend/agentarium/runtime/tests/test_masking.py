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
from agentarium.runtime.masking.escapes import MAX_LAYERS, layers
from agentarium.runtime.masking.mask import (
    MASK,
    MaskedStream,
    SecretMask,
    secrets_of_headers,
)
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

SECRET = 'Pa55/w+rd~="tok\\en&x'
# With characters that each encoding writes in its own way.
HARD_SECRETS = [
    SECRET,
    "s3cr3t value's <end>",
    '"quoted" from end to end"',
    "\\new\\table%41&#65;&quot;\\u0041\\",
    "%2541%252541 100%",
    "pässwörd-ß-€-key",
    "key-🗝-and-🔒-more",
    "-----BEGIN KEY-----\nabc+/def==\n-----END KEY-----\n",
    "0123456789",
]
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


def in_json(text: str) -> str:
    return json.dumps(text)[1:-1]


def as_entities(pattern: str) -> Callable[[str], str]:
    return lambda text: "".join(pattern.format(ord(each)) for each in text)


def in_scripts(text: str) -> str:
    """JSON that may stand in a page, as Go and PHP write it."""
    written = in_json(text)
    for each in "<>&'":
        written = written.replace(each, f"\\u{ord(each):04X}")
    return written


def in_base64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


ENCODINGS: dict[str, Callable[[str], str]] = {
    "HTML": html.escape,
    "HTML, short numbers": lambda text: (
        html.escape(text).replace("&#x27;", "&#39").replace("&quot;", "&#34;")
    ),
    "HTML, long numbers": lambda text: (
        html.escape(text).replace("&#x27;", "&#0039;").replace("/", "&#x2F;")
    ),
    "HTML, names": lambda text: (
        html.escape(text, quote=False).replace("'", "&apos;").replace("/", "&sol;")
    ),
    "XML, all characters": as_entities("&#{};"),
    "XML, all characters, hexadecimal": as_entities("&#x{:x};"),
    "JSON": in_json,
    "JSON, slashes": lambda text: in_json(text).replace("/", "\\/"),
    "JSON, not only ASCII": lambda text: json.dumps(text, ensure_ascii=False)[1:-1],
    "JSON in scripts": in_scripts,
    "JSON, three times": lambda text: in_json(in_json(in_json(text))),
    "JSON of a URL": lambda text: in_json(quote(text, safe="")),
    "percent": lambda text: quote(text, safe=""),
    "percent, lower case": lambda text: re.sub(
        "%..", lambda escape: escape[0].lower(), quote(text, safe="")
    ),
    "percent, all bytes": lambda text: "".join(
        f"%{byte:02X}" for byte in text.encode()
    ),
    "percent, twice": lambda text: quote(quote(text, safe=""), safe=""),
    "percent, three times": lambda text: quote(quote(quote(text))),
    "percent, in HTML": lambda text: html.escape(quote_plus(text)),
    "form": quote_plus,
    "hexadecimal": lambda text: text.encode().hex(),
    "hexadecimal, capitals": lambda text: text.encode().hex().upper(),
    "hexadecimal, in pairs": lambda text: text.encode().hex(" "),
    "Python": lambda text: repr(text)[1:-1],
    "Python bytes": lambda text: "".join(f"\\x{byte:02x}" for byte in text.encode()),
    "Python, long": as_entities("\\U{:08x}"),
    "Perl": as_entities("\\x{{{:X}}}"),
    "Markdown": lambda text: re.sub(r"[\\`*_{}\[\]()<>+.!|~=-]", r"\\\g<0>", text),
    "octal": lambda text: "".join(f"\\{byte:03o}" for byte in text.encode()),
}
WITHIN_BASE64: dict[str, Callable[[str], str]] = {
    "text": in_base64,
    "URL": lambda text: base64.urlsafe_b64encode(text.encode()).decode(),
    "lines": lambda text: base64.encodebytes(text.encode()).decode(),
    "lines of mail": lambda text: (
        base64.encodebytes(text.encode()).decode().replace("\n", "\r\n")
    ),
    "lines in JSON": lambda text: in_json(
        base64.encodebytes(text.encode()).decode().replace("\n", "\r\n")
    ),
    "of JSON": lambda text: in_base64(json.dumps({"key": text})),
    "of HTML": lambda text: in_base64(html.escape(text)),
    "in a URL": lambda text: quote(in_base64(text), safe=""),
}


class TestEncodings:
    @pytest.mark.parametrize("secret", HARD_SECRETS)
    @pytest.mark.parametrize("encoding", ENCODINGS)
    def test_masks_the_whole_of_a_secret(self, encoding: str, secret: str) -> None:
        encoded = ENCODINGS[encoding](secret)

        assert SecretMask([secret]).apply(f"a {encoded} b") == f"a {MASK} b"

    @pytest.mark.parametrize("secret", HARD_SECRETS)
    @pytest.mark.parametrize("before", ["", "a", "ab", "a header: " * 7])
    @pytest.mark.parametrize("encoding", WITHIN_BASE64)
    def test_masks_base64(self, encoding: str, before: str, secret: str) -> None:
        encoded = WITHIN_BASE64[encoding](f"{before}{secret} and after it")
        packed = re.sub(r"\s|\\[rn]", "", encoded)

        masked_text = SecretMask([secret]).apply(encoded)

        left = re.sub(r"\s|\\[rn]", "", masked_text)
        assert MASK in left
        # One character on each side also depends on the text around the secret.
        shown = len(left) - len(MASK)
        assert len(packed) - shown >= len(secret.encode()) * 8 // 6 - 1

    @pytest.mark.parametrize(
        "text",
        ['C:\\new-key\\"x', "50%41-secret\"'s", "R&amp;D-secret'x", "\\u0041bc'defgh"],
    )
    @pytest.mark.parametrize("around", ["{}", '\\\\{}"', "%25{}%25", "&amp;{}&amp;"])
    def test_masks_a_secret_next_to_other_escapes(self, around: str, text: str) -> None:
        encoded = html.escape(text) if "&" in around else text
        encoded = quote(text, safe="") if "%" in around else encoded
        encoded = in_json(text) if "\\" in around else encoded

        masked_text = SecretMask([text]).apply(around.format(encoded))

        # It may take an escape next to it along.
        assert MASK in masked_text
        assert len(masked_text) <= len(around.format(MASK))

    def test_masks_a_secret_in_lines(self) -> None:
        mask = SecretMask(["ghp_abcdef-0123456789"])

        assert mask.apply("<ghp_abc\r\n  def-0123\n\t456789>") == f"<{MASK}>"

    def test_masks_latin_1(self) -> None:
        encoded = quote("pässwörd-key", safe="", encoding="latin-1")

        assert SecretMask(["pässwörd-key"]).apply(f"<{encoded}>") == f"<{MASK}>"

    def test_leaves_what_is_not_secret(self) -> None:
        text = (
            'a\\u003cb &amp; %41 \ud83d "\\\\\\"" &nosuch; YWJj\n ZGVm &#99999999999;'
        )

        assert SecretMask(HARD_SECRETS).apply(text) == text


class TestCost:
    def test_does_not_grow_with_the_number_of_secrets(self) -> None:
        mask = SecretMask(f"{number:032}-secret" for number in range(5_000))
        text = "an ordinary text of a page, 12345. " * 3_000

        started_at = time.process_time()
        masked_text = mask.apply(text)

        assert masked_text == text
        assert time.process_time() - started_at < 1

    def test_a_text_that_is_made_for_it_is_searched_like_any_other(self) -> None:
        mask = SecretMask(f"prefix{number:020}" for number in range(5_000))
        text = "prefix" * 20_000

        assert mask.apply(text) == text
        assert mask.apply(text + "0" * 20) == text.removesuffix("prefix") + MASK

    @pytest.mark.parametrize(
        "text",
        ["\\", "%25", "%25" * 3 + "41", "&amp;", "&", "&#3", "\\u005c", "%", "\\x5c"],
    )
    def test_escapes_are_undone_a_few_times(self, text: str) -> None:
        hostile = text * 20_000

        found, _ = layers(hostile, is_last=True)

        assert len(found) <= 1 + MAX_LAYERS
        assert all(len(layer.text) <= len(hostile) for layer in found)

    def test_holds_back_a_bounded_end(self) -> None:
        secret = "secret-value"
        stream = MaskedStream(SecretMask([secret]))
        encoded = in_base64(secret)

        shown = stream.add(encoded[:8] + " " * 1_000_000)

        assert len(shown) > 900_000


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

    @given(data=st.data())
    def test_shows_the_same_of_encoded_secrets(self, data: st.DataObject) -> None:
        mask = SecretMask(HARD_SECRETS)
        encodings = [str, *ENCODINGS.values(), *WITHIN_BASE64.values()]
        piece = st.builds(
            lambda encode, secret, start, end: encode(secret)[start:end],
            st.sampled_from(encodings),
            st.sampled_from(HARD_SECRETS),
            st.sampled_from([0, 0, 0, 1, 5]),
            st.sampled_from([None, None, None, -1, 7]),
        )
        other = st.text('\\%&#;u0041 "\nx', max_size=6)
        text = "".join(data.draw(st.lists(piece | other, max_size=5)))
        cuts = sorted(data.draw(st.lists(st.integers(0, len(text)), max_size=8)))
        starts, ends = [0, *cuts], [*cuts, len(text)]

        stream = MaskedStream(mask)
        shown = "".join(
            stream.add(text[start:end]) for start, end in zip(starts, ends, strict=True)
        )

        assert shown + stream.finish() == mask.apply(text)

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
