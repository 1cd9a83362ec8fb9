"""The rows of a history in other tables: sums of the statistics, and tool calls.

One statement per table writes the sums; the periodic job would take an hour. Durations
are invented, so that histograms have many bins.
"""

from typing import Any

from agentarium.tasks.models import ALL_AGENTS
from django.db import connection

# One task in ten has called a tool.
CALLING = 10
BINS = 12

_COUNTS = """
    INSERT INTO tasks_taskcount (
        owner_id, bucket, agent_id, start_at, completed, failed, cancelled,
        input_tokens, output_tokens, cost_nanodollars, incomplete_costs)
    SELECT owner_id, '{bucket}', {agent}, {start},
        sum(CASE WHEN status = 'completed' THEN 1 ELSE 0 END),
        sum(CASE WHEN status = 'failed' THEN 1 ELSE 0 END),
        sum(CASE WHEN status = 'cancelled' THEN 1 ELSE 0 END),
        sum(input_tokens), sum(output_tokens), 0, 0
    FROM tasks_agenttask WHERE finished_at IS NOT NULL GROUP BY 1, 2, 3, 4
"""
_TIMES = """
    INSERT INTO tasks_taskduration (
        owner_id, bucket, agent_id, start_at, measure, bin, count)
    SELECT owner_id, '{bucket}', {agent}, {start}, '{measure}', id % {bins}, count(*)
    FROM tasks_agenttask WHERE status = 'completed' GROUP BY 1, 2, 3, 4, 5, 6
"""
_CALLS = """
    INSERT INTO tasks_toolcall (
        task_id, step, tool_call_id, name, effect, status, waits_for, is_error,
        arguments, answer, created_at)
    SELECT id, 1, 'call', 'web_page', 'write', 'completed', '', {false}, '{{}}', 'Done.',
        created_at
    FROM tasks_agenttask WHERE finished_at IS NOT NULL AND id % {calling} = 0
"""


def fill_other_tables() -> None:
    with connection.cursor() as cursor:
        for bucket in ("hour", "day"):
            for agent in ("agent_id", str(ALL_AGENTS)):
                _sum_up(cursor, bucket=bucket, agent=agent)
        false = "false" if connection.vendor == "postgresql" else "0"
        cursor.execute(_CALLS.format(calling=CALLING, false=false))


def _sum_up(cursor: Any, *, bucket: str, agent: str) -> None:
    rows = {"bucket": bucket, "agent": agent, "start": _start(bucket)}
    cursor.execute(_COUNTS.format(**rows))
    for measure in ("latency", "run"):
        cursor.execute(_TIMES.format(**rows, measure=measure, bins=BINS))


def _start(bucket: str) -> str:
    if connection.vendor == "postgresql":
        return f"date_trunc('{bucket}', finished_at, 'UTC')"
    hour = "%H" if bucket == "hour" else "00"
    return f"strftime('%Y-%m-%d {hour}:00:00', finished_at)"
