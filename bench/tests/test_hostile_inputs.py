"""A run of hostile inputs detects what delays the victim, and excuses the machine."""

from collections import Counter

import pytest

from bench.chaos.hostile.inputs import INPUTS
from bench.chaos.hostile.samples import LoopRun, Memory, Sample
from bench.chaos.hostile.verdict import Verdict, Window, judge

WINDOW = Window("input", 100.0, 110.0, Counter())
PROBE = Sample("probe", 101.0, 0.01)


def judged(*samples: Sample, loops: tuple[LoopRun, ...] = ()) -> Verdict:
    return judge(WINDOW, [PROBE, *samples], loops, [])


def test_accepts_what_is_as_fast_as_promised() -> None:
    verdict = judged(
        Sample("me", 102, 0.49), Sample("stream", 102, 0.59), Sample("probe", 102, 0.99)
    )

    assert verdict.violations == ()
    assert not verdict.is_excused


@pytest.mark.parametrize(
    ("kind", "seconds"), [("me", 0.52), ("stream", 0.62), ("probe", 1.02)]
)
def test_detects_what_is_slower(kind: str, seconds: float) -> None:
    verdict = judged(Sample(kind, 102, seconds))

    assert verdict.violations == (
        f"{kind} took {seconds:.2f} s, {seconds:.2f} s counted",
    )


def test_detects_a_request_that_outlasts_the_input() -> None:
    assert judged(Sample("me", 109.9, 30.0)).violations


def test_does_not_count_what_the_machine_lost_in_the_same_time() -> None:
    slow = Sample("me", 102.0, 0.9)

    stalled = judged(slow, loops=(LoopRun(102.1, 0.6, 0.55),))
    stalled_earlier = judged(slow, loops=(LoopRun(101.0, 0.6, 0.55),))

    assert stalled.violations == ()
    assert stalled.is_excused
    assert stalled_earlier.violations == ("me took 0.90 s, 0.90 s counted",)


def test_counts_only_the_part_of_a_stall_that_overlaps() -> None:
    request = judged(
        Sample("me", 102.0, 0.9), loops=(LoopRun(101.5, 1.0, 0.8),)
    ).request

    assert request.lost == pytest.approx(0.4)


def test_detects_a_slow_request_behind_one_that_the_machine_delayed() -> None:
    verdict = judged(
        Sample("me", 102.0, 2.0),
        Sample("list", 105.0, 0.7),
        loops=(LoopRun(102.0, 2.0, 1.9),),
    )

    assert verdict.violations == ("list took 0.70 s, 0.70 s counted",)


def test_detects_failed_requests() -> None:
    failed = Sample("me", 102, 0.01, "me 503")

    assert judged(failed, failed).violations == ("me 503 x 2",)


def test_detects_a_server_that_cannot_be_probed() -> None:
    assert judge(WINDOW, [], [], []).violations == ("no probe began",)


def test_leaves_other_inputs_out() -> None:
    memory = [Memory(99, 900), Memory(105, 300), Memory(106, 200), Memory(111, 900)]

    verdict = judge(
        WINDOW, [PROBE, Sample("me", 99, 9.0), Sample("me", 110, 9.0)], [], memory
    )

    assert verdict.violations == ()
    assert verdict.peak_memory == 300


def test_reports_limits_that_an_input_passed() -> None:
    window = Window("input", 100.0, 110.0, Counter(), ("1,300 passed",))

    assert judge(window, [PROBE], [], []).violations == ("1,300 passed",)


def test_inputs_have_names_of_their_own() -> None:
    assert len({one.name for one in INPUTS}) == len(INPUTS)
