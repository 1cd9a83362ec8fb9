"""Changes of indexes that lock no table while they run, for migrations.

On PostgreSQL concurrently, which takes no part in a transaction: such a migration says
`atomic = False`. On SQLite, which has one writer at a time in any case, as ever.
"""

from typing import Any

from django.db import migrations


class AddIndexOnline(migrations.AddIndex):
    atomic = False

    def database_forwards(
        self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any
    ) -> None:
        model = to_state.apps.get_model(app_label, self.model_name)
        if self.allow_migrate_model(schema_editor.connection.alias, model):
            schema_editor.add_index(model, self.index, **_options(schema_editor))

    def database_backwards(
        self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any
    ) -> None:
        model = from_state.apps.get_model(app_label, self.model_name)
        if self.allow_migrate_model(schema_editor.connection.alias, model):
            schema_editor.remove_index(model, self.index, **_options(schema_editor))


class RemoveIndexOnline(migrations.RemoveIndex):
    atomic = False

    def database_forwards(
        self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any
    ) -> None:
        model = from_state.apps.get_model(app_label, self.model_name)
        if self.allow_migrate_model(schema_editor.connection.alias, model):
            index = self._index(from_state, app_label)
            schema_editor.remove_index(model, index, **_options(schema_editor))

    def database_backwards(
        self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any
    ) -> None:
        model = to_state.apps.get_model(app_label, self.model_name)
        if self.allow_migrate_model(schema_editor.connection.alias, model):
            index = self._index(to_state, app_label)
            schema_editor.add_index(model, index, **_options(schema_editor))

    def _index(self, state: Any, app_label: str) -> Any:
        return state.models[app_label, self.model_name.lower()].get_index_by_name(
            self.name
        )


def _options(schema_editor: Any) -> dict[str, bool]:
    is_concurrent = schema_editor.connection.vendor == "postgresql"
    return {"concurrently": True} if is_concurrent else {}
