"""Compares the figures of several histories."""

import re
from typing import Any

# The maximal ratio to the smallest history's median, and milliseconds of a list.
MAX_RATIO, MAX_LIST_MS = 1.5, 50.0

# What a plan node reads, apart from rows by their ids. On SQLite, subqueries have names,
# too.
_NODE = re.compile(
    r"Index (?:Only )?Scan (?:Backward )?using (?P<index>\w+)(?<!_pkey) "
    r"|Bitmap Index Scan on (?P<bitmap>\w+)"
    r"|USING (?:COVERING )?INDEX (?P<index_of_sqlite>\w+)"
    r"|SCAN (?P<words>\w+) VIRTUAL TABLE"
    r"|(?:Seq Scan on|SCAN) (?P<whole>(?:accounts|agents|tasks)_\w+)(?! USING| VIRTUAL)\b"
)

Figures = dict[str, dict[str, dict[str, Any]]]
Line = dict[str, Any]


def compare(figures: Figures) -> list[Line]:
    """Return a line per operation: medians, the largest ratio, missed aims, reads.

    The reads are the indexes and tables in `EXPLAIN` of the largest history.
    """
    names = list(figures)
    smallest = figures[names[0]]
    return [_line(operation, smallest, figures) for operation in smallest]


def _line(operation: str, smallest: Any, figures: Figures) -> Line:
    found = {name: answers[operation] for name, answers in figures.items()}
    base = smallest[operation]["median_ms"]
    ratio = max(one["median_ms"] for one in found.values()) / base
    p95 = max(one["p95_ms"] for one in found.values())
    problems = [
        *(f"wrong at {name}" for name, one in found.items() if not one["is_right"]),
    ]
    # Only the largest counts: a planner rightly scans a table of a thousand rows.
    largest = found[list(figures)[-1]]
    if largest["scans"]:
        problems.append("scans")
    if ratio > MAX_RATIO:
        problems.append(f"over {MAX_RATIO} times")
    if largest["is_list"] and p95 > MAX_LIST_MS:
        problems.append(f"over {MAX_LIST_MS:.0f} ms")
    return {
        "operation": operation,
        "medians": {name: one["median_ms"] for name, one in found.items()},
        "ratio": ratio,
        "p95_ms": p95,
        "problems": problems,
        "reads": _read_by(largest["plans"]),
    }


def table(lines: list[Line]) -> str:
    """Format the lines as Markdown, with medians in milliseconds of CPU."""
    names = list(lines[0]["medians"])
    head = ["", *names, "largest / smallest", "p95", "problems", "reads"]
    rows = [
        [
            line["operation"],
            *(f"{line['medians'][name]:.1f}" for name in names),
            f"{line['ratio']:.2f}",
            f"{line['p95_ms']:.1f}",
            ", ".join(line["problems"]),
            ", ".join(line["reads"]),
        ]
        for line in lines
    ]
    text = ["| " + " | ".join(row) + " |" for row in [head, *rows]]
    return "\n".join([text[0], "|---" * len(head) + "|", *text[1:]])


def _read_by(plans: list[str]) -> list[str]:
    """The indexes and the fully read tables, each once, in the order of the plans."""
    found = [
        f"all of `{name}`" if kind == "whole" else f"`{name}`"
        for plan in plans
        for node in plan.splitlines()
        if "never executed" not in node
        for match in _NODE.finditer(node)
        for kind, name in match.groupdict().items()
        if name
    ]
    return list(dict.fromkeys(found))
