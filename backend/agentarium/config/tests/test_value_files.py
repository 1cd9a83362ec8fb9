"""Files that hold the value of a setting: unusable ones are reported without blocking."""

import os
import threading
from pathlib import Path

import pytest

from agentarium.config.environment import Environment
from agentarium.config.value_files import MAX_BYTES, read_value, stored_secret


def as_folder(file: Path) -> None:
    file.mkdir()


def as_pipe(file: Path) -> None:
    os.mkfifo(file)


def as_device(file: Path) -> None:
    file.symlink_to("/dev/zero")


def as_large(file: Path) -> None:
    file.write_bytes(b"a" * (MAX_BYTES + 1))


def as_bytes(file: Path) -> None:
    file.write_bytes(b"\xff" * 60)


unusable = pytest.mark.parametrize(
    ("make", "reason"),
    [
        (as_folder, "Is a directory"),
        (as_pipe, "not an ordinary file"),
        (as_device, "not an ordinary file"),
        (as_large, "too large for a setting"),
        (as_bytes, "not text"),
        (lambda file: None, "No such file"),
    ],
)


@unusable
def test_reports_a_file_that_cannot_be_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, make: object, reason: str
) -> None:
    file = tmp_path / "value"
    assert callable(make)
    make(file)
    monkeypatch.setenv("AGENTARIUM_TEST_KEY_FILE", str(file))
    environment = Environment()

    assert environment.str("AGENTARIUM_TEST_KEY", "default") == "default"
    (problem,) = environment.problems
    assert problem.startswith(f"AGENTARIUM_TEST_KEY cannot be read from {file} (")
    assert reason in problem


@pytest.mark.parametrize("make", [as_folder, as_pipe, as_device, as_large, as_bytes])
def test_reports_a_stored_key_that_cannot_be_used(tmp_path: Path, make: object) -> None:
    file = tmp_path / "secret_key"
    assert callable(make)
    make(file)
    environment = Environment()

    assert environment.secret("AGENTARIUM_TEST_KEY", file) == ""
    (problem,) = environment.problems
    assert f"{file} cannot be used instead (" in problem


def test_follows_a_link_to_a_mounted_secret(tmp_path: Path) -> None:
    (tmp_path / "mounted").write_text(" key \n")
    (tmp_path / "value").symlink_to("mounted")

    assert read_value(tmp_path / "value") == "key"


def test_stores_a_secret_that_only_its_owner_can_read(tmp_path: Path) -> None:
    file = tmp_path / "secret_key"

    secret = stored_secret(file)

    assert stored_secret(file) == secret
    assert len(secret) >= 50
    assert file.stat().st_mode & 0o777 == 0o600
    assert [*tmp_path.iterdir()] == [file]


def test_does_not_write_the_secret_through_a_link_in_the_folder(
    tmp_path: Path,
) -> None:
    foreign = tmp_path / "foreign"
    foreign.touch()
    (tmp_path / f"secret_key.{os.getpid()}").symlink_to(foreign)

    stored_secret(tmp_path / "secret_key")

    assert foreign.read_text() == ""


def test_concurrent_calls_in_one_process_store_one_secret(tmp_path: Path) -> None:
    file = tmp_path / "secret_key"
    gate = threading.Barrier(8)
    found: list[str] = []

    def start() -> None:
        gate.wait()
        found.append(stored_secret(file))

    threads = [threading.Thread(target=start) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert set(found) == {file.read_text()}
    assert len(found) == 8
