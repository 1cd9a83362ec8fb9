import json
import re

import pytest
from pytest_django import Settings

from agentarium.accounts.models import SetupCode, User
from agentarium.cli.administration.setup_link import first_account_hint
from agentarium.cli.tests.conftest import Invoke

PASSWORD = "correct-horse-battery"


class TestCreateUser:
    def test_creates_the_first_account_as_superuser_with_an_agent(
        self, invoke: Invoke, db: None
    ) -> None:
        result = invoke(
            "createuser",
            "--username=ann",
            "--email=ann@example.com",
            "--password-stdin",
            stdin=f"{PASSWORD}\n",
        )

        assert result.exit_code == 0
        ann = User.objects.get()
        assert (ann.username, ann.email) == ("ann", "ann@example.com")
        assert ann.is_superuser
        assert ann.check_password(PASSWORD)
        assert ann.agents.get().name == "Assistant"

    def test_prompts_for_missing_values(self, invoke: Invoke, db: None) -> None:
        answers = f"ann\n\n{PASSWORD}\n{PASSWORD}\n"

        result = invoke("createuser", stdin=answers)

        assert result.exit_code == 0
        assert User.objects.get().check_password(PASSWORD)
        assert PASSWORD not in result.output

    def test_creates_later_accounts_without_rights_by_default(
        self, invoke: Invoke, alice: User
    ) -> None:
        options = ("--email=", "--password-stdin", "--json")

        plain = invoke("createuser", "--username=ann", *options, stdin=PASSWORD)
        staff = invoke(
            "createuser", "--username=bob", "--staff", *options, stdin=PASSWORD
        )

        assert json.loads(plain.stdout)["username"] == "ann"
        assert json.loads(staff.stdout)["id"] == User.objects.get(username="bob").pk
        assert not User.objects.get(username="ann").is_staff
        assert User.objects.get(username="bob").is_staff
        assert not User.objects.get(username="bob").is_superuser

    def test_creates_another_superuser(self, invoke: Invoke, alice: User) -> None:
        options = ("--email=", "--password-stdin")

        result = invoke("createuser", "--admin", "root", *options, stdin=PASSWORD)

        root = User.objects.get(username="root")
        assert result.exit_code == 0
        assert root.is_superuser
        assert root.is_staff
        assert "superuser" in result.stderr

    def test_refuses_a_weak_password_and_a_taken_name(
        self, invoke: Invoke, alice: User
    ) -> None:
        options = ("--email=", "--password-stdin")

        weak = invoke("createuser", "--username=ann", *options, stdin="123")
        taken = invoke("createuser", "--username=Alice", *options, stdin=PASSWORD)
        wrong = invoke("createuser", "--username=a b", *options, stdin=PASSWORD)

        for result in (weak, taken, wrong):
            assert result.exit_code == 1
            assert result.stdout == ""
            assert len(result.stderr.splitlines()) == 1
        assert User.objects.count() == 1


class TestPassword:
    def test_sets_a_new_password(self, invoke: Invoke, alice: User) -> None:
        result = invoke("password", "alice", "--password-stdin", stdin=f"{PASSWORD}\n")

        assert result.exit_code == 0
        alice.refresh_from_db()
        assert alice.check_password(PASSWORD)
        assert PASSWORD not in result.output

    def test_refuses_a_weak_one_and_an_unknown_user(
        self, invoke: Invoke, alice: User
    ) -> None:
        weak = invoke("password", "alice", "--password-stdin", stdin="123\n")
        unknown = invoke("password", "bob", "--password-stdin", stdin=PASSWORD)

        for result in (weak, unknown):
            assert result.exit_code == 1
            assert len(result.stderr.splitlines()) == 1
        assert not User.objects.get().check_password("123")


class TestSetupLink:
    def test_stays_the_same_until_it_is_renewed(
        self, invoke: Invoke, db: None, settings: Settings
    ) -> None:
        settings.PUBLIC_URL = "https://agents.example.com"

        first, again, other, last = (
            invoke("setup-link", *options).stdout for options in ([], [], ["--new"], [])
        )

        assert re.fullmatch(
            r"https://agents\.example\.com/register#setup=[0-9a-f]{40}\n", first
        )
        assert first == again
        assert first != other
        assert other == last

    def test_is_not_needed_after_the_first_account(
        self, invoke: Invoke, alice: User
    ) -> None:
        result = invoke("setup-link")

        assert result.exit_code == 1
        assert result.stdout == ""
        assert "createuser --admin" in result.stderr


class TestFirstAccountHint:
    """The hint that `up` and `web` print when they start."""

    @pytest.mark.parametrize(
        ("bound_host", "url", "proxies", "is_local"),
        [
            ("127.0.0.1", "http://127.0.0.1:8000", 0, True),
            ("::1", "http://[::1]:8000", 0, True),
            ("127.0.0.1", "http://localhost:8000", 0, True),
            ("127.0.0.1", "http://127.0.0.1:8000", 1, False),
            ("127.0.0.1", "https://agents.example.com", 0, False),
            ("10.0.0.1", "http://10.0.0.1:8000", 0, False),
            ("0.0.0.0", "http://127.0.0.1:8000", 0, False),  # noqa: S104
        ],
    )
    def test_has_a_link_if_other_machines_can_connect(
        self,
        db: None,
        settings: Settings,
        bound_host: str,
        url: str,
        proxies: int,
        *,
        is_local: bool,
    ) -> None:
        settings.PUBLIC_URL, settings.TRUSTED_PROXIES = url, proxies

        hint = first_account_hint(bound_host=bound_host, url=url)

        assert (f"{url}/register#setup=" in hint) is not is_local
        assert SetupCode.objects.exists() is not is_local
        assert "createuser" in hint

    def test_is_empty_once_there_is_an_account(self, alice: User) -> None:
        assert first_account_hint(bound_host="", url="http://a") == ""


class TestFindUser:
    def test_finds_the_only_account_without_a_name(
        self, invoke: Invoke, alice: User
    ) -> None:
        assert invoke("agents").exit_code == 0

    def test_needs_a_name_if_there_are_several_accounts(
        self, invoke: Invoke, alice: User, stranger: User
    ) -> None:
        assert invoke("agents").exit_code == 2
        assert invoke("agents", "--user=alice").exit_code == 0
        assert invoke("agents", "--user=missing").exit_code == 1

    def test_advises_to_create_an_account_if_there_is_none(
        self, invoke: Invoke, db: None
    ) -> None:
        result = invoke("agents")

        assert result.exit_code == 1
        assert "createuser" in result.stderr
