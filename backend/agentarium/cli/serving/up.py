"""`agentarium up`, `web` and `migrate`: prepare the database and serve."""

import os
import signal
import socket
import sys
from types import FrameType

from agentarium.cli.project import project, read_settings
from agentarium.cli.terminal import fail, say, show

ANY_ADDRESS = ("0.0.0.0", "::")  # noqa: S104 - compared with, not bound to


def run_up(*, host: str | None, port: int | None, is_model_wanted: bool | None) -> None:
    """Migrate the database, download the model and serve."""
    with _listen(host, port) as listener, project(is_quiet=False):
        from django.conf import settings

        from agentarium.cli.database import migrations
        from agentarium.cli.database.availability import retry_until_reachable
        from agentarium.cli.diagnosis.start_checks import (
            enforce_secret_key,
            enforce_settings,
        )
        from agentarium.cli.serving.builtin_model import prepare_model

        enforce_settings()
        migrations.migrate(waits_for_database=True)
        enforce_secret_key()
        if settings.EMBEDDED:
            prepare_model(is_wanted=is_model_wanted)
        greeting = retry_until_reachable(lambda: _greeting(listener))
        _serve(listener, greeting=greeting)


def run_web(*, host: str | None, port: int | None) -> None:
    """Serve on a database that is up to date."""
    with _listen(host, port) as listener, project(is_quiet=False):
        from agentarium.cli.database.availability import retry_until_reachable
        from agentarium.cli.diagnosis.start_checks import enforce_start_checks

        enforce_start_checks()
        hint = retry_until_reachable(lambda: _first_account_hint(listener))
        greeting = f"Serving on {_url(listener)}"
        _serve(listener, greeting=f"{greeting}\n{hint}" if hint else greeting)


def run_migrate() -> None:
    with project():
        from agentarium.cli.database import migrations
        from agentarium.cli.diagnosis.start_checks import (
            enforce_secret_key,
            enforce_settings,
        )

        enforce_settings()
        count = migrations.migrate()
        enforce_secret_key()
        say(f"Applied {count} migrations." if count else "No migrations to apply.")


def _listen(host: str | None, port: int | None) -> socket.socket:
    """Bind the port first, so that a conflict shows before the slow steps."""
    # Until the server runs, nothing needs a graceful shutdown.
    signal.signal(signal.SIGTERM, _exit)
    signal.signal(signal.SIGINT, _exit)
    if host is not None:
        os.environ["AGENTARIUM_HOST"] = host
    if port is not None:
        os.environ["AGENTARIUM_PORT"] = str(port)
    read_settings()
    from django.conf import settings

    from agentarium.cli.serving.server import open_socket

    try:
        return open_socket(settings.HOST, settings.PORT)
    except OSError as error:
        fail(
            f"Cannot listen on {settings.HOST}, port {settings.PORT} "
            f"({(error.strerror or str(error)).lower()}): stop the program that uses "
            "it, or choose another port with --port or AGENTARIUM_PORT."
        )


def _serve(listener: socket.socket, *, greeting: str) -> None:
    from agentarium.cli.serving.other_server import other_server
    from agentarium.cli.serving.server import serve
    from agentarium.http.request_scheme import missing_proxy_setting

    for warning in (missing_proxy_setting(), other_server(_url(listener))):
        if warning:
            say(warning, style="yellow")
    if not serve(listener, on_ready=lambda: show(greeting)):
        fail("The server could not start: see the log above.")


def _exit(_signal: int, _frame: FrameType | None) -> None:
    sys.exit(0)


def _greeting(listener: socket.socket) -> str:
    """What to print once the server is ready."""
    from django.conf import settings

    from agentarium.cli.version import version

    size = (
        "embedded: this process also runs the tasks"
        if settings.EMBEDDED
        else "scaled: tasks run in `agentarium worker`"
    )
    lines = [
        f"Agentarium {version()} is ready.",
        f"  Open   {_url(listener)}",
        f"  Data   {settings.DATA}",
        f"  Size   {size}",
    ]
    if hint := _first_account_hint(listener):
        lines.append(hint)
    return "\n".join(lines)


def _first_account_hint(listener: socket.socket) -> str:
    from agentarium.cli.administration.setup_link import first_account_hint

    return first_account_hint(bound_host=listener.getsockname()[0], url=_url(listener))


def _url(listener: socket.socket) -> str:
    """The public URL if there is one, or the address that the server listens on."""
    from django.conf import settings

    host, port = listener.getsockname()[:2]
    if settings.PUBLIC_URL != settings.LOCAL_URL:
        return str(settings.PUBLIC_URL)
    shown = "127.0.0.1" if host in ANY_ADDRESS else host
    return f"http://[{shown}]:{port}" if ":" in shown else f"http://{shown}:{port}"
