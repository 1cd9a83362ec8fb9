"""The real weights of the built-in model, for the tests that need real tokens."""

import os
from pathlib import Path

from agentarium.runtime.builtin.weights import fetch_weights, find_weights
from agentarium.runtime.providers.config import BuiltinConfig


def real_weights() -> BuiltinConfig:
    """The weights that this machine has; they are fetched once where it has none.

    Into the data folder of the environment, or a cache of the user's.
    """
    chosen = os.environ.get("AGENTARIUM_BUILTIN_MODEL_WEIGHTS", "")
    data = Path(
        os.environ.get("AGENTARIUM_TEST_WEIGHTS", "~/.cache/agentarium-tests")
    ).expanduser()
    config = BuiltinConfig(data=data, weights=chosen)
    if find_weights(config) is None:
        fetch_weights(data)
    return config
