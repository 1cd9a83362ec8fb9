"""What the outbound policy refuses before any connection."""

import pytest

from agentarium.outbound.policy import OutboundError, OutboundPolicy

PUBLIC = OutboundPolicy()


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1/",
        "http://127.0.0.1:8000/",
        "http://127.8.9.10/",
        # Ways of writing 127.0.0.1 that some resolvers understand.
        "http://2130706433/",
        "http://0177.0.0.1/",
        "http://0x7f.0.0.1/",
        "http://0x7f000001/",
        "http://127.1/",
        "http://127.0.0.1./",
        "http://①②⑦.⓪.⓪.①/",
        "http://127。0。0。1/",
        "http://0/",
        "http://0.0.0.0/",
        "http://10.0.0.1/",
        "http://100.64.0.1/",
        "http://100.100.100.200/",
        "http://169.254.169.254/latest/meta-data/",
        "http://172.16.0.1/",
        "http://172.31.255.255/",
        "http://192.0.0.192/",
        "http://192.168.1.1/",
        "http://168.63.129.16/",
        "http://192.88.99.1/",
        "http://198.18.0.1/",
        "http://203.0.113.7/",
        "http://224.0.0.1/",
        "http://240.0.0.1/",
        "http://255.255.255.255/",
        "http://[::]/",
        "http://[::1]/",
        "http://[0:0:0:0:0:0:0:1]/",
        "http://[::ffff:127.0.0.1]/",
        "http://[::ffff:7f00:1]/",
        "http://[::127.0.0.1]/",
        "http://[64:ff9b::7f00:1]/",
        "http://[64:ff9b:1::a00:1]/",
        "http://[100::1]/",
        "http://[2001:0:7f00:1::1]/",
        "http://[2001:db8::1]/",
        "http://[2002:7f00:1::]/",
        "http://[3fff::1]/",
        "http://[fc00::1]/",
        "http://[fd00:ec2::254]/",
        "http://[fe80::1]/",
        "http://[fe80::1%25eth0]/",
        "http://[fec0::1]/",
        "http://[ff02::1]/",
    ],
)
def test_refuses_an_address_that_is_not_public(url: str) -> None:
    with pytest.raises(OutboundError) as refused:
        PUBLIC.check(url)

    assert refused.value.code == "outbound_refused"
    assert not refused.value.may_have_arrived


@pytest.mark.parametrize(
    "url",
    [
        "",
        "example.com",
        "//example.com/",
        "/path",
        "http://",
        "http:///path",
        "http:example.com",
        "file:///etc/passwd",
        "ftp://example.com/",
        "gopher://example.com/",
        "javascript:alert(1)",
        "data:text/plain,x",
        "unix:///var/run/docker.sock",
        "http+unix://socket/",
        "http://user@example.com/",
        "http://user:password@example.com/",
        "http://:password@example.com/",
        "http://example.com@127.0.0.1/",
        "http://example.com\\@127.0.0.1/",
        "http://example.com\\.evil/",
        "http://example.com/\r\nX-Evil: 1",
        "http://exa mple.com/",
        "http://example.com/\x00",
        "http://example.com/a\tb",
        "http://example.com:0/",
        "http://example.com:22/",
        "http://example.com:25/",
        "http://example.com:6379/",
        "http://example.com:11211/",
        "http://example.com:99999/",
        "http://example.com:x/",
        "http://[::1/",
        "http://example.com/" + "x" * 9000,
    ],
)
def test_refuses_what_is_not_a_plain_http_url(url: str) -> None:
    with pytest.raises(OutboundError) as refused:
        PUBLIC.check(url)

    assert refused.value.code == "outbound_refused"
    assert "password" not in refused.value.detail.replace("a password", "")


@pytest.mark.parametrize(
    "url",
    [
        "http://example.com",
        "https://example.com/a%2Fb?c=d%26e",
        "HTTPS://EXAMPLE.com:8443/",
        "http://1.1.1.1/",
        "http://[2606:4700:4700::1111]/",
        "https://bücher.example/",
        # Names are checked when they are resolved, whatever they look like.
        "http://localhost/",
        "http://127.0.0.1.nip.io/",
    ],
)
def test_accepts_what_may_be_public(url: str) -> None:
    assert PUBLIC.check(url).host


def test_keeps_an_encoded_slash_encoded() -> None:
    url = PUBLIC.check("https://example.com/a%2Fb?c=d%26e#part")

    assert str(url) == "https://example.com/a%2Fb?c=d%26e"


class TestOperator:
    def test_allows_networks_and_addresses(self) -> None:
        policy = OutboundPolicy.parse(["10.1.0.0/16", "127.0.0.1", "fd12::/16", " "])

        policy.check("http://10.1.2.3/")
        policy.check("http://127.0.0.1:9999/")
        policy.check("http://[fd12::5]/")
        for url in ("http://10.2.0.1/", "http://127.0.0.2/", "http://[fd13::5]/"):
            with pytest.raises(OutboundError):
                policy.check(url)

    @pytest.mark.parametrize(
        ("host", "is_allowed"),
        [
            ("ollama", True),
            ("OLLAMA.", True),
            ("db1", True),
            ("tools.internal", True),
            ("a.b.tools.internal", True),
            ("atools.internal", False),
            ("internal", False),
            ("my.ollama", False),
            ("ollama.evil.example", False),
        ],
    )
    def test_allows_hosts_by_their_whole_name(
        self, *, host: str, is_allowed: bool
    ) -> None:
        policy = OutboundPolicy.parse(
            ["ollama", "db1", "Tools.Internal", "*.tools.internal"]
        )

        assert policy.allows_host(host) is is_allowed

    @pytest.mark.parametrize("entry", ["10.0.0.0/99", "host/24", "a*b", "1.2.3"])
    def test_refuses_a_mistyped_entry(self, entry: str) -> None:
        with pytest.raises(ValueError, match=r".+"):
            OutboundPolicy.parse([entry])
