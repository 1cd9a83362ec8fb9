from pytest_django import Settings

from agentarium.accounts.checks import check_rates


def test_the_default_rates_are_valid() -> None:
    assert check_rates() == []


def test_names_an_invalid_rate(settings: Settings) -> None:
    settings.THROTTLE_RATES = {"user": "10/min", "login": "sometimes"}

    (error,) = check_rates()

    assert error.id == "accounts.E001"
    assert "AGENTARIUM_RATE_LOGIN" in error.msg
