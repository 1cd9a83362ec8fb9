"""An outage is logged when it begins and when it ends, whatever happens in between."""

import pytest
from structlog.testing import capture_logs

from agentarium.core.outages import Outage, all_outages, uses_out_of_order

pytestmark = pytest.mark.usefixtures("no_outages")


def test_is_logged_once_for_all_uses_of_a_service() -> None:
    first, second, other = (
        Outage("redis", "rate limits"),
        Outage("redis", "live output"),
        Outage("broker", "wake-ups"),
    )

    with capture_logs() as lines:
        for _ in range(3):
            first.begin(TimeoutError("too late"))
            second.begin("refused")
        during = uses_out_of_order("redis")
        first.end()
        second.end()
        first.end()
        other.begin("refused")

    assert during == ["live output", "rate limits"]
    found = [(line["event"], line["service"], line["used_for"]) for line in lines]
    assert found == [
        ("service.unavailable", "redis", "rate limits"),
        ("service.available", "redis", "live output"),
        ("service.unavailable", "broker", "wake-ups"),
    ]
    assert lines[0]["error"] == "too late"


def test_an_error_without_a_message_is_named() -> None:
    outage = Outage("redis", "rate limits")

    with capture_logs() as lines:
        outage.begin(TimeoutError())

    assert lines[0]["error"] == "TimeoutError"


def test_a_success_without_an_outage_is_not_logged() -> None:
    outage = Outage("redis", "rate limits")

    with capture_logs() as lines:
        outage.end()

    assert lines == []
    assert all_outages() == {("redis", "rate limits"): False}


def test_the_outage_of_something_that_is_gone_is_over() -> None:
    outage = Outage("redis", "rate limits")
    outage.begin("refused")
    del outage

    assert uses_out_of_order("redis") == []
