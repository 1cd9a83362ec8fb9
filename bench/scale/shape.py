"""Which history: known before Django is set up for the database that holds it."""

from typing import NamedTuple


class Shape(NamedTuple):
    """How many tasks, of how many people; the first has the most of them."""

    tasks: int
    owners: int = 1

    def __str__(self) -> str:
        people = f" of {self.owners:,} people" if self.owners > 1 else ""
        return f"{self.tasks:,}{people}"
