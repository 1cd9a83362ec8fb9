from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured

from agentarium.config.environment import Environment, kept_secret


def test_takes_a_value_from_a_file_without_its_line_break(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "key"
    file.write_text("sk-secret\n")
    monkeypatch.setenv("AGENTARIUM_TEST_KEY_FILE", str(file))

    assert Environment().str("AGENTARIUM_TEST_KEY", "") == "sk-secret"


def test_names_the_variable_of_a_wrong_value(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("AGENTARIUM_TEST_PORT", "eighty")

    with pytest.raises(ImproperlyConfigured, match="AGENTARIUM_TEST_PORT"):
        Environment().int("AGENTARIUM_TEST_PORT")


def test_keeps_a_secret_that_only_its_owner_reads(tmp_path: Path) -> None:
    file = tmp_path / "secret_key"

    secret = kept_secret(file)

    assert kept_secret(file) == secret
    assert len(secret) >= 50
    assert file.stat().st_mode & 0o777 == 0o600
