import pytest
from prometheus_client import generate_latest

from agentarium.core.outages import Outage
from agentarium.observability.metrics import REGISTRY


def metric(use: str) -> str:
    name = f'agentarium_service_usable{{service="redis",use="{use}"}}'
    lines = generate_latest(REGISTRY).decode().splitlines()
    return next(line for line in lines if line.startswith(name)).split()[-1]


@pytest.mark.usefixtures("no_outages")
def test_shows_which_services_can_be_used() -> None:
    limits, output = Outage("redis", "rate limits"), Outage("redis", "live output")
    limits.begin("refused")

    during = metric("rate limits")
    limits.end()

    assert (during, metric("rate limits")) == ("0.0", "1.0")
    assert metric(output.used_for) == "1.0"
