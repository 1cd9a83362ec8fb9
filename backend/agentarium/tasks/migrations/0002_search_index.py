"""The search index: the words of each task, in a separate table.

The table is separate because a task's row is updated several times and its words never.
Triggers fill it, so that no code that inserts tasks can forget to. A later migration
that rebuilds the table of tasks on SQLite (Django does so to change a column) has to
create the triggers again; otherwise the search tests fail.
"""

from typing import Any

from django.db import migrations

# The length of the indexed beginning of an input, in characters.
CHARS = 20_000
LEVELS = (10, 14, 18)

# Everything that is neither a letter nor a digit. Listed explicitly, because locales
# classify characters differently between servers.
_SEPARATORS = (
    r"[\u0001-\u002f\u003a-\u0040\u005b-\u0060\u007b-\u00bf\u2000-\u206f\u3000-\u303f]+"
)

_PG_MARKS = ", ".join(
    [
        "'#u' || owner_id",
        "'#a' || agent_id",
        *(f"'#w{level}x' || (id >> {level})" for level in LEVELS),
    ]
)
PG_WORDS = f"""
    strip(to_tsvector('pg_catalog.simple', regexp_replace(
        left(input_text, {CHARS}), '{_SEPARATORS}', ' ', 'g')))
    || array_to_tsvector(ARRAY[{_PG_MARKS}])
"""
# GIN's list of pending entries is kept short: the insert that fills it has to merge all
# of them into the index.
POSTGRESQL = (
    """
    CREATE TABLE tasks_words (task_id bigint PRIMARY KEY, words tsvector NOT NULL)
    """,
    """
    CREATE INDEX tasks_words_words ON tasks_words
    USING gin (words) WITH (gin_pending_list_limit = 256)
    """,
    f"""
    CREATE FUNCTION tasks_add_words() RETURNS trigger LANGUAGE plpgsql AS $body$
    BEGIN
        INSERT INTO tasks_words (task_id, words)
        SELECT id, {PG_WORDS} FROM added
        ON CONFLICT (task_id) DO UPDATE SET words = EXCLUDED.words;
        RETURN NULL;
    END $body$
    """,
    """
    CREATE FUNCTION tasks_drop_words() RETURNS trigger LANGUAGE plpgsql AS $body$
    BEGIN
        DELETE FROM tasks_words USING deleted WHERE task_id = deleted.id;
        RETURN NULL;
    END $body$
    """,
    """
    CREATE TRIGGER tasks_add_words AFTER INSERT ON tasks_agenttask
    REFERENCING NEW TABLE AS added
    FOR EACH STATEMENT EXECUTE FUNCTION tasks_add_words()
    """,
    """
    CREATE TRIGGER tasks_drop_words AFTER DELETE ON tasks_agenttask
    REFERENCING OLD TABLE AS deleted
    FOR EACH STATEMENT EXECUTE FUNCTION tasks_drop_words()
    """,
)
DROP_POSTGRESQL = (
    "DROP TRIGGER tasks_add_words ON tasks_agenttask",
    "DROP TRIGGER tasks_drop_words ON tasks_agenttask",
    "DROP FUNCTION tasks_add_words()",
    "DROP FUNCTION tasks_drop_words()",
    "DROP TABLE tasks_words",
)


def _fts5_row(row: str) -> str:
    """The values of an index row: the rowid, the words and the marks of a task."""
    windows = " || ".join(
        f"' w{level}x' || ({row}.id >> {level})" for level in LEVELS
    )
    return (
        f"{row}.id, substr({row}.input_text, 1, {CHARS}),"
        f" 'u' || {row}.owner_id || ' a' || {row}.agent_id || {windows}"
    )


SQLITE = (
    """
    CREATE VIRTUAL TABLE tasks_words USING fts5(
        words, marks, content='', detail=column,
        tokenize='unicode61 remove_diacritics 0')
    """,
    f"""
    CREATE TRIGGER tasks_add_words AFTER INSERT ON tasks_agenttask BEGIN
        INSERT INTO tasks_words (rowid, words, marks) SELECT {_fts5_row('new')};
    END
    """,
    f"""
    CREATE TRIGGER tasks_drop_words AFTER DELETE ON tasks_agenttask BEGIN
        INSERT INTO tasks_words (tasks_words, rowid, words, marks)
        SELECT 'delete', {_fts5_row('old')};
    END
    """,
)
DROP_SQLITE = (
    "DROP TRIGGER tasks_add_words",
    "DROP TRIGGER tasks_drop_words",
    "DROP TABLE tasks_words",
)


def create(apps: Any, schema_editor: Any) -> None:
    is_postgresql = schema_editor.connection.vendor == "postgresql"
    with schema_editor.connection.cursor() as cursor:
        for statement in POSTGRESQL if is_postgresql else SQLITE:
            cursor.execute(statement)


def drop(apps: Any, schema_editor: Any) -> None:
    is_postgresql = schema_editor.connection.vendor == "postgresql"
    with schema_editor.connection.cursor() as cursor:
        for statement in DROP_POSTGRESQL if is_postgresql else DROP_SQLITE:
            cursor.execute(statement)


class Migration(migrations.Migration):
    dependencies = [("tasks", "0001_initial")]

    operations = [migrations.RunPython(create, drop)]
