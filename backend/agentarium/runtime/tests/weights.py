"""The real weights of the built-in model, for tests that need real tokens."""

import os
from pathlib import Path

from agentarium.runtime.builtin.weights import fetch_weights, find_weights
from agentarium.runtime.providers.config import BuiltinConfig


def real_weights() -> BuiltinConfig:
    """The weights on this machine. If there are none, they are downloaded once.

    They go to `AGENTARIUM_TEST_WEIGHTS`, or to a folder in the user's cache.
    """
    chosen = os.environ.get("AGENTARIUM_BUILTIN_MODEL_WEIGHTS", "")
    data = Path(
        os.environ.get("AGENTARIUM_TEST_WEIGHTS", "~/.cache/agentarium-tests")
    ).expanduser()
    config = BuiltinConfig(data=data, weights=chosen)
    if find_weights(config) is None:
        fetch_weights(data)
    return config
