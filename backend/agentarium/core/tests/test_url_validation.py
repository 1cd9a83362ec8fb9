import pytest

from agentarium.core.url_validation import (
    broker_url,
    public_url,
    redis_of_broker,
    redis_url,
)


@pytest.mark.parametrize(
    ("text", "url"),
    [
        ("https://agents.example.com", "https://agents.example.com"),
        ("https://agents.example.com/", "https://agents.example.com"),
        # As browsers write the Origin header.
        ("HTTPS://Agents.Example.com:443", "https://agents.example.com"),
        ("http://127.0.0.1:8000", "http://127.0.0.1:8000"),
        ("http://[::1]:8000", "http://[::1]:8000"),
        ("https://b\u00fccher.example", "https://xn--bcher-kva.example"),
    ],
)
def test_writes_a_public_url_as_browsers_do(text: str, url: str) -> None:
    assert public_url(text) == url


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("agents.example.com", "no scheme"),
        ("agents.example.com:8443", "no scheme"),
        ("//agents.example.com", "no scheme"),
        ("ftp://agents.example.com", "the scheme"),
        ("https://agents.example.com/agentarium", "the path"),
        ("https://agents.example.com?a=b", "a query"),
        ("https://agents.example.com#a", "a query or a fragment"),
        ("https://ann:pw@agents.example.com", "a user"),
        ("https://@agents.example.com", "a user"),
        ("https://agents.example.com:port", "a port"),
        ("https://agents.example.com:0", "a port"),
        ("https://agents.example.com:70000", "a port"),
        ("https://", "no host"),
        ("https://*.example.com", "no host"),
        ("https://agents example.com", "a space"),
        ("https://[::1", "not a URL"),
    ],
)
def test_refuses_an_invalid_public_url(text: str, reason: str) -> None:
    with pytest.raises(ValueError, match=reason) as refused:
        public_url(text)

    assert "pw" not in str(refused.value)


@pytest.mark.parametrize(
    "text",
    [
        "redis://:pw@redis:6379/0",
        "rediss://redis:6380/1?ssl_cert_reqs=required",
        "redis+socket:///run/redis.sock?virtual_host=2",
        "sentinel://:pw@one:26379;sentinel://two:26379",
        "amqp://ann:pw@rabbit:5672//",
        "amqps://rabbit/agents",
    ],
)
def test_accepts_the_supported_brokers(text: str) -> None:
    assert broker_url(text) == text


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("foo://pw@broker", "the scheme"),
        ("sqs://", "the scheme"),
        ("redis", "no scheme"),
        ("redis://", "no host"),
        ("redis://redis:port/0", "a port"),
        ("redis://redis:6379/first", "a database"),
        ("redis://:p/w@redis:6379/0", "a port"),
        ("redis://one:6379/0;foo://two", "the scheme"),
    ],
)
def test_refuses_an_invalid_broker(text: str, reason: str) -> None:
    with pytest.raises(ValueError, match=reason) as refused:
        broker_url(text)

    assert "pw" not in str(refused.value)


@pytest.mark.parametrize(
    ("text", "reason"),
    [("amqp://rabbit", "the scheme"), ("redis:6379", "no scheme")],
)
def test_refuses_an_invalid_redis_url(text: str, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        redis_url(text)


@pytest.mark.parametrize(
    ("broker", "redis"),
    [
        ("redis://redis/0", "redis://redis/0"),
        ("redis+socket:///run/r.sock?virtual_host=2", "unix:///run/r.sock?db=2"),
        ("amqp://rabbit", ""),
        ("sentinel://one:26379", ""),
        ("redis://one/0;redis://two/0", ""),
        ("", ""),
    ],
)
def test_finds_the_redis_that_is_the_broker(broker: str, redis: str) -> None:
    assert redis_of_broker(broker) == redis
