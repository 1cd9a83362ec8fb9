from threading import Thread
from typing import Any

import pytest
from django.db import connections
from django.db.models.sql import Query
from django.db.models.sql.compiler import SQLCompiler

from agentarium.accounts.models import User
from agentarium.core.lookup import Lookup


@pytest.mark.django_db(transaction=True)
def test_each_thread_compiles_a_query_of_its_own(
    alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Compiling changes a query for a while: two at once would spoil each other's SQL.
    compiled: list[Query] = []
    as_sql = SQLCompiler.as_sql

    def noted(compiler: SQLCompiler, *args: Any, **kwargs: Any) -> Any:
        compiled.append(compiler.query)
        return as_sql(compiler, *args, **kwargs)

    monkeypatch.setattr(SQLCompiler, "as_sql", noted)
    lookup = Lookup(User.objects.all(), "username")
    found: list[User | None] = []

    def find() -> None:
        found.append(lookup.find("alice"))
        connections.close_all()

    for thread in (Thread(target=find), Thread(target=find)):
        thread.start()
        thread.join()

    assert found == [alice, alice]
    first, second = compiled
    assert first is not second
