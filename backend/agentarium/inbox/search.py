"""Finding tasks by words, in an index of words that the database keeps.

A task is found by whole words of its input, whatever their case, and by parts of its
agent's name. Triggers write each new task's words into the table `tasks_words`
(migration `0002_search_index`): a tsvector on PostgreSQL, FTS5 on SQLite. Beside the words stand
marks: whose task it is, of which agent, and in which windows of ids. So a search for a
common word reads no other people's tasks, and of one's own only the newest ones.
"""

import re
from collections.abc import Iterator, Sequence
from functools import cached_property
from itertools import dropwhile
from typing import Any, NamedTuple

from django.contrib.auth.base_user import AbstractBaseUser
from django.db import connection
from django.db.models import BooleanField, F, Func, Q

from agentarium.agents.models import Agent

# A window of level n holds the tasks of 2^n ids. Each is tried with its neighbour,
# until one holds a page; the last resort is all of the history.
LEVELS = (10, 14, 18)
MAX_WORDS = 20
MANY_AGENTS = 5
# A beginning of fewer letters would be that of a good part of all words.
MIN_PREFIX = 3
_WORD = re.compile(r"([^\W_]+)(\*?)")

Mark = tuple[str, str]
# One of the marks of each line has to be there.
Marks = Sequence[Sequence[Mark]]


class Word(NamedTuple):
    text: str
    is_prefix: bool

    @property
    def mark(self) -> Mark:
        return ("prefix" if self.is_prefix else "word", self.text)


def words_of(text: str) -> list[Word]:
    """The words that somebody looks for; `wea*` is the beginning of one."""
    found = _WORD.findall(text.lower())[:MAX_WORDS]
    return [Word(word, bool(star) and len(word) >= MIN_PREFIX) for word, star in found]


class Search:
    """What a person looks for among their own tasks."""

    def __init__(self, user: AbstractBaseUser, text: str) -> None:
        self._user = user
        self._words = words_of(text)

    def condition(self, window: Sequence[Mark] = ()) -> "Matches | Q":
        """Tasks that hold every word; of a window only, if one is given."""
        return Matches(self._marks(window)) if self._words else Q(pk__in=[])

    def windows(
        self, start: int | None, size: int, *, descending: bool
    ) -> Iterator[Sequence[Mark]]:
        """Ever wider windows of ids that may hold a page, and at last none at all.

        `start` is where the page begins, None where there are no tasks.
        """
        if self._words and start is not None:
            windows = [
                _window(level, start, descending)
                for level in LEVELS
                # From here on back, the first two windows are all there is.
                if not descending or start >> level > 1
            ]
            yield from dropwhile(lambda window: not self._holds(window, size), windows)
        yield ()

    def _holds(self, window: Sequence[Mark], size: int) -> bool:
        """Whether a window has so many of them at all, filters aside.

        By hand: a rare word is looked for in window after window, and to read a page
        of tasks costs several times as much, even an empty one.
        """
        query = _QUERIES[connection.vendor](self._marks(window))
        with connection.cursor() as cursor:
            cursor.execute(_HELD[connection.vendor].format(size=size), [query])
            return int(cursor.fetchone()[0]) >= size

    def _marks(self, window: Sequence[Mark]) -> Marks:
        owner: list[list[Mark]] = [[("owner", str(self._user.pk))]]
        within = [list(window)] if window else []
        return [*owner, *within, *self._alternatives()]

    def _alternatives(self) -> list[list[Mark]]:
        called = [
            (word, [pk for pk, name in self._agents if word.text in name])
            for word in self._words
        ]
        return [
            [word.mark, *(("agent", str(pk)) for pk in agents)]
            for word, agents in called
            if not self._are_all(agents)
        ]

    def _are_all(self, agents: Sequence[int]) -> bool:
        """Whether any task is of one of these: then they need not be looked for.

        Of a few it does not matter: each is looked for at a small cost.
        """
        return len(agents) >= MANY_AGENTS and len(agents) == self._agents_count

    @cached_property
    def _agents_count(self) -> int:
        return Agent.objects.visible_to(self._user).count()

    @cached_property
    def _agents(self) -> list[tuple[int, str]]:
        """Agents of the person whose name holds one of the words."""
        named = Q()
        for word in self._words:
            named |= Q(name__icontains=word.text)
        found = Agent.objects.visible_to(self._user).filter(named)
        return [(pk, name.lower()) for pk, name in found.values_list("pk", "name")]


def _window(level: int, start: int, descending: bool) -> list[Mark]:  # noqa: FBT001
    number = start >> level
    other = max(number - 1, 0) if descending else number + 1
    return [("window", f"{level}x{number}"), ("window", f"{level}x{other}")]


class Matches(Func):
    """Whether the words of a task have these marks."""

    output_field = BooleanField()

    def __init__(self, marks: Marks) -> None:
        super().__init__(F("pk"))
        self._marks = marks

    def as_sqlite(self, compiler: Any, connection: Any, **_: Any) -> Any:
        sql = "{} IN (SELECT rowid FROM tasks_words WHERE tasks_words MATCH %s)"
        return self._sql(compiler, sql, _fts5(self._marks))

    def as_postgresql(self, compiler: Any, connection: Any, **_: Any) -> Any:
        # As an array, which the planner takes for a short one: it cannot know how
        # few tasks have all of the marks, and would rather read all tasks.
        sql = "{} = ANY(ARRAY(SELECT task_id FROM tasks_words WHERE words @@ %s::tsquery))"
        return self._sql(compiler, sql, _tsquery(self._marks))

    def _sql(self, compiler: Any, sql: str, query: str) -> tuple[str, list[str]]:
        (pk,) = self.get_source_expressions()
        column, _ = compiler.compile(pk)
        return sql.format(column), [query]


_FTS5 = {
    "word": 'words : "{}"',
    "prefix": 'words : "{}" *',
    "owner": "marks : u{}",
    "agent": "marks : a{}",
    "window": "marks : w{}",
}
_TSQUERY = {
    "word": "'{}'",
    "prefix": "'{}':*",
    "owner": "'#u{}'",
    "agent": "'#a{}'",
    "window": "'#w{}'",
}


def _fts5(marks: Marks) -> str:
    return " AND ".join(
        "(" + " OR ".join(_FTS5[kind].format(text) for kind, text in line) + ")"
        for line in marks
    )


def _tsquery(marks: Marks) -> str:
    return " & ".join(
        "(" + " | ".join(_TSQUERY[kind].format(text) for kind, text in line) + ")"
        for line in marks
    )


_QUERIES = {"sqlite": _fts5, "postgresql": _tsquery}
_HELD = {
    "sqlite": (
        "SELECT COUNT(*) FROM"
        " (SELECT 1 FROM tasks_words WHERE tasks_words MATCH %s LIMIT {size}) AS held"
    ),
    # Without a limit: for the first few of many, the planner would read the table.
    "postgresql": "SELECT COUNT(*) FROM tasks_words WHERE words @@ %s::tsquery",
}
