from pathlib import Path

import pytest

from agentarium.config.environment import Environment, SettingsError, kept_secret


def test_takes_a_value_from_a_file_without_its_line_break(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "key"
    file.write_text("sk-secret\n")
    monkeypatch.setenv("AGENTARIUM_TEST_KEY_FILE", str(file))

    assert Environment().str("AGENTARIUM_TEST_KEY", "") == "sk-secret"


@pytest.mark.parametrize("text", ["eighty", "-1", "nan", "1.5", "tcp://10.0.0.1:80"])
def test_names_the_variable_of_a_number_that_cannot_be_used(
    monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    monkeypatch.setenv("AGENTARIUM_TEST_PORT", text)
    environment = Environment()

    assert environment.int("AGENTARIUM_TEST_PORT", 80) == 80
    (problem,) = environment.problems
    assert problem.startswith("AGENTARIUM_TEST_PORT is ")


def test_ends_with_every_problem_and_not_only_with_the_first(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("AGENTARIUM_TEST_PORT", "eighty")
    monkeypatch.setenv("AGENTARIUM_TEST_FLAG", "perhaps")
    environment = Environment()
    environment.int("AGENTARIUM_TEST_PORT", 80)
    environment.bool("AGENTARIUM_TEST_FLAG", True)

    with pytest.raises(SettingsError) as ended:
        environment.end_if_wrong()

    assert ended.value.code == 2
    assert len(capsys.readouterr().err.splitlines()) == 2


@pytest.mark.parametrize(
    ("text", "expected"),
    [("yes", True), ("ON", True), ("1", True), ("no", False), ("0", False), ("", True)],
)
def test_reads_a_boolean_as_people_write_it(
    monkeypatch: pytest.MonkeyPatch, text: str, *, expected: bool
) -> None:
    monkeypatch.setenv("AGENTARIUM_TEST_FLAG", text)
    environment = Environment()

    assert environment.bool("AGENTARIUM_TEST_FLAG", True) is expected
    assert environment.problems == []


def test_takes_an_empty_variable_for_one_that_is_not_set(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("AGENTARIUM_TEST_PORT", " ")
    environment = Environment()

    assert environment.int("AGENTARIUM_TEST_PORT", 80) == 80
    assert environment.problems == []


def test_keeps_a_value_that_begins_with_a_dollar(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("AGENTARIUM_TEST_KEY", "$ecret")

    assert Environment().str("AGENTARIUM_TEST_KEY", "") == "$ecret"


def test_keeps_a_secret_that_only_its_owner_reads(tmp_path: Path) -> None:
    file = tmp_path / "secret_key"

    secret = kept_secret(file)

    assert kept_secret(file) == secret
    assert len(secret) >= 50
    assert file.stat().st_mode & 0o777 == 0o600
