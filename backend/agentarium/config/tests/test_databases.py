from pathlib import Path

from agentarium.config.databases import database

FILE = Path("/data/agentarium.sqlite3")


def test_keeps_the_options_of_the_url() -> None:
    settings = database("postgres://ann@db/agents?sslmode=require", FILE)

    assert settings["OPTIONS"]["sslmode"] == "require"
    assert settings["OPTIONS"]["pool"]["max_size"] == 24


def test_prepared_statements_can_be_turned_off_for_a_pooler() -> None:
    url = "postgres://ann@pooler/agents"

    assert database(url, FILE)["OPTIONS"]["prepare_threshold"] == 5
    never = database(f"{url}?prepare_threshold=never", FILE)
    assert never["OPTIONS"]["prepare_threshold"] is None


def test_defaults_to_a_sqlite_file() -> None:
    assert database("", FILE)["NAME"] == str(FILE)
