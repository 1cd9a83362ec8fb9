"""Long texts and long logs, which readers get in parts of limited size."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from pytest_django import DjangoAssertNumQueries

from agentarium.runtime.messages import (
    Message,
    ReasoningPart,
    TextPart,
    message_to_json,
)
from agentarium.streaming import event_log
from agentarium.streaming.event_log import (
    MAX_CHARS,
    MAX_DELTA_CHARS,
    EventLog,
    StreamEvent,
    read_log,
)
from agentarium.streaming.reader import CHUNK_BYTES, Reader
from agentarium.streaming.step_texts import StepTexts
from agentarium.streaming.stream_cursor import StreamCursor
from agentarium.streaming.tests.frames import frames_of, text_of
from agentarium.tasks.models import AgentTask, Draft, Step
from agentarium.tasks.tests.factories import EventFactory, StepFactory, TaskFactory

pytestmark = pytest.mark.django_db

TEXT = "ten bytes " * (MAX_CHARS // 4) + "🐢"
REASONING = "hm, " * (MAX_CHARS // 8)
# What a read may exceed its limit by: one entry.
MOST_CHARS = MAX_CHARS + MAX_DELTA_CHARS + event_log.EVENT_CHARS


@pytest.fixture(autouse=True)
def texts(monkeypatch: pytest.MonkeyPatch) -> StepTexts:
    texts = StepTexts()
    monkeypatch.setattr(event_log, "_step_texts", texts)
    return texts


@pytest.fixture
def task() -> AgentTask:
    return TaskFactory.create(completed=True)


@pytest.fixture
def step(task: AgentTask) -> Step:
    """A long step of the task, which then ended."""
    message = Message("assistant", (ReasoningPart(REASONING), TextPart(TEXT)))
    step = StepFactory.create(
        task=task, position=1, seq=1, message=message_to_json(message)
    )
    EventFactory.create(
        task=task, attempt=1, seq=1, type="step.completed", data={"step": 1}
    )
    EventFactory.create(task=task, attempt=1, seq=2, type="task.completed")
    return step


def reads(task: AgentTask, cursor: StreamCursor) -> Iterator[EventLog]:
    """Reads from the cursor to the end."""
    log = read_log(task.pk, cursor)
    yield log
    while log.has_more:
        log = read_log(task.pk, log.entries[-1].cursor)
        yield log


def chars_of(log: EventLog) -> int:
    return sum(entry.chars for entry in log.entries)


def text_after(task: AgentTask, cursor: StreamCursor, channel: str = "text") -> str:
    entries = [entry for log in reads(task, cursor) for entry in log.entries]
    return text_of(
        [frame for entry in entries for frame in frames_of(entry.encode())], channel
    )


def test_a_long_text_is_read_in_parts(task: AgentTask, step: Step) -> None:
    logs = list(reads(task, StreamCursor()))

    assert max(map(chars_of, logs)) <= MOST_CHARS
    assert len(logs) > (len(TEXT) + len(REASONING)) // MOST_CHARS
    assert [log.is_complete for log in logs] == [False] * (len(logs) - 1) + [True]
    assert text_after(task, StreamCursor()) == TEXT
    assert text_after(task, StreamCursor(), "reasoning") == REASONING


def test_a_reader_continues_after_every_part(task: AgentTask, step: Step) -> None:
    entries = [entry for log in reads(task, StreamCursor()) for entry in log.entries]
    cursors = [entry.cursor for entry in entries]

    rests = [len(text_after(task, cursor)) for cursor in cursors[:-2]]

    assert rests == [len(TEXT) - cursor.text for cursor in cursors[:-2]]


def test_a_long_log_is_read_in_parts(task: AgentTask) -> None:
    content = "x" * 50_000
    for seq in range(1, 10):
        EventFactory.create(
            task=task, attempt=1, seq=seq, type="tool.result", data={"content": content}
        )

    logs = list(reads(task, StreamCursor()))

    assert max(map(chars_of, logs)) <= MAX_CHARS + len(content) + 1000
    seqs = [entry.cursor.seq for log in logs for entry in log.entries]
    assert seqs == list(range(1, 10))


def test_an_entry_that_is_longer_than_a_part_is_read_alone(task: AgentTask) -> None:
    for seq in (1, 2):
        data = {"content": "x" * (2 * MAX_CHARS)}
        EventFactory.create(
            task=task, attempt=1, seq=seq, type="tool.result", data=data
        )

    logs = list(reads(task, StreamCursor()))

    assert [len(log.entries) for log in logs] == [1, 1]


def test_drafts_that_the_reader_has_are_not_read_again(
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    task = TaskFactory.create(running=True)
    EventFactory.create(task=task, attempt=1, seq=1, type="attempt.started")
    for number in range(3):
        Draft.objects.create(
            task=task,
            attempt=1,
            seq=1,
            step=1,
            channel="text",
            offset=number * 4,
            text=f"{number}abc",
        )

    # 1. is it live 2. drafts 3. events
    with django_assert_num_queries(3) as queries:
        log = read_log(task.pk, StreamCursor(1, 1, 6))

    assert [entry.data["text"] for entry in log.entries] == ["bc", "2abc"]
    assert len(event_log._drafts_after(task.pk, StreamCursor(1, 1, 8))) == 1
    assert "LENGTH" in queries[1]["sql"].upper()


def test_a_long_text_is_decoded_once(
    task: AgentTask,
    step: Step,
    texts: StepTexts,
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    # 1. the step
    with django_assert_num_queries(1):
        first = texts.find(task.pk, [1])
    # 1. that it is the same step
    with django_assert_num_queries(1) as queries:
        second = texts.find(task.pk, [1])

    assert second[1] is first[1]
    assert "message" not in queries[0]["sql"]


def test_the_text_of_another_step_is_never_returned(
    task: AgentTask, step: Step, texts: StepTexts
) -> None:
    texts.find(task.pk, [1])
    step.delete()
    StepFactory.create(task=task, position=1, started_at=step.started_at)

    assert texts.find(task.pk, [1])[1].text == "Four."


def test_only_so_much_text_is_kept(
    step: Step, texts: StepTexts, monkeypatch: pytest.MonkeyPatch
) -> None:
    chars = len(TEXT) + len(REASONING)
    monkeypatch.setattr("agentarium.streaming.step_texts.MAX_CHARS", 2 * chars)
    others = [
        StepFactory.create(
            position=1,
            message=step.message,
            finished_at=step.finished_at + timedelta(seconds=number),
        )
        for number in range(2)
    ]

    for each in (step, *others):
        texts.find(each.task_id, [1])

    assert [pk for pk, _ in texts._kept] == [each.task_id for each in others]


def test_a_reader_encodes_a_chunk_when_it_has_sent_the_one_before() -> None:
    encoded = []

    class Entry(StreamEvent):
        def encode(self) -> bytes:
            encoded.append(self.cursor.seq)
            return b"x" * (CHUNK_BYTES // 2)

    reader = Reader(StreamCursor())
    entries = [Entry("any", {}, StreamCursor(1, seq)) for seq in range(1, 6)]

    chunks = reader.take(entries)
    first = next(chunks)

    assert (len(first), encoded, reader.cursor.seq) == (CHUNK_BYTES, [1, 2], 2)
    assert [len(chunk) for chunk in chunks] == [CHUNK_BYTES, CHUNK_BYTES // 2]
    assert reader.cursor.seq == 5
