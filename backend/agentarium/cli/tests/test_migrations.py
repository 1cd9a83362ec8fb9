import pytest
import typer
from django.db import connection
from django.db.migrations.recorder import MigrationRecorder

from agentarium.cli.database import migrations
from agentarium.cli.tests.conftest import Invoke

FUTURE = ("tasks", "9999_future")


@pytest.fixture
def newer(db: None) -> None:
    app, name = FUTURE
    MigrationRecorder.Migration.objects.create(app=app, name=name)


def test_recognizes_a_database_that_is_up_to_date(db: None) -> None:
    state = migrations.read_state()

    assert state == migrations.State(frozenset(), frozenset(), is_empty=False)


def test_finds_missing_migrations(db: None) -> None:
    MigrationRecorder.Migration.objects.filter(app="tasks").delete()

    missing = migrations.read_state().missing

    assert ("tasks", "0001_initial") in missing
    assert {app for app, _ in missing} == {"tasks"}


def test_refuses_a_database_of_a_newer_version(invoke: Invoke, newer: None) -> None:
    result = invoke("migrate")

    assert result.exit_code == 1
    # Warnings about settings come first.
    assert "tasks.9999_future" in result.stderr.splitlines()[-1]
    assert "Traceback" not in result.stderr


def test_lets_a_replacement_process_run_on_newer_tables(newer: None) -> None:
    state = migrations.read_state()

    migrations.refuse_older(state)

    assert state.unknown == {FUTURE}


def test_refuses_to_serve_on_older_tables(db: None) -> None:
    MigrationRecorder.Migration.objects.filter(app="tasks").delete()

    with pytest.raises(typer.Exit):
        migrations.refuse_older(migrations.read_state())


def test_migrating_again_does_nothing(invoke: Invoke, db: None) -> None:
    assert invoke("migrate").exit_code == 0


@pytest.mark.parametrize("command", ["migrate", "web", "doctor"])
def test_refuses_a_database_from_before_the_first_release(
    invoke: Invoke, db: None, command: str
) -> None:
    """Its 0001 migrations have our names, so it would look up to date."""
    MigrationRecorder(connection).record_applied(*migrations.BEFORE_RELEASE)

    result = invoke(command)

    assert result.exit_code == 1
    assert "before the first release" in result.output
