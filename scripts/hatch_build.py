"""What the wheel checks while it is built."""

from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class PageHook(BuildHookInterface[Any]):
    """Refuses to build a package that could not show its page."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        page = Path(self.root, "backend/agentarium/page/index.html")
        # A checkout that is installed for development may do without one.
        if version != "editable" and not page.exists():
            raise FileNotFoundError("The page is not built. `make wheel` builds both.")
