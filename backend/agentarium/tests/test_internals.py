"""The internals of Django and other libraries that we rely on.

An upgrade may change any of them without notice. Each test fails with the name of the
module that relies on the change. No other module may use internals.

| module | relies on |
|---|---|
| `db/compiled_query.py` | Django's SQL compiler, `Query.where` and `.selected`, `get_related_populators` |
| `db/keyset.py` | tuple lookups, `Query.order_by`, `.default_ordering` and `.annotations` |
| `db/clock.py` | `Now.as_sqlite` and its `template` |
| `db/backends/sqlite3/base.py` | the methods that begin, commit, roll back, close and convert |
| `db/backends/postgresql/base.py` | `ServerBindingCursor`, `_prepare_cursor`, `wrap_database_errors`, the pool |
| `http/security_headers.py` | `ResponseHeaders._store` |
| `http/requests.py` | `Request._request` of REST framework |
| `server/asgi.py` | `Response.renderer_context` of REST framework |
| `http/schema.py` | four methods of drf-spectacular's `AutoSchema` |
| `inbox/index_merge.py`, `tools/listed_mcp_tools.py` | `Query.sql_with_params` |
| `cli/serving/worker.py` | `celery.worker.state.should_stop` |
| `cli/serving/server.py` | `startup`, `shutdown` and `started` of uvicorn's `Server`, a factory as `Config.http` |
| `server/connections/protocol.py` | the methods, `flow`, `cycle` and `scope` of uvicorn's `HttpToolsProtocol` |
"""

import asyncio
import functools
import inspect
from collections.abc import Callable, Iterator
from contextlib import closing
from typing import Any, ParamSpec
from unittest import mock

import psycopg
import pytest
import uvicorn
from celery.exceptions import WorkerShutdown
from celery.worker import state
from django.db import connection
from django.db.backends.postgresql import base as postgresql
from django.db.models import Func, QuerySet
from django.db.models.functions import Now
from django.db.models.query import get_related_populators
from django.db.utils import ConnectionHandler
from django.http.response import ResponseHeaders
from drf_spectacular.openapi import AutoSchema
from psycopg_pool import ConnectionPool
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.test import APIRequestFactory
from rest_framework.views import APIView
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.server import ServerState

from agentarium.accounts.models import ApiToken, User
from agentarium.accounts.tests.factories import ApiTokenFactory
from agentarium.db.keyset import beyond, keys_of
from agentarium.http.requests import django_request

P = ParamSpec("P")
COMPILED = "db/compiled_query.py"
SQLITE = "db/backends/sqlite3/base.py"
PROTOCOL = "server/connections/protocol.py"


def relied_on(
    what: str, *, by: str
) -> Callable[[Callable[P, None]], Callable[P, None]]:
    """Make a failure say what has changed, and which module relies on it."""

    def decorate(test: Callable[P, None]) -> Callable[P, None]:
        @functools.wraps(test)
        def checked(*args: P.args, **kwargs: P.kwargs) -> None:
            try:
                test(*args, **kwargs)
            except Exception as error:  # noqa: BLE001 - a change may raise anything
                pytest.fail(f"{what} has changed, which {by} relies on: {error!r}")

        return checked

    return decorate


def parameters(function: Callable[..., Any]) -> set[str]:
    return set(inspect.signature(function).parameters)


@pytest.mark.django_db
class TestCompiledQuery:
    @relied_on("Django's SQLCompiler.get_from_clause() or .compile()", by=COMPILED)
    def test_conditions_can_be_compiled_separately(self) -> None:
        users = User.objects.filter(username="alice", email="a@example.com")
        compiler: Any = users.query.get_compiler(connection=connection)

        tables, values = compiler.get_from_clause()
        where, conditions = compiler.compile(users.query.where)

        assert (tables, [*values]) == (['"accounts_user"'], [])
        assert where.count("%s") == 2
        assert {*conditions} == {"alice", "a@example.com"}

    @relied_on("How Django writes the conditions of a query", by=COMPILED)
    def test_the_same_conditions_compile_to_the_same_sql(self) -> None:
        users = User.objects.filter(username="alice")
        rows = users.values("email").order_by("email")[:3]

        where, _ = _compiler(users).compile(users.query.where)
        sql, values = _compiler(rows).as_sql()

        assert sql.count(where) == 1
        assert [*values] == ["alice"]

    @relied_on("Django's Query.selected", by=COMPILED)
    def test_a_query_of_dicts_knows_their_names(self) -> None:
        dicts = User.objects.values("email", mark=Func(0, function="ABS"))

        assert [*(dicts.query.selected or ())] == ["email", "mark"]
        assert User.objects.all().query.selected is None

    @relied_on("Django's SQLCompiler.select or .klass_info", by=COMPILED)
    def test_a_compiled_query_knows_its_columns(self) -> None:
        compiler = _compiler(
            ApiToken.objects.select_related("owner").only("owner", "name")
        )
        compiler.as_sql()

        fields = compiler.klass_info["select_fields"]

        names = [compiler.select[index][0].target.attname for index in fields]
        assert (fields, names) == ([0, 1, 2], ["id", "owner_id", "name"])
        assert not compiler.annotation_col_map

    @relied_on("Django's get_related_populators()", by=COMPILED)
    def test_populators_build_joined_objects(self, alice: User) -> None:
        token = ApiTokenFactory.create(owner=alice)
        compiler = _compiler(ApiToken.objects.select_related("owner"))
        row = _first_row(compiler)
        bare = ApiToken(pk=token.pk)

        populators: Any = get_related_populators
        for each in populators(compiler.klass_info, compiler.select, "default"):
            each.populate(row, bare)

        assert bare.owner == alice
        assert bare.owner.email == alice.email

    @relied_on("Django's SQLCompiler.get_converters()", by=COMPILED)
    def test_the_compiler_converts_values(self, alice: User) -> None:
        token = ApiTokenFactory.create(owner=alice)

        assert _first_row(_compiler(ApiToken.objects.values("created_at"))) == [
            token.created_at
        ]


def _compiler(rows: QuerySet[Any, Any]) -> Any:
    return rows.query.get_compiler(connection=connection)


def _first_row(compiler: Any) -> list[Any]:
    sql, values = compiler.as_sql()
    converters = compiler.get_converters([each[0] for each in compiler.select])
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
        (row,) = compiler.apply_converters(cursor.fetchall(), converters)
    return list(row)


@pytest.mark.django_db
class TestKeyset:
    @relied_on("Django's TupleGreaterThan or GreaterThan.as_sql()", by="db/keyset.py")
    def test_several_columns_are_compared_as_a_row_value(self) -> None:
        keys = keys_of(User.objects.order_by("username", "id"))

        sql, _ = _compiler(User.objects.filter(beyond(keys, ["alice", 1]))).as_sql()

        assert '("accounts_user"."username", "accounts_user"."id") > (' in sql

    @relied_on("Django's Query.order_by or .default_ordering", by="db/keyset.py")
    def test_a_query_knows_its_order(self) -> None:
        query: Any = ApiToken.objects.order_by("-name").query

        assert query.order_by == ("-name",)
        assert query.default_ordering

    @relied_on("Django's Query.annotations", by="db/keyset.py")
    def test_a_query_knows_its_annotations(self) -> None:
        query: Any = User.objects.annotate(mark=Now()).query

        assert [*query.annotations] == ["mark"]


@relied_on("Django's Now.as_sqlite(), or its template,", by="db/clock.py")
def test_the_clock_of_sqlite_is_a_template() -> None:
    assert callable(Now.as_sqlite)
    assert "template" in parameters(Now.as_sql)


@pytest.mark.django_db
class TestSqlite:
    @pytest.fixture
    def own(self) -> Iterator[Any]:
        """A connection of our backend, whichever database the tests use."""
        settings = {
            "ENGINE": "agentarium.db.backends.sqlite3",
            "NAME": ":memory:",
            "OPTIONS": {"transaction_mode": "IMMEDIATE", "timeout": 1},
        }
        own: Any = ConnectionHandler({"default": settings})["default"]
        yield own
        own.close()

    def _begin(self, own: Any) -> None:
        own.set_autocommit(False, force_begin_transaction_with_broken_autocommit=True)
        assert own._holds_lock

    @pytest.mark.parametrize("end", ["commit", "rollback", "_close"])
    @relied_on(
        "What Django's DatabaseWrapper calls to begin and end a transaction", by=SQLITE
    )
    def test_the_lock_is_held_for_a_transaction(self, own: Any, end: str) -> None:
        self._begin(own)

        getattr(own, end)()

        assert not own._holds_lock

    @relied_on("Django's DatabaseWrapper.create_cursor()", by=SQLITE)
    def test_cursors_are_of_our_class(self, own: Any) -> None:
        with own.cursor() as cursor:
            assert cursor.cursor.wrapper is own

    @relied_on("Django's convert_datetimefield_value() for SQLite", by=SQLITE)
    def test_times_pass_our_converter(self, own: Any) -> None:
        column = User._meta.get_field("last_login").get_col("accounts_user")

        converters = own.ops.get_db_converters(column)

        assert own.ops.convert_datetimefield_value in converters


@pytest.mark.parametrize("name", ["_prepare_cursor", "wrap_database_errors", "pool"])
@relied_on(
    "Django's DatabaseWrapper for PostgreSQL", by="db/backends/postgresql/base.py"
)
def test_the_postgresql_wrapper_has_what_ours_extends(name: str) -> None:
    assert hasattr(postgresql.DatabaseWrapper, name)


@relied_on("Django's ServerBindingCursor", by="db/backends/postgresql/base.py")
def test_postgresql_has_cursors_with_prepared_statements() -> None:
    cursor: Any = getattr(postgresql, "ServerBindingCursor", None)

    assert issubclass(cursor, psycopg.Cursor)
    assert not issubclass(cursor, psycopg.ClientCursor)


@relied_on("The ConnectionPool of psycopg_pool", by="db/backends/postgresql/base.py")
def test_pooled_connections_can_be_checked_and_returned() -> None:
    assert callable(ConnectionPool.check_connection)
    assert "conn" in parameters(ConnectionPool.putconn)


@relied_on("Django's ResponseHeaders._store", by="http/security_headers.py")
def test_headers_are_stored_by_lower_case_name() -> None:
    headers: Any = ResponseHeaders({"X-Name": "value"})

    assert headers._store == {"x-name": ("X-Name", "value")}


@relied_on("REST framework's Request._request", by="http/requests.py")
def test_a_request_wraps_djangos_request() -> None:
    inner = APIRequestFactory().get("/")

    assert django_request(Request(inner)) is inner


@relied_on("REST framework's Response.renderer_context", by="server/asgi.py")
def test_a_response_knows_its_request_and_view() -> None:
    class View(APIView):
        permission_classes = authentication_classes = throttle_classes = ()

        def get(self, request: Request) -> Response:
            return Response({})

    response: Any = View.as_view()(APIRequestFactory().get("/"))

    assert isinstance(response.renderer_context["view"], View)
    assert isinstance(response.renderer_context["request"], Request)


@pytest.mark.parametrize(
    ("method", "expected"),
    [
        ("_get_response_bodies", {"direction"}),
        ("_get_response_for_code", {"serializer", "status_code", "media_types"}),
        ("_map_basic_serializer", {"serializer", "direction"}),
        ("_is_list_view", {"serializer"}),
    ],
)
@relied_on("drf-spectacular's AutoSchema", by="http/schema.py")
def test_the_schema_can_be_extended(method: str, expected: set[str]) -> None:
    assert expected <= parameters(getattr(AutoSchema, method))


@pytest.mark.django_db
@relied_on("Django's Query.sql_with_params()", by="inbox/index_merge.py")
def test_a_query_returns_its_sql_and_values() -> None:
    query: Any = User.objects.filter(username="alice").values("pk")[:3].query

    sql, values = query.sql_with_params()

    assert sql.endswith("LIMIT 3")
    assert [*values] == ["alice"]


@relied_on("Celery's worker.state.should_stop", by="cli/serving/worker.py")
def test_celery_can_be_stopped() -> None:
    with (
        mock.patch.object(state, "should_stop", 0),
        pytest.raises(WorkerShutdown),
    ):
        state.maybe_shutdown()


@pytest.mark.parametrize("method", ["startup", "shutdown"])
@relied_on("uvicorn's Server", by="cli/serving/server.py")
def test_the_server_has_hooks_for_startup_and_shutdown(method: str) -> None:
    function = getattr(uvicorn.Server, method)

    assert inspect.iscoroutinefunction(function)
    assert "sockets" in parameters(function)
    assert uvicorn.Server(uvicorn.Config("agentarium")).started is False


async def _app(_scope: Any, _receive: Any, _send: Any) -> None:
    """An ASGI application that answers nothing."""


@relied_on("uvicorn's HttpToolsProtocol", by=PROTOCOL)
def test_a_protocol_begins_a_request_with_its_scope_and_transport() -> None:
    config = uvicorn.Config(_app, ws="none", log_config=None)
    transport: Any = mock.Mock(spec=asyncio.Transport)
    with closing(asyncio.new_event_loop()) as loop:
        protocol = HttpToolsProtocol(config, ServerState(), {}, loop)
        protocol.connection_made(transport)
        protocol.on_message_begin()

    assert protocol.scope["type"] == "http"
    assert protocol.transport is transport


@relied_on("uvicorn's Config.http", by="cli/serving/server.py")
def test_the_protocol_can_be_any_factory() -> None:
    def factory(**_: Any) -> asyncio.Protocol:
        return asyncio.Protocol()

    config = uvicorn.Config(_empty_app, http=factory, log_config=None)  # type: ignore[arg-type]
    config.load()

    assert config.http_protocol_class is factory


async def _empty_app(scope: Any, receive: Any, send: Any) -> None:
    assert scope["state"]["mark"]
    headers = [(b"content-length", b"0")]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body"})


@relied_on("What uvicorn's HttpToolsProtocol calls for a request", by=PROTOCOL)
def test_the_protocol_calls_what_ours_extends() -> None:
    assert asyncio.run(_calls_of_a_request()) == ["begin", "head", "body", "answer"]


async def _calls_of_a_request() -> list[str]:
    calls: list[str] = []
    answered = asyncio.Event()

    class Protocol(HttpToolsProtocol):
        def on_message_begin(self) -> None:
            super().on_message_begin()
            calls.append("begin")
            self.scope["state"]["mark"] = self

        def on_headers_complete(self) -> None:
            super().on_headers_complete()
            calls.append("head")
            assert not self.cycle.response_started

        def on_message_complete(self) -> None:
            super().on_message_complete()
            calls.append("body")

        def on_response_complete(self) -> None:
            super().on_response_complete()
            calls.append("answer")
            answered.set()

    config = uvicorn.Config(_empty_app, lifespan="off", log_config=None)
    protocol = Protocol(config=config, server_state=ServerState(), app_state={})
    transport = mock.Mock(spec=asyncio.Transport)
    transport.is_closing.return_value = False
    transport.get_extra_info.return_value = None
    protocol.connection_made(transport)
    protocol.data_received(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
    await asyncio.wait_for(answered.wait(), 10)

    assert protocol.flow.read_paused is False
    protocol._unset_keepalive_if_required()
    return calls


@pytest.mark.parametrize("method", ["connection_lost", "resume_writing"])
@relied_on("uvicorn's HttpToolsProtocol", by=PROTOCOL)
def test_the_protocol_has_what_ours_extends(method: str) -> None:
    assert callable(getattr(HttpToolsProtocol, method))
