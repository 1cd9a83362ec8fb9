import pytest
from django.db import connection, models
from django.db.migrations.operations import CreateModel
from django.db.migrations.state import ProjectState

from agentarium.core.new_tables import CreateModels

SHELF = CreateModel("Shelf", [("id", models.BigAutoField(primary_key=True))])
BOOK = CreateModel(
    "Book",
    [
        ("id", models.BigAutoField(primary_key=True)),
        ("shelf", models.ForeignKey("library.Shelf", on_delete=models.CASCADE)),
    ],
)


@pytest.mark.django_db(transaction=True)
def test_makes_tables_that_point_at_each_other_and_drops_them_again() -> None:
    both = CreateModels([SHELF, BOOK])
    before, after = ProjectState(), ProjectState()
    both.state_forwards("library", after)

    with connection.schema_editor() as editor:
        both.database_forwards("library", editor, before, after)
    made = connection.introspection.table_names()
    shelf = after.apps.get_model("library", "Shelf").objects.create()
    book = after.apps.get_model("library", "Book").objects.create(shelf=shelf)
    with connection.schema_editor() as editor:
        both.database_backwards("library", editor, after, before)

    assert {"library_shelf", "library_book"} <= set(made)
    assert book.shelf == shelf
    left = set(connection.introspection.table_names())
    assert not left & {"library_shelf", "library_book"}


def test_says_which_models_it_makes() -> None:
    assert CreateModels([SHELF, BOOK]).describe() == "Create models Shelf, Book"


def test_knows_the_models_of_a_state_that_was_looked_at_before() -> None:
    state = ProjectState()
    known = list(state.apps.get_models())

    CreateModels([SHELF, BOOK]).state_forwards("library", state)

    assert known == []
    assert len(list(state.apps.get_models())) == 2
