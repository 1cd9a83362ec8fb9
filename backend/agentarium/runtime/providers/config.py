"""The configuration of the providers."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True, slots=True)
class BuiltinConfig:
    """How the built-in model runs.

    `weights` is the path of a file that the operator chose, `data` the folder of
    downloaded weights, and `threads` the number of threads; 0 chooses automatically.
    """

    data: Path | None = None
    weights: str = ""
    threads: int = 0


@dataclass(frozen=True, slots=True)
class ProviderConfig:
    """The key and the address of one provider; empty if not set.

    `headers` are sent with each request, to servers with OpenAI's API only.
    """

    api_key: str = field(default="", repr=False)
    base_url: str = ""
    builtin: BuiltinConfig = BuiltinConfig()
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
