"""What the figures of several histories say, side by side."""

import re
from typing import Any

# Times the smallest history's median, and milliseconds of a list.
MOST_TIMES, MOST_MS = 1.5, 50.0

# What a node of a plan reads, but for rows by their ids. On SQLite a part of a query has
# a name, too.
_NODE = re.compile(
    r"Index (?:Only )?Scan (?:Backward )?using (?P<index>\w+)(?<!_pkey) "
    r"|Bitmap Index Scan on (?P<bitmap>\w+)"
    r"|USING (?:COVERING )?INDEX (?P<index_of_sqlite>\w+)"
    r"|SCAN (?P<words>\w+) VIRTUAL TABLE"
    r"|(?:Seq Scan on|SCAN) (?P<whole>(?:accounts|agents|tasks)_\w+)(?! USING| VIRTUAL)\b"
)

Figures = dict[str, dict[str, dict[str, Any]]]
Line = dict[str, Any]


def compared(figures: Figures) -> list[Line]:
    """A line for each question: its medians, the largest ratio, and what is amiss.

    And what `EXPLAIN` says that it reads in the largest history.
    """
    names = list(figures)
    smallest = figures[names[0]]
    return [_line(question, smallest, figures) for question in smallest]


def _line(question: str, smallest: Any, figures: Figures) -> Line:
    found = {name: answers[question] for name, answers in figures.items()}
    base = smallest[question]["median_ms"]
    ratio = max(one["median_ms"] for one in found.values()) / base
    p95 = max(one["p95_ms"] for one in found.values())
    amiss = [
        *(f"wrong at {name}" for name, one in found.items() if not one["is_right"]),
    ]
    # A planner rightly reads a table of a thousand rows as a whole.
    largest = found[list(figures)[-1]]
    if largest["scans"]:
        amiss.append("scans")
    if ratio > MOST_TIMES:
        amiss.append(f"over {MOST_TIMES} times")
    if largest["is_list"] and p95 > MOST_MS:
        amiss.append(f"over {MOST_MS:.0f} ms")
    return {
        "question": question,
        "medians": {name: one["median_ms"] for name, one in found.items()},
        "ratio": ratio,
        "p95_ms": p95,
        "amiss": amiss,
        "reads": _read_by(largest["plans"]),
    }


def table(lines: list[Line]) -> str:
    """As Markdown: milliseconds of CPU, medians."""
    names = list(lines[0]["medians"])
    head = ["", *names, "largest / smallest", "p95", "amiss", "reads"]
    rows = [
        [
            line["question"],
            *(f"{line['medians'][name]:.1f}" for name in names),
            f"{line['ratio']:.2f}",
            f"{line['p95_ms']:.1f}",
            ", ".join(line["amiss"]),
            ", ".join(line["reads"]),
        ]
        for line in lines
    ]
    made = ["| " + " | ".join(row) + " |" for row in [head, *rows]]
    return "\n".join([made[0], "|---" * len(head) + "|", *made[1:]])


def _read_by(plans: list[str]) -> list[str]:
    """Indexes, and tables that are read as a whole; each once, in the plans' order."""
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
