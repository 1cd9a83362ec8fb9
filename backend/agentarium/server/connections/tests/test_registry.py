import resource
from itertools import count

import pytest
from pytest_django import Settings

from agentarium.server.connections import descriptors
from agentarium.server.connections.registry import Registry


class FakeConnection:
    def __init__(self, address: str) -> None:
        self.address = address
        self.is_known = False
        self.has_given_way = False

    def give_way(self) -> None:
        self.has_given_way = True

    def check_time(self, now: float) -> None:
        """It never takes too long."""


def admitted(registry: Registry, address: str) -> FakeConnection:
    connection = FakeConnection(address)
    assert registry.admit(connection)
    registry.set_waiting(connection, is_waiting=True)
    return connection


class TestCeilings:
    def test_one_address_cannot_take_the_room_of_the_others(self) -> None:
        registry = Registry(ceiling=10, address_ceiling=3)
        victim = admitted(registry, "192.0.2.1")

        flood = [admitted(registry, "203.0.113.5") for _ in range(100)]

        assert not victim.has_given_way
        assert sum(not each.has_given_way for each in flood) == 3

    @pytest.mark.parametrize(
        ("first", "second", "is_same"),
        [
            ("2001:db8:0:1::1", "2001:db8:0:1:ffff::9", True),
            ("2001:db8:0:1::1", "2001:db8:0:2::1", False),
            ("::ffff:192.0.2.1", "192.0.2.1", True),
            ("192.0.2.1", "192.0.2.2", False),
        ],
    )
    def test_an_ipv6_network_of_a_customer_counts_as_one_address(
        self, first: str, second: str, *, is_same: bool
    ) -> None:
        registry = Registry(ceiling=10, address_ceiling=1)
        one = admitted(registry, first)

        admitted(registry, second)

        assert one.has_given_way is is_same

    def test_behind_a_proxy_only_the_total_counts(self) -> None:
        registry = Registry(ceiling=4, address_ceiling=None)

        all_of_them = [admitted(registry, "127.0.0.1") for _ in range(5)]

        assert [each.has_given_way for each in all_of_them] == [True, *[False] * 4]

    def test_a_closed_connection_leaves_its_place(self) -> None:
        registry = Registry(ceiling=1, address_ceiling=1)
        for _ in range(3):
            connection = FakeConnection("192.0.2.1")
            assert registry.admit(connection)
            registry.remove(connection)
            registry.remove(connection)

    def test_a_flood_of_refusals_is_logged_once_a_minute(
        self, caplog: pytest.LogCaptureFixture
    ) -> None:
        clock = count(0.0, 0.1)
        registry = Registry(ceiling=1, address_ceiling=None, clock=lambda: next(clock))
        registry.admit(FakeConnection("192.0.2.1"))

        for _ in range(1000):
            assert not registry.admit(FakeConnection("192.0.2.2"))

        lines = [each for each in caplog.messages if "connections.refused" in each]
        assert len(lines) == 2


class TestDescriptors:
    @pytest.fixture(autouse=True)
    def limit(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(resource, "getrlimit", lambda _: (1024, 1_048_576))

    def test_connections_get_half_of_the_descriptors(self, settings: Settings) -> None:
        settings.MAX_CONNECTIONS = settings.MAX_CONNECTIONS_PER_ADDRESS = 0
        settings.TRUSTED_PROXIES = 0

        assert descriptors.connection_ceiling() == 512
        assert descriptors.address_ceiling() == 256

    def test_settings_can_only_lower_them(self, settings: Settings) -> None:
        settings.MAX_CONNECTIONS = 5000
        assert descriptors.connection_ceiling() == 512

        settings.MAX_CONNECTIONS = 100
        assert descriptors.connection_ceiling() == 100

    def test_a_proxy_has_no_ceiling_of_its_own(self, settings: Settings) -> None:
        settings.TRUSTED_PROXIES = 1

        assert descriptors.address_ceiling() is None

    def test_a_low_limit_is_reported(self) -> None:
        assert "1,024 files" in descriptors.low_limit()

    def test_the_limit_is_raised_to_the_hard_one(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        raised: list[tuple[int, int]] = []
        monkeypatch.setattr(resource, "setrlimit", lambda _, pair: raised.append(pair))

        descriptors.raise_limit()

        assert raised == [(1_048_576, 1_048_576)]
