from pathlib import Path

import pytest

from agentarium.config.environment import Environment, SettingsError


def test_reads_a_value_from_a_file_without_its_line_break(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "key"
    file.write_text("sk-secret\n")
    monkeypatch.setenv("AGENTARIUM_TEST_KEY_FILE", str(file))

    assert Environment().str("AGENTARIUM_TEST_KEY", "") == "sk-secret"


@pytest.mark.parametrize("text", ["eighty", "-1", "nan", "1.5", "tcp://10.0.0.1:80"])
def test_names_the_variable_of_an_invalid_number(
    monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    monkeypatch.setenv("AGENTARIUM_TEST_PORT", text)
    environment = Environment()

    assert environment.int("AGENTARIUM_TEST_PORT", 80) == 80
    (problem,) = environment.problems
    assert problem.startswith("AGENTARIUM_TEST_PORT is ")


def test_exits_with_all_problems(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("AGENTARIUM_TEST_PORT", "eighty")
    monkeypatch.setenv("AGENTARIUM_TEST_FLAG", "perhaps")
    environment = Environment()
    environment.int("AGENTARIUM_TEST_PORT", 80)
    environment.bool("AGENTARIUM_TEST_FLAG", True)

    with pytest.raises(SettingsError) as ended:
        environment.exit_if_invalid()

    assert ended.value.code == 2
    assert len(capsys.readouterr().err.splitlines()) == 2


@pytest.mark.parametrize(
    ("text", "expected"),
    [("yes", True), ("ON", True), ("1", True), ("no", False), ("0", False), ("", True)],
)
def test_accepts_the_usual_spellings_of_a_boolean(
    monkeypatch: pytest.MonkeyPatch, text: str, *, expected: bool
) -> None:
    monkeypatch.setenv("AGENTARIUM_TEST_FLAG", text)
    environment = Environment()

    assert environment.bool("AGENTARIUM_TEST_FLAG", True) is expected
    assert environment.problems == []


def test_treats_an_empty_variable_as_not_set(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("AGENTARIUM_TEST_PORT", " ")
    environment = Environment()

    assert environment.int("AGENTARIUM_TEST_PORT", 80) == 80
    assert environment.problems == []


def test_accepts_a_value_that_begins_with_a_dollar_sign(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("AGENTARIUM_TEST_KEY", "$ecret")

    assert Environment().str("AGENTARIUM_TEST_KEY", "") == "$ecret"


def test_names_the_variable_of_json_that_is_nested_too_deeply(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("AGENTARIUM_TEST_JSON", "[" * 100_000)
    environment = Environment()

    assert environment.json("AGENTARIUM_TEST_JSON", {}) == {}
    (problem,) = environment.problems
    assert "nested too deeply" in problem


@pytest.mark.parametrize("value", ["a\x1b[31m", "a\x7f", "a\udcff", "\x01"])
def test_refuses_a_value_that_is_not_text_without_quoting_it(
    monkeypatch: pytest.MonkeyPatch, value: str
) -> None:
    monkeypatch.setenv("AGENTARIUM_TEST_KEY", value)
    environment = Environment()

    assert environment.str("AGENTARIUM_TEST_KEY", "default") == "default"
    (problem,) = environment.problems
    assert problem.startswith("AGENTARIUM_TEST_KEY contains control characters")
    assert value not in problem


def test_accepts_a_value_of_several_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AGENTARIUM_TEST_JSON", '{\r\n\t"é": "\N{GRINNING FACE}"}')

    json = Environment().json("AGENTARIUM_TEST_JSON", {})

    assert json == {"é": "\N{GRINNING FACE}"}


def test_refuses_a_file_that_contains_a_nul(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "folder").write_text("/data\0")
    monkeypatch.setenv("AGENTARIUM_TEST_DATA_FILE", str(tmp_path / "folder"))
    environment = Environment()

    environment.folder("AGENTARIUM_TEST_DATA", str(tmp_path / "default"))

    (problem,) = environment.problems
    assert problem.startswith("AGENTARIUM_TEST_DATA contains control characters")
