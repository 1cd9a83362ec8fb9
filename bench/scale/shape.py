"""The size of a history, in a module that does not need Django."""

from typing import NamedTuple


class Shape(NamedTuple):
    """The numbers of tasks and of users; the first user has the most tasks."""

    tasks: int
    owners: int = 1

    def __str__(self) -> str:
        users = f" of {self.owners:,} users" if self.owners > 1 else ""
        return f"{self.tasks:,}{users}"
