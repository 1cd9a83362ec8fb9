"""`agentarium up`, `web` and `migrate`: from nothing to a server that answers."""

import os
import signal
import socket
import sys
from types import FrameType

from agentarium.cli.project import project, read_settings
from agentarium.cli.terminal import fail, say, show

ANY_ADDRESS = ("0.0.0.0", "::")  # noqa: S104 - compared with, not bound to


def run_up(*, host: str | None, port: int | None, is_model_wanted: bool | None) -> None:
    """Prepare the data, fetch the model, serve."""
    with _listen(host, port) as listener, project(is_quiet=False):
        from django.conf import settings

        from agentarium.cli.database import migrations
        from agentarium.cli.database.availability import once_it_answers
        from agentarium.cli.diagnosis.start_checks import (
            start_with_key,
            start_with_settings,
        )
        from agentarium.cli.serving.builtin_model import prepare_model

        start_with_settings()
        migrations.migrate(migrations.await_state())
        start_with_key()
        if settings.EMBEDDED:
            prepare_model(is_wanted=is_model_wanted)
        greeting = once_it_answers(lambda: _greeting(listener))
        _serve(listener, greeting=greeting)


def run_web(*, host: str | None, port: int | None) -> None:
    """Serve what is there."""
    with _listen(host, port) as listener, project(is_quiet=False):
        from agentarium.cli.database.availability import once_it_answers
        from agentarium.cli.diagnosis.start_checks import start_on_database

        start_on_database()
        hint = once_it_answers(lambda: _first_account_hint(listener))
        greeting = f"Serving on {_url(listener)}"
        _serve(listener, greeting=f"{greeting}\n{hint}" if hint else greeting)


def run_migrate() -> None:
    with project():
        from agentarium.cli.database import migrations
        from agentarium.cli.diagnosis.start_checks import (
            start_with_key,
            start_with_settings,
        )

        start_with_settings()
        state = migrations.read_state()
        migrations.migrate(state)
        start_with_key()
        count = len(state.missing)
        say(f"{count} migrations applied." if count else "Nothing to do.")


def _listen(host: str | None, port: int | None) -> socket.socket:
    """Take the port first: whoever has it, we know before the slow steps."""
    # Until it serves there is nothing to end in order.
    signal.signal(signal.SIGTERM, _leave)
    signal.signal(signal.SIGINT, _leave)
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
            f"({(error.strerror or str(error)).lower()}): stop what uses it, or "
            "choose another one with --port or AGENTARIUM_PORT."
        )


def _serve(listener: socket.socket, *, greeting: str) -> None:
    from agentarium.cli.serving.server import serve
    from agentarium.http.request_scheme import missing_proxy_setting

    if warning := missing_proxy_setting():
        say(warning, style="yellow")
    if not serve(listener, on_ready=lambda: show(greeting)):
        fail("The server could not start; the log above says why.")


def _leave(_signal: int, _frame: FrameType | None) -> None:
    sys.exit(0)


def _greeting(listener: socket.socket) -> str:
    """What the person who starts it needs to know."""
    from django.conf import settings

    from agentarium.cli.version import version

    size = (
        "embedded: this one process does all"
        if settings.EMBEDDED
        else "scaled: tasks wait for `agentarium worker`"
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
    """Where people find it: the public URL, or the address that is listened on."""
    from django.conf import settings

    host, port = listener.getsockname()[:2]
    if settings.PUBLIC_URL != settings.LOCAL_URL:
        return str(settings.PUBLIC_URL)
    shown = "127.0.0.1" if host in ANY_ADDRESS else host
    return f"http://[{shown}]:{port}" if ":" in shown else f"http://{shown}:{port}"
