"""The failures of utility processes among the metrics."""

from prometheus_client import generate_latest

from agentarium.observability.metrics import REGISTRY
from agentarium.runtime.utility_process.pool import failures


def test_counts_the_failures_of_utility_processes() -> None:
    failures["agentarium.runtime.tools.tested_process", "timeout"] += 3

    shown = generate_latest(REGISTRY).decode()
    del failures["agentarium.runtime.tools.tested_process", "timeout"]

    assert (
        'agentarium_utility_process_failures_total{failure="timeout",'
        'module="tested_process"} 3.0'
    ) in shown
