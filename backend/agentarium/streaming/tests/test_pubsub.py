"""The queue of a reader, which a slow one must not let grow."""

import pytest

from agentarium.streaming import pubsub
from agentarium.streaming.pubsub import DeliveredMessage, LocalPubSub, Subscription


def message(chars: int = 10) -> DeliveredMessage:
    return DeliveredMessage({"text": "x" * chars})


def queued(subscription: Subscription) -> int:
    return len(subscription._messages)


@pytest.mark.parametrize(
    ("limit", "value"), [("MAX_QUEUED", 3), ("MAX_QUEUED_CHARS", 30)]
)
async def test_a_queue_that_is_full_is_dropped(
    monkeypatch: pytest.MonkeyPatch, limit: str, value: int
) -> None:
    monkeypatch.setattr(pubsub, limit, value)
    subscription = Subscription()
    for _ in range(3):
        subscription.put(message())
    before = queued(subscription)

    for _ in range(3):
        subscription.put(message())

    assert (before, queued(subscription)) == (3, 0)
    assert await subscription.take(timeout=0) is None


async def test_a_queue_fills_again_after_the_reader_has_read_the_database(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(pubsub, "MAX_QUEUED_CHARS", 30)
    subscription = Subscription()
    for _ in range(4):
        subscription.put(message())
    await subscription.take(timeout=0)

    for _ in range(3):
        subscription.put(message())

    assert len(await subscription.take(timeout=0) or ()) == 3


async def test_an_empty_queue_takes_a_message_of_any_length() -> None:
    subscription = Subscription()

    subscription.put(message(2 * pubsub.MAX_QUEUED_CHARS))

    assert len(await subscription.take(timeout=0) or ()) == 1


async def test_the_text_of_events_counts() -> None:
    found = DeliveredMessage({"seq": 1, "data": {"content": "12345", "step": 1}})

    assert found.chars == 5


async def test_a_slow_reader_costs_the_others_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(pubsub, "MAX_QUEUED", 2)
    local = LocalPubSub()
    with local.subscribe("task:1") as slow, local.subscribe("task:1") as quick:
        taken: list[DeliveredMessage] = []
        for number in range(5):
            local.publish("task:1", {"text": str(number)})
            taken += await quick.take(timeout=0) or ()

        assert [each["text"] for each in taken] == list("01234")
        assert await slow.take(timeout=0) is None
