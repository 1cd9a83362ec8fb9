from typing import cast

import aiohttp
import pytest

from agentarium.runtime.providers.http import HttpPool


class Response:
    """As much of a response as it takes to be watched."""


class TestPause:
    @pytest.mark.parametrize(
        ("answers", "seconds"), [(0, 0), (99, 0), (500, 0.05), (5000, 0.1)]
    )
    async def test_grows_with_the_answers_under_way(
        self, pool: HttpPool, answers: int, seconds: float
    ) -> None:
        responses = [Response() for _ in range(answers)]
        for response in responses:
            pool.watch(cast("aiohttp.ClientResponse", response))

        assert pool.pause() == pytest.approx(seconds)

        responses.clear()
        assert pool.pause() == 0
