"""The database's clock, in the form in which times are compared."""

from typing import Any

from django.db.models import functions

# SQLite keeps times as text, and Django writes all six digits of the microseconds, or
# none where they are zero. Three digits would be another text: smaller than the same
# time as a parameter, and equal to none.
_SQLITE = (
    "REPLACE(STRFTIME('%%%%Y-%%%%m-%%%%d %%%%H:%%%%M:%%%%f', 'NOW') || '000',"
    " '.000000', '')"
)


class Now(functions.Now):
    """Django's, but on SQLite a time that is found again by its own value."""

    def as_sqlite(self, compiler: Any, connection: Any, **extra: Any) -> Any:
        return self.as_sql(compiler, connection, template=_SQLITE, **extra)
