from collections.abc import Callable, Iterator
from pathlib import Path
from unittest.mock import Mock, patch

import pytest
from pytest_django import Settings

from agentarium.cli.serving.builtin_model import prepare_model
from agentarium.runtime.builtin.weights import WeightsError

Fetch = Callable[..., Path]
MODULE = "agentarium.cli.serving.builtin_model"


@pytest.fixture
def fetch(settings: Settings, tmp_path: Path) -> Iterator[Mock]:
    """Replaces the download; the weights are not on this machine yet."""
    settings.DATA = tmp_path
    settings.BUILTIN_MODEL_WEIGHTS = ""
    with (
        patch(f"{MODULE}.fetch_weights") as fetched,
        patch(f"{MODULE}.find_weights", return_value=None),
        patch(f"{MODULE}.is_installed", return_value=True),
    ):
        yield fetched


def test_downloads_into_the_data_folder(fetch: Mock, tmp_path: Path) -> None:
    prepare_model(is_wanted=None)

    assert fetch.call_args.args[0] == tmp_path


def test_shows_the_progress_of_the_download(fetch: Mock) -> None:
    fetch.side_effect = lambda _, on_progress: on_progress(50, 100)

    with patch(f"{MODULE}.progress") as progress:
        prepare_model(is_wanted=None)

    bar = progress.return_value.__enter__.return_value
    bar.update.assert_called_once_with(
        bar.add_task.return_value, completed=50, total=100
    )


def test_does_not_download_weights_that_are_here(fetch: Mock, tmp_path: Path) -> None:
    with patch(f"{MODULE}.find_weights", return_value=tmp_path):
        prepare_model(is_wanted=True)

    assert not fetch.called


def test_does_not_download_with_no_model(fetch: Mock) -> None:
    prepare_model(is_wanted=False)

    assert not fetch.called


def test_a_failed_download_only_warns_at_this_and_each_later_start(
    fetch: Mock, capsys: pytest.CaptureFixture[str]
) -> None:
    fetch.side_effect = WeightsError("There is no network.")

    prepare_model(is_wanted=None)
    first = capsys.readouterr()
    prepare_model(is_wanted=None)
    second = capsys.readouterr()

    assert fetch.call_count == 1
    assert "There is no network." in first.err
    assert "There is no network." in second.err
    assert "--model" in second.err


def test_repeats_a_failed_download_when_the_model_is_wanted(fetch: Mock) -> None:
    fetch.side_effect = [WeightsError("There is no network."), None]

    prepare_model(is_wanted=None)
    prepare_model(is_wanted=True)

    assert fetch.call_count == 2


def test_warns_of_configured_weights_that_are_missing(
    fetch: Mock, settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    settings.BUILTIN_MODEL_WEIGHTS = "/nowhere/model.gguf"

    prepare_model(is_wanted=None)

    assert not fetch.called
    assert "unavailable" in capsys.readouterr().err
