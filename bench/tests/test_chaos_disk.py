from pathlib import Path

import pytest

from bench.chaos.limited_disk import limited_disk


def test_a_run_goes_on_where_no_disk_can_be_mounted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "")
    folder = tmp_path / "data"

    with limited_disk(folder) as disk:
        (folder / "kept").touch()

    assert disk is None
    assert (folder / "kept").exists()
