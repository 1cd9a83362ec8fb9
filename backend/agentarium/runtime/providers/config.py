"""What a deployment says about its providers."""

from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True, slots=True)
class BuiltinConfig:
    """How the built-in model runs here.

    `weights` is a file of an operator's choice, `data` the folder that downloaded
    weights lie in, and `threads` how many it computes with, where 0 leaves the choice to it.
    """

    data: Path | None = None
    weights: str = ""
    threads: int = 0


@dataclass(frozen=True, slots=True)
class ProviderConfig:
    """The key and the address for one provider; empty where none is set."""

    api_key: str = field(default="", repr=False)
    base_url: str = ""
    builtin: BuiltinConfig = BuiltinConfig()
