from typing import cast

import aiohttp
import pytest

from agentarium.runtime.providers.http import HttpPool


class Response:
    """Just enough of a response for the pool to track it."""


class TestPause:
    @pytest.mark.parametrize(
        ("count", "seconds"), [(0, 0), (99, 0), (500, 0.05), (5000, 0.1)]
    )
    async def test_grows_with_the_number_of_open_responses(
        self, pool: HttpPool, count: int, seconds: float
    ) -> None:
        responses = [Response() for _ in range(count)]
        for response in responses:
            pool.track(cast("aiohttp.ClientResponse", response))

        assert pool.pause() == pytest.approx(seconds)

        responses.clear()
        assert pool.pause() == 0
