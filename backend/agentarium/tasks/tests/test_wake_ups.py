"""Wake-ups are sent from their own thread, which an outage of the broker does not end."""

import threading
from collections.abc import Callable, Iterator

import pytest
from kombu.exceptions import OperationalError
from structlog.testing import capture_logs

from agentarium.tasks import wake_ups
from agentarium.tests.eventually import eventually_sync


class Broker:
    """Fails while it is away."""

    def __init__(self) -> None:
        self.is_away = False
        self.tries = 0
        self.sent = threading.Event()

    def publish(self) -> None:
        self.tries += 1
        if self.is_away:
            raise OperationalError("Timeout reading from socket")
        self.sent.set()


@pytest.fixture
def broker(no_outages: None, monkeypatch: pytest.MonkeyPatch) -> Broker:
    broker = Broker()
    monkeypatch.setattr(wake_ups, "_publish", broker.publish)
    monkeypatch.setattr(wake_ups, "RETRY_SECONDS", 0.01)
    monkeypatch.setattr(wake_ups, "MIN_INTERVAL_SECONDS", 0.001)
    return broker


@pytest.fixture
def send(broker: Broker) -> Iterator[Callable[[], None]]:
    sender = wake_ups._Sender()
    yield sender.send
    broker.is_away = False
    eventually_sync("the end of the outage", lambda: not sender._outage.is_on)


def test_an_outage_is_logged_twice_and_ends_without_another_wake_up(
    broker: Broker, send: Callable[[], None]
) -> None:
    broker.is_away = True
    with capture_logs() as lines:
        send()
        eventually_sync("several tries", lambda: broker.tries > 3)
        broker.is_away = False
        assert broker.sent.wait(30)
        eventually_sync("both lines", lambda: len(lines) == 2)

    assert [line["event"] for line in lines] == [
        "service.unavailable",
        "service.available",
    ]
