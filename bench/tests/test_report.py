from pathlib import Path

import pytest

from bench.lab import Lab
from bench.measurement import Aim, Effort, Figures, Measurement
from bench.measurements import MEASUREMENTS
from bench.report.page import LONG_HISTORIES, PAGE, replace
from bench.report.plots import bars
from bench.report.results import Results, is_met, moved, ratios
from bench.report.tables import aims, table
from bench.scale.report import compare
from bench.statistics import percentile

MEDIANS = {"bare": {"ms": 2.0, "only": 1.0}, "ours": {"ms": 6.0}}


def _nothing(_: Lab, __: str, ___: Effort) -> Figures:
    return {}


MEASUREMENT = Measurement(
    name="T0",
    title="Something",
    systems=("bare", "ours"),
    run=_nothing,
    compared=("ms",),
    aims=(Aim("ours", "ms", at_most=2, times="bare"),),
)


def test_takes_the_median_of_the_rounds() -> None:
    results = Results()
    results.add("T0", "ours", {"ms": 9.0})
    results.add("T0", "ours", {"ms": 1.0})
    results.add("T0", "ours", {"ms": 2.0})

    assert results.medians("T0") == {"ours": {"ms": 2.0}}


def test_saves_and_reads_results(tmp_path: Path) -> None:
    results = Results()
    results.add("T0", "ours", {"ms": 9.0})

    results.save(tmp_path / "kept.json")

    read = Results.read(tmp_path / "kept.json")
    assert read.medians("T0") == {"ours": {"ms": 9.0}}


def test_compares_with_the_first_system() -> None:
    assert ratios(MEASUREMENT, MEDIANS) == {"T0 ours ms": 3.0}


@pytest.mark.parametrize(
    ("new", "lines"),
    [
        (2.4, []),
        (2.6, ["a: 2 -> 2.6 (+30%)"]),
        (1.4, ["a: 2 -> 1.4 (-30%)"]),
    ],
)
def test_reports_ratios_that_moved_by_more_than_a_quarter(
    new: float, lines: list[str]
) -> None:
    assert list(moved({"a": 2.0, "gone": 1.0}, {"a": new, "new": 1.0})) == lines


@pytest.mark.parametrize(
    ("aim", "met"),
    [
        (Aim("ours", "ms", at_most=6), True),
        (Aim("ours", "ms", at_most=5), False),
        (Aim("ours", "ms", at_most=3, times="bare"), True),
        (Aim("ours", "ms", at_least=4, times="bare"), False),
        (Aim("other", "ms", at_most=1), None),
    ],
)
def test_decides_whether_an_aim_is_met(aim: Aim, met: bool | None) -> None:  # noqa: FBT001
    assert is_met(aim, MEDIANS) is met


def test_shows_figures_with_their_ratio() -> None:
    text = table(MEASUREMENT, MEDIANS)

    assert "| ms | 2 | 6 (3 x) |" in text
    assert "| only | 1 |  |" in text


def test_shows_aims_that_are_not_met() -> None:
    text = aims(MEASUREMENT, MEDIANS)

    assert "| ours: ms at most 4 (2 x bare) | 6 | **not met** |" in text


def test_writes_figures_between_the_markers_of_the_page(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("before\n<!-- T0 -->old<!-- /T0 -->\nafter")

    replace("T0", "new", page)

    assert page.read_text() == "before\n<!-- T0 -->\n\nnew\n\n<!-- /T0 -->\nafter"


@pytest.mark.parametrize(
    ("name", "page"),
    [
        *((name, PAGE) for name in MEASUREMENTS),
        ("T5 postgresql", LONG_HISTORIES),
        ("T5 sqlite", LONG_HISTORIES),
    ],
)
def test_every_measurement_has_markers_on_a_page(
    name: str, page: Path, tmp_path: Path
) -> None:
    copy = tmp_path / page.name
    copy.write_text(page.read_text())

    replace(name, "new", copy)

    assert f"<!-- {name} -->\n\nnew\n" in copy.read_text()


def test_draws_a_bar_for_each_system() -> None:
    assert bars("T0", "ms", MEDIANS).count("<rect") == 2


@pytest.mark.parametrize(("percent", "value"), [(50, 5), (99, 10), (1, 1)])
def test_a_percentile_is_a_measured_value(percent: float, value: float) -> None:
    assert percentile(range(1, 11), percent) == value


@pytest.mark.parametrize(
    ("plan", "reads"),
    [
        (
            "Limit (actual rows=1)\n"
            "  ->  Index Only Scan Backward using task_newest on tasks_agenttask\n"
            "  ->  Index Scan using agents_agent_pkey on agents_agent",
            ["`task_newest`"],
        ),
        (
            "Bitmap Heap Scan on tasks_words\n"
            "  ->  Bitmap Index Scan on tasks_words_words\n"
            "  ->  Seq Scan on tasks_periodicjob",
            ["`tasks_words_words`", "all of `tasks_periodicjob`"],
        ),
        ("Seq Scan on agents_agent (never executed)", []),
        (
            "SEARCH tasks_agenttask USING COVERING INDEX task_newest (owner_id=?)\n"
            "SEARCH agents_agent USING INTEGER PRIMARY KEY (rowid=?)\n"
            "SCAN part",
            ["`task_newest`"],
        ),
        (
            "SCAN tasks_words VIRTUAL TABLE INDEX 0:M2\nSCAN tasks_agenttask",
            ["`tasks_words`", "all of `tasks_agenttask`"],
        ),
    ],
)
def test_reports_the_indexes_that_an_operation_reads(
    plan: str, reads: list[str]
) -> None:
    found = {
        "median_ms": 1.0,
        "p95_ms": 1.0,
        "is_right": True,
        "is_list": True,
        "scans": [],
        "plans": [plan, plan],
    }

    (line,) = compare({"1,000": {"operation": found}})

    assert line["reads"] == reads
