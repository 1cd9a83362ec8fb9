from datetime import UTC, datetime
from typing import Any

import pytest
from django.utils.translation import gettext_lazy
from rest_framework import renderers

from agentarium.core.renderers import JSONRenderer


@pytest.mark.parametrize(
    "data",
    [
        {"text": "“naïve” \u2028", "none": None, "numbers": [1, 2.5, -3]},
        {"at": datetime(2026, 1, 31, 12, tzinfo=UTC)},
        {"at": datetime(2026, 1, 31, 12, 0, 0, 250, tzinfo=UTC)},
        {"lazy": gettext_lazy("Not found.")},
        {1: "a key that is a number"},
        {"beyond": 2**70},
        None,
    ],
)
def test_writes_what_rest_framework_writes(data: Any) -> None:
    written = JSONRenderer().render(data)

    expected = renderers.JSONRenderer().render(data)
    assert written.decode() == expected.decode().replace("\\u2028", "\u2028")
