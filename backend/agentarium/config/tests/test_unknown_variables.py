import pytest

from agentarium.config import settings
from agentarium.config.unknown_variables import unknown_variables


@pytest.mark.parametrize(
    ("name", "nearest"),
    [
        ("AGENTARIUM_REGISTRATION_OPENED", "AGENTARIUM_REGISTRATION_OPEN"),
        ("AGENTARIUM_SECRETKEY", "AGENTARIUM_SECRET_KEY"),
        ("AGENTARIUM_SECRET_KEY_FIEL", "AGENTARIUM_SECRET_KEY_FILE"),
        ("AGENTARIUM_Url", "AGENTARIUM_URL"),
        ("AGENTARIUM_XYZZY_QUUX_PLUGH", ""),
    ],
)
def test_names_the_nearest_known_name(name: str, nearest: str) -> None:
    found = dict(unknown_variables([name, "PATH"], settings.KNOWN_VARIABLES))

    assert found == {name: nearest}


@pytest.mark.parametrize(
    "name",
    [
        "AGENTARIUM_URL",
        "AGENTARIUM_SECRET_KEY_FILE",
        # Set by clients and Kubernetes.
        "AGENTARIUM_TOKEN",
        "AGENTARIUM_SERVICE_HOST",
        "AGENTARIUM_SERVICE_PORT_HTTP",
        "AGENTARIUM_PORT_8000_TCP_ADDR",
        "AGENTARIUM_WEB_SERVICE_HOST",
    ],
)
def test_does_not_report_names_that_are_used(name: str) -> None:
    assert not dict(unknown_variables([name], settings.KNOWN_VARIABLES))
