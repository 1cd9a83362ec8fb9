import pytest
from django.test import RequestFactory
from django.urls import Resolver404

from agentarium.core.handler import REMEMBERED, Handler, _resolve


@pytest.fixture
def handler() -> Handler:
    _resolve.cache_clear()
    return Handler()


class TestHandler:
    def test_remembers_where_an_address_leads(
        self, handler: Handler, rf: RequestFactory
    ) -> None:
        first, again, other = (
            handler.resolve_request(rf.get(path))
            for path in ("/api/tasks/1/", "/api/tasks/1/?a=b", "/api/tasks/2/")
        )

        assert again is first
        assert (first.kwargs, other.kwargs) == ({"pk": "1"}, {"pk": "2"})

    def test_does_not_remember_what_is_no_address(
        self, handler: Handler, rf: RequestFactory
    ) -> None:
        for _ in range(2):
            with pytest.raises(Resolver404):
                handler.resolve_request(rf.get("/api/nothing/"))

        assert _resolve.cache_info().currsize == 0

    def test_remembers_a_bounded_number(
        self, handler: Handler, rf: RequestFactory
    ) -> None:
        for number in range(REMEMBERED + 1):
            handler.resolve_request(rf.get(f"/api/tasks/{number}/"))

        assert _resolve.cache_info().currsize == REMEMBERED
