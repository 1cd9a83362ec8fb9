"""A build hook: the wheel must contain the page."""

from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class PageHook(BuildHookInterface[Any]):
    """Fails the build if the page has not been built."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        page = Path(self.root, "backend/agentarium/page/index.html")
        # An editable installation works without it.
        if version != "editable" and not page.exists():
            raise FileNotFoundError("The page is not built. `make wheel` builds both.")
