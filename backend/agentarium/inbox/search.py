"""Searching tasks by words, in a full-text index of the database.

A search finds whole words of a task's input, ignoring case, and parts of its agent's
name. Triggers write the words of each new task into the table `tasks_words` (migration
`0002_search_index`): a tsvector on PostgreSQL, FTS5 on SQLite. The index also contains
marks of each task: its owner, its agent, and the windows of ids that it is in. So a
search for a common word reads no tasks of other users, and only the newest of one's own.
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

# A window of level n covers 2^n ids. Each level is tried, a window together with the
# next, until they contain a page; the last resort is the whole history.
LEVELS = (10, 14, 18)
MAX_WORDS = 20
MANY_AGENTS = 5
# Shorter prefixes would match a large part of all words.
MIN_PREFIX = 3
_WORD = re.compile(r"([^\W_]+)(\*?)")

Mark = tuple[str, str]
# A conjunction of disjunctions: a task needs one of the marks of each line.
Marks = Sequence[Sequence[Mark]]


class Word(NamedTuple):
    text: str
    is_prefix: bool

    @property
    def mark(self) -> Mark:
        return ("prefix" if self.is_prefix else "word", self.text)


def parse_words(text: str) -> list[Word]:
    """The distinct words of a search; `wea*` is a prefix."""
    words = dict.fromkeys(_WORD.findall(text.lower())[:MAX_WORDS])
    return [Word(word, bool(star) and len(word) >= MIN_PREFIX) for word, star in words]


class Search:
    """A search of a user among their own tasks."""

    def __init__(self, user: AbstractBaseUser, text: str) -> None:
        self._user = user
        self._words = parse_words(text)

    def condition(self, window: Sequence[Mark] = ()) -> "Matches | Q":
        """The condition on matching tasks, optionally only those of a window."""
        return Matches(self._marks(window)) if self._words else Q(pk__in=[])

    def windows(
        self, start: int | None, size: int, *, descending: bool
    ) -> Iterator[Sequence[Mark]]:
        """Ever wider windows of ids that may contain a page; the last one is no window.

        `start` is the id at which the page begins, None if there are no tasks.
        """
        if self._words and start is not None:
            windows = [
                _window(level, start, descending)
                for level in LEVELS
                # Below this id, two windows would be the whole history.
                if not descending or start >> level > 1
            ]
            yield from dropwhile(lambda window: not self._fills(window, size), windows)
        yield ()

    def _fills(self, window: Sequence[Mark], size: int) -> bool:
        """Whether a window contains `size` matches, without regard to other filters.

        Hand-written SQL: a rare word is searched in every window, and reading a page of
        tasks costs several times as much, even if it is empty.
        """
        query = _QUERIES[connection.vendor](self._marks(window))
        with connection.cursor() as cursor:
            cursor.execute(_COUNTS[connection.vendor].format(size=size), [query])
            return int(cursor.fetchone()[0]) >= size

    def _marks(self, window: Sequence[Mark]) -> Marks:
        owner: list[list[Mark]] = [[("owner", str(self._user.pk))]]
        within = [list(window)] if window else []
        return [*owner, *within, *self._alternatives()]

    def _alternatives(self) -> list[list[Mark]]:
        agents_by_word = [
            (word, [pk for pk, name in self._agents if word.text in name])
            for word in self._words
        ]
        return [
            [word.mark, *(("agent", str(pk)) for pk in agents)]
            for word, agents in agents_by_word
            if not self._are_all(agents)
        ]

    def _are_all(self, agents: Sequence[int]) -> bool:
        """Whether these are all agents of the user: then every task matches the word.

        Not checked for a few agents, which are cheap to search for.
        """
        return len(agents) >= MANY_AGENTS and len(agents) == self._agents_count

    @cached_property
    def _agents_count(self) -> int:
        return Agent.objects.visible_to(self._user).count()

    @cached_property
    def _agents(self) -> list[tuple[int, str]]:
        """Ids and lower-case names of the user's agents with a word in their names."""
        has_word = Q()
        for word in self._words:
            has_word |= Q(name__icontains=word.text)
        agents = Agent.objects.visible_to(self._user).filter(has_word)
        return [(pk, name.lower()) for pk, name in agents.values_list("pk", "name")]


def _window(level: int, start: int, descending: bool) -> list[Mark]:  # noqa: FBT001
    """Marks of the window that contains `start`, and of the next one in the order."""
    number = start >> level
    following = max(number - 1, 0) if descending else number + 1
    return [("window", f"{level}x{number}"), ("window", f"{level}x{following}")]


class Matches(Func):
    """Whether a task has these marks in the index."""

    output_field = BooleanField()

    def __init__(self, marks: Marks) -> None:
        super().__init__(F("pk"))
        self._marks = marks

    def as_sqlite(self, compiler: Any, connection: Any, **_: Any) -> Any:
        sql = "{} IN (SELECT rowid FROM tasks_words WHERE tasks_words MATCH %s)"
        return self._sql(compiler, sql, _fts5(self._marks))

    def as_postgresql(self, compiler: Any, connection: Any, **_: Any) -> Any:
        # The planner assumes that an array is short. It cannot estimate how few tasks
        # have all of the marks, and would otherwise read all tasks.
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
_COUNTS = {
    "sqlite": (
        "SELECT COUNT(*) FROM"
        " (SELECT 1 FROM tasks_words WHERE tasks_words MATCH %s LIMIT {size}) AS matches"
    ),
    # Without LIMIT, which would make the planner scan the table.
    "postgresql": "SELECT COUNT(*) FROM tasks_words WHERE words @@ %s::tsquery",
}
