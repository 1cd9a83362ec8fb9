"""Makes a history of tasks, by the fastest way that a database has.

Everything but the number of tasks stays the same: agents, live tasks, rare words. A
database that holds such a history already is taken as it is.
"""

from datetime import timedelta
from importlib import import_module
from typing import NamedTuple

from agentarium.accounts.models import User
from agentarium.agents.models import Agent, AgentVersion
from agentarium.tasks.chores import CHORES
from agentarium.tasks.models import AgentTask, Chore, Event, Step
from django.core.management import call_command
from django.db import connection
from django.db.models import Count
from django.utils import timezone

AGENTS_EACH = 20
# Inputs are drawn from so many texts, and some end with a number of their own.
TEXTS = 5_000
WORDS_EACH = 30
VOCABULARY = 3_000
# In every second text, in thirty tasks, and nowhere.
COMMON, RARE, MISSING = "report", "zanzibar", "xylophone"
RARE_TASKS = 30
LIVE = {"pending": 40, "running": 30, "waiting": 20}
DETAILED = 1_000
CHUNK = 250_000


class Shape(NamedTuple):
    """How many tasks, of how many people; the first has the most of them."""

    tasks: int
    owners: int = 1


def prepare(shape: Shape) -> User:
    """The person to ask as, in a migrated database that holds the history."""
    call_command("migrate", verbosity=0)
    if AgentTask.objects.order_by("-pk").values_list("pk", flat=True).first() is None:
        _people(shape.owners)
        _texts()
        _tasks(shape)
        _details()
    _chores()
    first: User = User.objects.order_by("pk")[0]
    return first


def _people(number: int) -> None:
    User.objects.bulk_create(
        User(username=f"person{n}", password=f"!{n}") for n in range(number)
    )
    owners = User.objects.order_by("pk")
    Agent.objects.bulk_create(
        Agent(owner=owner, name=f"Agent {n:02}", model="openai:fake")
        for owner in owners
        for n in range(AGENTS_EACH)
    )
    AgentVersion.objects.bulk_create(
        AgentVersion(agent=agent, number=1, model="openai:fake")
        for agent in Agent.objects.order_by("pk")
    )


def _texts() -> None:
    """Words fall off as in a language: a few are everywhere, most are seldom."""
    with connection.cursor() as cursor:
        cursor.execute("CREATE TABLE bench_texts (id bigint PRIMARY KEY, text text)")
        rows = [(number, _text(number)) for number in range(TEXTS)]
        cursor.executemany("INSERT INTO bench_texts VALUES (%s, %s)", rows)


def _text(number: int) -> str:
    state = number + 1
    words = [COMMON] if number % 2 else []
    for _ in range(WORDS_EACH):
        state = state * 6364136223846793005 + 1442695040888963407 & 2**64 - 1
        words.append(f"word{int(VOCABULARY ** ((state >> 11) / 2**53))}")
    return " ".join(words)


# Where `n` counts the tasks from the oldest to the newest. The numbers are mixed by a
# multiplication, so that neighbours differ in all of them.
_MIXED = "((n * 2654435761) % 4294967296)"
_TASK = """
    INSERT INTO tasks_agenttask (
        id, owner_id, agent_id, agent_version_id, status, attempt, lost_attempts,
        request_id, priority, rank, is_due, depth, created_at, started_at, finished_at,
        input_tokens, output_tokens, steps_count, error_code, error_detail,
        input_text, output_text)
    SELECT
        n, 1 + owner, 1 + owner * {agents} + agent, 1 + owner * {agents} + agent,
        status, 1, 0, '', 0, n, {true}, 0, {created},
        CASE WHEN status = 'pending' THEN NULL ELSE {created} END,
        CASE WHEN status IN ('pending', 'running', 'waiting') THEN NULL
             ELSE {created} END,
        100 + n % 900, 50 + n % 300, 1,
        CASE WHEN status = 'failed' THEN 'provider_error' ELSE '' END, '',
        text || CASE WHEN n % 10 = 0 THEN ' number' || n ELSE '' END
             || CASE WHEN n % {rare_step} = 1 THEN ' {rare}' ELSE '' END,
        'An answer of ' || n
    FROM (
        SELECT n, {owner} AS owner, {agent} AS agent, {status} AS status, {mixed} % {texts} AS text_id
        FROM {numbers}
    ) AS numbered JOIN bench_texts ON bench_texts.id = text_id
"""


def _tasks(shape: Shape) -> None:
    is_postgresql = connection.vendor == "postgresql"
    with connection.cursor() as cursor:
        if is_postgresql:
            _unburden(cursor)
        for first in range(1, shape.tasks + 1, CHUNK):
            last = min(first + CHUNK - 1, shape.tasks)
            cursor.execute(_insert(shape, first, last))
        if is_postgresql:
            _complete(cursor, shape.tasks)
        else:
            cursor.execute("ANALYZE")
    counts = AgentTask.objects.order_by().values_list("agent").annotate(Count("pk"))
    agents = [Agent(pk=agent, tasks_count=count) for agent, count in counts]
    Agent.objects.bulk_update(agents, ["tasks_count"], batch_size=500)


def _insert(shape: Shape, first: int, last: int) -> str:
    is_postgresql = connection.vendor == "postgresql"
    numbers = (
        f"generate_series({first}::bigint, {last}::bigint) AS n"
        if is_postgresql
        else f"(WITH RECURSIVE numbers (n) AS (SELECT {first} UNION ALL "  # noqa: S608
        f"SELECT n + 1 FROM numbers WHERE n < {last}) SELECT n FROM numbers)"
    )
    fraction = f"({_MIXED} / 4294967296.0)"
    return _TASK.format(
        agents=AGENTS_EACH,
        true="true" if is_postgresql else "1",
        created=_created(shape.tasks),
        mixed=_MIXED,
        texts=TEXTS,
        rare=RARE,
        rare_step=max(shape.tasks // RARE_TASKS, 2),
        # Cubed, so that the first of a thousand has a tenth of all.
        owner=_whole(f"{shape.owners} * {fraction} * {fraction} * {fraction}"),
        agent=f"(n * 7919 / 13 % {AGENTS_EACH})",
        status=_status(shape.tasks),
        numbers=numbers,
    )


def _whole(number: str) -> str:
    if connection.vendor == "postgresql":
        return f"floor({number})::bigint"
    return f"CAST({number} AS INTEGER)"


def _created(tasks: int) -> str:
    """Over the last eighty days, so that no chore deletes any of it."""
    start = timezone.now() - timedelta(days=80)
    step = 80 * 86_400 / (tasks + 1)
    if connection.vendor == "postgresql":
        return f"(timestamptz '{start.isoformat()}' + n * interval '{step:.6f} s')"
    return (
        f"strftime('%Y-%m-%d %H:%M:%f', '{start:%Y-%m-%d %H:%M:%S}',"
        f" '+' || (n * {step:.6f}) || ' seconds') || '000'"
    )


def _status(tasks: int) -> str:
    """The newest are live; of the others most are completed, and one agent never fails."""
    cases, left = [], tasks
    for status, number in LIVE.items():
        left -= number
        cases.append(f"WHEN n > {left} THEN '{status}'")
    return (
        f"CASE {' '.join(cases)} WHEN n * 7919 / 13 % {AGENTS_EACH} = 5 THEN 'completed'"
        " WHEN n % 16 = 3 THEN 'failed' WHEN n % 25 = 4 THEN 'cancelled'"
        " ELSE 'completed' END"
    )


def _unburden(cursor: object) -> None:
    """Indexes and words are faster made at the end, and the keys are good."""
    _run(cursor, "SET synchronous_commit = off", "SET maintenance_work_mem = '1GB'")
    _run(cursor, "SET session_replication_role = replica")
    with connection.schema_editor() as editor:
        for index in AgentTask._meta.indexes:
            editor.remove_index(AgentTask, index)
    _run(cursor, "DROP INDEX tasks_words_words")


def _complete(cursor: object, tasks: int) -> None:
    words = import_module("agentarium.tasks.migrations.0007_index_words")
    for first in range(1, tasks + 1, CHUNK):
        cursor.execute(words.FILL_POSTGRESQL, [first, first + CHUNK - 1])  # type: ignore[attr-defined]
    _run(cursor, words.POSTGRESQL[1])
    with connection.schema_editor() as editor:
        for index in AgentTask._meta.indexes:
            editor.add_index(AgentTask, index)
    _run(
        cursor,
        f"SELECT setval(pg_get_serial_sequence('tasks_agenttask', 'id'), {tasks})",
        "SET session_replication_role = DEFAULT",
        "VACUUM ANALYZE",
    )


def _run(cursor: object, *statements: str) -> None:
    for statement in statements:
        cursor.execute(statement)  # type: ignore[attr-defined]


def _chores() -> None:
    """All done for now, as in a house that is in use."""
    later = timezone.now() + timedelta(days=1)
    Chore.objects.bulk_create(
        [Chore(name=name, due_at=later) for name in CHORES],
        update_conflicts=True,
        unique_fields=["name"],
        update_fields=["due_at"],
    )


def _details() -> None:
    """Steps and events, for the newest tasks only."""
    now = timezone.now()
    newest = list(AgentTask.objects.order_by("-pk")[:DETAILED])
    message = {"role": "assistant", "parts": [{"type": "text", "text": "Done."}]}
    Step.objects.bulk_create(
        Step(
            task=task,
            position=1,
            attempt=1,
            kind=Step.Kind.MODEL_RESPONSE,
            started_at=now,
            finished_at=now,
            message=message,
        )
        for task in newest
    )
    Event.objects.bulk_create(
        Event(task=task, attempt=attempt, seq=1, type=kind, created_at=now)
        for task in newest
        for attempt, kind in enumerate(("task.created", "attempt.started"))
    )
