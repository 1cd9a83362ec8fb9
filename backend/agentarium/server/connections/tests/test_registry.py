import resource
from itertools import count

import pytest
from pytest_django import Settings

from agentarium.server.connections import descriptors
from agentarium.server.connections.registry import Registry


class FakeConnection:
    def __init__(self, address: str, user_id: int | None = None) -> None:
        self.address = address
        self.user_id = user_id
        self.is_sending_body = False
        self.has_given_way = False

    def give_way(self) -> None:
        self.has_given_way = True

    def check_time(self, now: float) -> None:
        """It never takes too long."""


def admitted(
    registry: Registry, address: str, user_id: int | None = None
) -> FakeConnection:
    connection = FakeConnection(address, user_id)
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


def sending(registry: Registry, user_id: int) -> FakeConnection:
    """A connection over which a user who has signed in sends a body."""
    connection = admitted(registry, "192.0.2.1", user_id)
    connection.is_sending_body = True
    registry.set_waiting(connection, is_waiting=True)
    return connection


class TestBodies:
    def test_who_sends_the_most_bodies_makes_room(self) -> None:
        registry = Registry(ceiling=20, address_ceiling=None)
        victims = [sending(registry, 1) for _ in range(5)]
        flood = [sending(registry, 2) for _ in range(15)]

        late = [FakeConnection("192.0.2.9", 3) for _ in range(7)]
        admissions = [registry.admit(each) for each in late]

        # The ones that are left are not more than each user may send.
        assert admissions == [True] * 5 + [False] * 2
        assert [each.has_given_way for each in flood] == [True] * 5 + [False] * 10
        assert not any(each.has_given_way for each in victims)

    def test_those_that_wait_for_a_request_go_first(self) -> None:
        registry = Registry(ceiling=22, address_ceiling=None)
        flood = [sending(registry, 1) for _ in range(20)]
        idle = admitted(registry, "192.0.2.2", 2)
        stranger = admitted(registry, "192.0.2.3")

        gone: list[tuple[bool, bool, bool]] = []
        for _ in range(3):
            assert registry.admit(FakeConnection("192.0.2.9", 3))
            gone.append(
                (stranger.has_given_way, idle.has_given_way, flood[0].has_given_way)
            )

        assert gone == [(True, False, False), (True, True, False), (True, True, True)]

    def test_a_body_that_is_complete_stays(self) -> None:
        registry = Registry(ceiling=11, address_ceiling=None)
        bodies = [sending(registry, 1) for _ in range(11)]
        registry.set_waiting(bodies[0], is_waiting=False)

        # Ten are left, as many as one user may send.
        assert not registry.admit(FakeConnection("192.0.2.9", 3))
        assert not any(each.has_given_way for each in bodies)


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
