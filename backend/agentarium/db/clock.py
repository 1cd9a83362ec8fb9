"""The database's clock, in the format of stored times."""

from typing import Any

from django.db.models import functions

# SQLite stores times as text. Django writes all six digits of the microseconds, or none
# if they are zero. With three digits the same time would be a different text: it would
# sort before the parameter that means it, and equal none.
_SQLITE = (
    "REPLACE(STRFTIME('%%%%Y-%%%%m-%%%%d %%%%H:%%%%M:%%%%f', 'NOW') || '000',"
    " '.000000', '')"
)


class Now(functions.Now):
    """Django's `Now`, but on SQLite the value compares equal to itself as a parameter."""

    def as_sqlite(self, compiler: Any, connection: Any, **extra: Any) -> Any:
        return self.as_sql(compiler, connection, template=_SQLITE, **extra)
