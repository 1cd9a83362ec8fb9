"""What an entry of a list of hosts means, and what it must not mean."""

import pytest
from yarl import URL

from agentarium.outbound.hosts import HostError, HostList, HostPattern


@pytest.mark.parametrize(
    ("entry", "url"),
    [
        ("docs.example.com", "https://docs.example.com/a?b"),
        ("docs.example.com", "http://docs.example.com/"),
        ("docs.example.com", "https://docs.example.com:443/"),
        ("docs.example.com", "https://DOCS.example.com./"),
        ("Docs.Example.COM.", "https://docs.example.com/"),
        ("docs.example.com:8443", "https://docs.example.com:8443/"),
        ("*.example.org", "https://a.example.org/"),
        ("*.example.org", "https://a.b.example.org/"),
        ("*.example.org:81", "http://a.example.org:81/"),
        ("bücher.example", "https://xn--bcher-kva.example/"),
        ("xn--bcher-kva.example", "https://BÜCHER.example/"),
        ("*.bücher.example", "https://a.xn--bcher-kva.example/"),
        ("example.com", "https://\uff45xample\u3002com/"),
        ("93.184.216.34", "http://93.184.216.34/"),
        ("[2606:2800:220:1:0:0:0:1]", "http://[2606:2800:220:1::1]/"),
        ("[2606:2800:220:1::1]:81", "http://[2606:2800:220:1::1]:81/"),
    ],
)
def test_allows(entry: str, url: str) -> None:
    assert HostList.parse(["other.example", entry]).allows(URL(url))


@pytest.mark.parametrize(
    ("entry", "url"),
    [
        ("docs.example.com", "https://example.com/"),
        ("docs.example.com", "https://a.docs.example.com/"),
        ("docs.example.com", "https://docs.example.com.evil.example/"),
        ("docs.example.com", "https://evil.example/docs.example.com"),
        ("docs.example.com", "https://docs.example.com:8443/"),
        ("docs.example.com", "http://docs.example.com:443/"),
        ("docs.example.com:8443", "https://docs.example.com/"),
        ("docs.example.com", "https://d\u043ecs.example.com/"),
        ("*.example.org", "https://example.org/"),
        ("*.example.org", "https://evilexample.org/"),
        ("*.example.org", "https://example.org.evil.example/"),
        ("*.example.org", "https://a.example.org:81/"),
        ("93.184.216.34", "http://93.184.216.35/"),
    ],
)
def test_does_not_allow(entry: str, url: str) -> None:
    assert not HostList.parse([entry]).allows(URL(url))


@pytest.mark.parametrize(
    "entry",
    [
        "",
        " ",
        "*",
        "*.",
        "*.*.example.org",
        "a.*.example.org",
        "*example.org",
        "https://example.org",
        "//example.org",
        "example.org/",
        "example.org/a",
        "example.org?a",
        "example.org#a",
        "user@example.org",
        "example.org:",
        "example.org:0",
        "example.org:port",
        "example.org:65536",
        "exa mple.org",
        "example.org\n",
        "exam\u200bple.org",
        "a..example.org",
        ".example.org",
        "a%2eexample.org",
        "a\\example.org",
        "127.1",
        "0x7f.1",
        "2130706433",
        "*.127.0.0.1",
        "[::1",
        "::1",
        f"{'a' * 64}.example.org",
        f"{'a.' * 130}org",
    ],
)
def test_refuses_what_is_not_a_host(entry: str) -> None:
    with pytest.raises(HostError):
        HostPattern.parse(entry)
