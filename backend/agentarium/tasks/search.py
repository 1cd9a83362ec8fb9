"""Finding tasks by words, in an index of words that the database keeps.

A task is found by whole words of its input, whatever their case, and by parts of its
agent's name. Triggers write each new task's words into the table `tasks_words`
(migration 0007): a tsvector on PostgreSQL, FTS5 on SQLite. Beside the words stand
marks: whose task it is, of which agent, and in which windows of ids. So a search for a
common word reads no other people's tasks, and of one's own only the newest ones.
"""

import re
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from django.contrib.auth.base_user import AbstractBaseUser
from django.db.models import BooleanField, F, Func, Q

from agentarium.agents.models import Agent

# A window of level n holds the tasks of 2^n ids. Each is tried with its neighbour,
# until one holds a page; the last resort is all of the history.
LEVELS = (10, 14, 18)
MAX_WORDS = 20
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
        if not self._words:
            return Q(pk__in=[])
        owner: list[list[Mark]] = [[("owner", str(self._user.pk))]]
        within = [list(window)] if window else []
        return Matches([*owner, *within, *self._alternatives()])

    def windows(self, newest: int, *, descending: bool) -> Iterator[Sequence[Mark]]:
        """Ever wider windows of ids from `newest` on, and at last none at all."""
        for level in LEVELS:
            number = newest >> level
            other = max(number - 1, 0) if descending else number + 1
            yield [("window", f"{level}x{number}"), ("window", f"{level}x{other}")]
        yield ()

    def _alternatives(self) -> list[list[Mark]]:
        names = self._agents()
        return [
            [
                word.mark,
                *(("agent", str(pk)) for pk, name in names if word.text in name),
            ]
            for word in self._words
        ]

    def _agents(self) -> list[tuple[int, str]]:
        """Agents of the person whose name holds one of the words."""
        if not hasattr(self, "_found"):
            named = Q()
            for word in self._words:
                named |= Q(name__icontains=word.text)
            found = Agent.objects.visible_to(self._user).filter(named)
            self._found = [
                (pk, name.lower()) for pk, name in found.values_list("pk", "name")
            ]
        return self._found


class Matches(Func):
    """Whether the words of a task have these marks."""

    output_field = BooleanField()

    def __init__(self, marks: Marks) -> None:
        super().__init__(F("pk"))
        self._marks = marks

    def as_sqlite(self, compiler: Any, connection: Any, **_: Any) -> Any:
        query = " AND ".join(
            "(" + " OR ".join(_FTS5[kind].format(text) for kind, text in line) + ")"
            for line in self._marks
        )
        sql = "{} IN (SELECT rowid FROM tasks_words WHERE tasks_words MATCH %s)"
        return self._sql(compiler, sql, query)

    def as_postgresql(self, compiler: Any, connection: Any, **_: Any) -> Any:
        query = " & ".join(
            "(" + " | ".join(_TSQUERY[kind].format(text) for kind, text in line) + ")"
            for line in self._marks
        )
        # As an array, which the planner takes for a short one: it cannot know how
        # few tasks have all of the marks, and would rather read all tasks.
        sql = "{} = ANY(ARRAY(SELECT task_id FROM tasks_words WHERE words @@ %s::tsquery))"
        return self._sql(compiler, sql, query)

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
