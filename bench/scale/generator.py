"""Creates a history of tasks, in the fastest way that each database offers.

Only the number of tasks varies; agents, live tasks and rare words stay the same. A
database that already holds a history is used as it is.
"""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from importlib import import_module
from typing import Any

from agentarium.accounts.models import User
from agentarium.agents.models import Agent
from agentarium.core.job_registry import JOBS
from agentarium.tasks.event_types import EventType
from agentarium.tasks.models import AgentTask, Event, PeriodicJob, Step
from django.core.management import call_command
from django.db import connection
from django.db.models import Count
from django.utils import timezone

from bench.scale.other_tables import fill_other_tables
from bench.scale.shape import Shape

AGENTS_EACH = 20
# The number of different inputs; some tasks also append a number of their own.
TEXTS = 5_000
WORDS_EACH = 30
VOCABULARY = 3_000
# Words in every second text, in thirty tasks, and in none.
COMMON, RARE, MISSING = "report", "zanzibar", "xylophone"
RARE_TASKS = 30
LIVE = {"pending": 40, "running": 30, "waiting": 20}
DETAILED = 1_000
CHUNK = 250_000


def prepare_history(shape: Shape) -> User:
    """Migrate the database, create the history if it is empty; returns the first user."""
    call_command("migrate", verbosity=0)
    if AgentTask.objects.order_by("-pk").values_list("pk", flat=True).first() is None:
        _create_users(shape.owners)
        _create_texts()
        _create_tasks(shape)
        _create_details()
        fill_other_tables()
        _analyze()
    _postpone_jobs()
    first: User = User.objects.order_by("pk")[0]
    return first


def _create_users(number: int) -> None:
    User.objects.bulk_create(
        User(username=f"person{n}", password=f"!{n}") for n in range(number)
    )
    owners = User.objects.order_by("pk")
    Agent.objects.bulk_create(
        Agent(owner=owner, name=f"Agent {n:02}", model="openai:fake")
        for owner in owners
        for n in range(AGENTS_EACH)
    )


def _create_texts() -> None:
    """Create texts with words distributed as in a language: few common, many rare."""
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


# `n` counts the tasks from the oldest to the newest. A multiplicative hash of it makes
# neighbours differ in all columns.
_MIXED = "((n * 2654435761) % 4294967296)"
_NUMBERED = """
    SELECT
        n AS id, 1 + owner AS owner_id, 1 + owner * {agents} + agent AS agent_id,
        status, {created} AS created_at, text, {words} AS text_words,
        CASE WHEN n % 10 = 0 THEN ' number' || n ELSE '' END
            || CASE WHEN n % {rare_step} = 1 THEN ' {rare}' ELSE '' END AS ending
    FROM (
        SELECT n, {owner} AS owner, {agent} AS agent, {status} AS status,
            {mixed} % {texts} AS text_id
        FROM {numbers}
    ) AS numbered JOIN bench_texts ON bench_texts.id = text_id
"""
_TASK = """
    INSERT INTO tasks_agenttask (
        id, owner_id, agent_id, agent_version_id, status, attempt, lost_attempts,
        request_id, priority, rank, is_due, depth, created_at, started_at, finished_at,
        input_tokens, output_tokens, steps_count, error_code, error_detail,
        input_text, output_text)
    SELECT
        id, owner_id, agent_id, agent_id,
        status, 1, 0, '', 0, id, {true}, 0, created_at,
        CASE WHEN status = 'pending' THEN NULL ELSE created_at END,
        CASE WHEN status IN ('pending', 'running', 'waiting') THEN NULL
             ELSE created_at END,
        100 + id % 900, 50 + id % 300, 1,
        CASE WHEN status = 'failed' THEN 'provider_error' ELSE '' END, '',
        text || ending, 'An answer of ' || id
    FROM ({numbered}) AS task
"""
# The words of a text are computed once, those of the ending for each task.
_WORDS = """
    INSERT INTO tasks_words (task_id, words)
    SELECT id, text_words || {words}
    FROM (SELECT *, ending AS input_text FROM ({numbered}) AS task) AS task
"""
_DIFFERENT = """
    SELECT count(*) FROM tasks_agenttask LEFT JOIN tasks_words ON task_id = id
    WHERE id <= 1000 AND words IS DISTINCT FROM {words}
"""
_LARGE = ("tasks_agenttask", "tasks_words")
_TEXT_WORDS = "strip(to_tsvector('pg_catalog.simple', text))"


def _create_tasks(shape: Shape) -> None:
    if connection.vendor == "postgresql":
        _make_on_postgresql(shape)
    else:
        with connection.cursor() as cursor:
            for chunk in _chunks(shape.tasks):
                cursor.execute(_insert(shape, *chunk))
    counts = AgentTask.objects.order_by().values_list("agent").annotate(Count("pk"))
    agents = [Agent(pk=agent, tasks_count=count) for agent, count in counts]
    Agent.objects.bulk_update(agents, ["tasks_count"], batch_size=500)


def _chunks(tasks: int) -> Iterator[tuple[int, int]]:
    for first in range(1, tasks + 1, CHUNK):
        yield first, min(first + CHUNK - 1, tasks)


def _insert(shape: Shape, first: int, last: int) -> str:
    true = "true" if connection.vendor == "postgresql" else "1"
    return _TASK.format(numbered=_numbered(shape, first, last), true=true)


def _numbered(shape: Shape, first: int, last: int) -> str:
    is_postgresql = connection.vendor == "postgresql"
    numbers = (
        f"generate_series({first}::bigint, {last}::bigint) AS n"
        if is_postgresql
        else f"(WITH RECURSIVE numbers (n) AS (SELECT {first} UNION ALL "  # noqa: S608
        f"SELECT n + 1 FROM numbers WHERE n < {last}) SELECT n FROM numbers)"
    )
    fraction = f"({_MIXED} / 4294967296.0)"
    return _NUMBERED.format(
        agents=AGENTS_EACH,
        created=_created(shape.tasks),
        mixed=_MIXED,
        texts=TEXTS,
        words="words" if is_postgresql else "''",
        rare=RARE,
        rare_step=max(shape.tasks // RARE_TASKS, 2),
        # Cubed, so that the first of a thousand users has a tenth of all tasks.
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
    """Times over the last eighty days, so that retention deletes nothing."""
    start = timezone.now() - timedelta(days=80)
    step = 80 * 86_400 / (tasks + 1)
    if connection.vendor == "postgresql":
        return f"(timestamptz '{start.isoformat()}' + n * interval '{step:.6f} s')"
    return (
        f"strftime('%Y-%m-%d %H:%M:%f', '{start:%Y-%m-%d %H:%M:%S}',"
        f" '+' || (n * {step:.6f}) || ' seconds') || '000'"
    )


def _status(tasks: int) -> str:
    """The newest are live, most others are completed; one agent never fails."""
    cases, left = [], tasks
    for status, number in LIVE.items():
        left -= number
        cases.append(f"WHEN n > {left} THEN '{status}'")
    return (
        f"CASE {' '.join(cases)} WHEN n * 7919 / 13 % {AGENTS_EACH} = 5 THEN 'completed'"
        " WHEN n % 16 = 3 THEN 'failed' WHEN n % 25 = 4 THEN 'cancelled'"
        " ELSE 'completed' END"
    )


def _make_on_postgresql(shape: Shape) -> None:
    """Create tasks and their words concurrently, each on its own connection."""
    with connection.cursor() as cursor:
        _run(
            cursor,
            "ALTER TABLE bench_texts ADD COLUMN words tsvector",
            f"UPDATE bench_texts SET words = {_TEXT_WORDS}",  # noqa: S608
            *_autovacuum("SET (autovacuum_enabled = off)"),
        )
    with ThreadPoolExecutor(2) as pool:
        makers = [pool.submit(_apart, make, shape) for make in (_rows, _words)]
        for maker in makers:
            maker.result()
    with connection.cursor() as cursor:
        _run(cursor, *_autovacuum("RESET (autovacuum_enabled)"))
        cursor.execute(_DIFFERENT.format(words=_migration().PG_WORDS))
        assert cursor.fetchone() == (0,), "The words differ from those of the triggers."


def _analyze() -> None:
    """Update PostgreSQL's statistics; on SQLite a migration provides them."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("VACUUM ANALYZE")


def _autovacuum(change: str) -> list[str]:
    return [f"ALTER TABLE {table} {change}" for table in _LARGE]


def _apart(make: Callable[[Any, Shape], None], shape: Shape) -> None:
    try:
        with connection.cursor() as cursor:
            # Indexes are created at the end; foreign keys need no check.
            _run(
                cursor,
                "SET synchronous_commit = off",
                "SET maintenance_work_mem = '1GB'",
                "SET session_replication_role = replica",
            )
            make(cursor, shape)
    finally:
        connection.close()


def _rows(cursor: Any, shape: Shape) -> None:
    indexes = AgentTask._meta.indexes
    with connection.schema_editor() as editor:
        for index in indexes:
            editor.remove_index(AgentTask, index)
    for chunk in _chunks(shape.tasks):
        cursor.execute(_insert(shape, *chunk))
    for index in indexes:
        with connection.schema_editor() as editor:
            editor.add_index(AgentTask, index)
    sequence = "pg_get_serial_sequence('tasks_agenttask', 'id')"
    cursor.execute(f"SELECT setval({sequence}, {shape.tasks})")


def _words(cursor: Any, shape: Shape) -> None:
    migration = _migration()
    cursor.execute("DROP INDEX tasks_words_words")
    for chunk in _chunks(shape.tasks):
        numbered = _numbered(shape, *chunk)
        cursor.execute(_WORDS.format(words=migration.PG_WORDS, numbered=numbered))
    cursor.execute(migration.POSTGRESQL[1])


def _migration() -> Any:
    return import_module("agentarium.tasks.migrations.0002_search_index")


def _run(cursor: Any, *statements: str) -> None:
    for statement in statements:
        cursor.execute(statement)


def _postpone_jobs() -> None:
    """Make no periodic job due, as on a running server."""
    later = timezone.now() + timedelta(days=1)
    PeriodicJob.objects.bulk_create(
        [PeriodicJob(name=name, due_at=later) for name in JOBS],
        update_conflicts=True,
        unique_fields=["name"],
        update_fields=["due_at"],
    )


def _create_details() -> None:
    """Create steps and events, for the newest tasks only."""
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
        for attempt, kind in enumerate(
            (EventType.TASK_CREATED, EventType.ATTEMPT_STARTED)
        )
    )
