"""Download the built-in model's weights when a process starts."""

from pathlib import Path

from django.conf import settings
from rich.progress import DownloadColumn

from agentarium.cli.terminal import progress, say
from agentarium.providers.services import provider_configs
from agentarium.runtime.builtin.weights import (
    WeightsError,
    fetch_weights,
    find_weights,
)
from agentarium.runtime.providers import PROVIDERS
from agentarium.runtime.providers.registry import is_installed, why_unavailable

TITLE = "Downloading the built-in model (about 95 MB, once)"


def prepare_model(*, is_wanted: bool | None) -> None:
    """Download the weights unless they are here. Everything else works without them.

    A failed download is repeated only if `is_wanted` is True, not at every start.
    """
    config = provider_configs()["builtin"]
    if is_wanted is False or find_weights(config.builtin):
        return
    package = PROVIDERS["builtin"].package
    can_fetch = not config.builtin.weights and (not package or is_installed(package))
    failure = settings.DATA / "models" / "not-fetched"
    if not can_fetch:
        _warn(why_unavailable(PROVIDERS["builtin"], config))
    elif failure.exists() and not is_wanted:
        _warn(f"{failure.read_text()} Try again with `--model`.")
    else:
        _fetch(failure)


def _fetch(failure: Path) -> None:
    try:
        with progress(TITLE, unit=DownloadColumn()) as bar:
            step = bar.add_task(TITLE, total=None)
            fetch_weights(
                settings.DATA,
                lambda done, total: bar.update(step, completed=done, total=total),
            )
        failure.unlink(missing_ok=True)
    except WeightsError as error:
        failure.parent.mkdir(exist_ok=True)
        failure.write_text(str(error))
        _warn(str(error))


def _warn(reason: str) -> None:
    say(f"The built-in model is unavailable. {reason}", style="yellow")
