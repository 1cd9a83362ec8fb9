#!/usr/bin/env python3
"""Run a command with a temporary PostgreSQL and Redis.

    scripts/services.py -- pytest

Both listen on free ports of 127.0.0.1 and keep their data in a temporary folder. The
command finds them through DATABASE_URL, AGENTARIUM_BROKER_URL and AGENTARIUM_REDIS_URL.
When it ends, for whatever reason, both are stopped, their data is deleted, and its exit
code is returned.
"""

import os
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from types import FrameType
from typing import NamedTuple, NoReturn

START_SECONDS = 60
STOP_SECONDS = 20
ROLE = "agentarium"
# The unprivileged account of Linux distributions.
NOBODY_UID = 65_534
STOPPING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
# The data is temporary, so it need not survive a power cut.
NOT_DURABLE = {"fsync": "off", "full_page_writes": "off", "synchronous_commit": "off"}


class Account(NamedTuple):
    """The account that the servers run as; None where nothing has to change."""

    uid: int | None = None
    gid: int | None = None
    groups: list[int] | None = None


def main(arguments: Sequence[str]) -> int:
    command = list(arguments[1:] if arguments[:1] == ["--"] else arguments)
    if not command:
        fail("Usage: scripts/services.py -- COMMAND [ARGUMENT...]")
    for number in STOPPING:
        signal.signal(number, exit_on_signal)
    with running_services() as variables:
        return run(command, **variables)


@contextmanager
def running_services() -> Iterator[dict[str, str]]:
    """Run a PostgreSQL and a Redis; yields the environment variables for them."""
    account = unprivileged_account()
    with ExitStack() as stack:
        folder = stack.enter_context(shared_folder())
        postgresql_port, redis_port = free_ports(2)
        stack.enter_context(postgresql(folder, postgresql_port, account))
        stack.enter_context(redis(folder, redis_port, account))
        yield {
            "DATABASE_URL": f"postgres://{ROLE}@127.0.0.1:{postgresql_port}/{ROLE}",
            "AGENTARIUM_BROKER_URL": f"redis://127.0.0.1:{redis_port}/0",
            # A database of its own, so that a test that empties it deletes no message.
            "AGENTARIUM_REDIS_URL": f"redis://127.0.0.1:{redis_port}/1",
        }


def run(command: Sequence[str], **variables: str) -> int:
    """Run `command` to its end; it is stopped if this program is."""
    process = subprocess.Popen(command, env=os.environ | variables)  # noqa: S603
    try:
        code = process.wait()
    except SystemExit as reason:
        # A Ctrl-C has reached the whole process group already, and a second SIGINT
        # would make the command exit immediately.
        if reason.code != exit_code(signal.SIGINT):
            process.send_signal(signal.SIGINT)
        wait_or_kill(process)
        raise
    return code if code >= 0 else exit_code(-code)


def exit_code(number: int) -> int:
    """The exit code that a shell reports for a program that a signal ended."""
    return 128 + number


def exit_on_signal(number: int, _frame: FrameType | None) -> NoReturn:
    """Unwind once; further signals must not interrupt the cleanup."""
    for other in STOPPING:
        signal.signal(other, signal.SIG_IGN)
    sys.exit(exit_code(number))


@contextmanager
def postgresql(
    folder: Path,
    port: int,
    account: Account,
    *,
    durability: Mapping[str, str] = NOT_DURABLE,
) -> Iterator[int]:
    """Run a PostgreSQL with a database; yields its pid."""
    binaries = postgresql_binaries()
    data = own_folder(folder / "postgresql", account)
    cluster_options = ("--encoding=UTF8", "--locale=C", "--auth=trust", "--no-sync")
    run_checked(
        [
            binaries / "initdb",
            f"--pgdata={data}",
            f"--username={ROLE}",
            *cluster_options,
        ],
        account,
    )
    settings = {
        "listen_addresses": "127.0.0.1",
        "port": port,
        "unix_socket_directories": "",
        "max_connections": 200,
        **durability,
    }
    options = [f"--{name}={value}" for name, value in settings.items()]
    client = ["--host=127.0.0.1", f"--port={port}", f"--username={ROLE}"]
    with server(
        [binaries / "postgres", "-D", data, *options],
        account,
        is_ready=lambda: succeeds([binaries / "pg_isready", "--quiet", *client]),
        stop_signal=signal.SIGINT,
    ) as pid:
        run_checked([binaries / "createdb", *client, ROLE], account)
        yield pid


@contextmanager
def redis(folder: Path, port: int, account: Account) -> Iterator[int]:
    """Run a Redis that keeps nothing on disk; yields its pid."""
    binary = shutil.which("redis-server")
    if binary is None:
        fail("Redis was not found: install it (Debian: apt-get install redis-server).")
    data = own_folder(folder / "redis", account)
    memory_only = ("--save", "", "--appendonly", "no")
    with server(
        [binary, "--bind", "127.0.0.1", "--port", port, "--dir", data, *memory_only],
        account,
        is_ready=lambda: answers_ping(port),
        stop_signal=signal.SIGTERM,
    ) as pid:
        yield pid


@contextmanager
def pgbouncer(
    folder: Path,
    port: int,
    account: Account,
    *,
    postgresql_port: int,
    **settings: object,
) -> Iterator[int]:
    """Run a PgBouncer before a PostgreSQL; yields its pid.

    `settings` are lines of its configuration, such as `pool_mode="transaction"`.
    """
    binary = shutil.which("pgbouncer", path=f"{os.environ['PATH']}:/usr/sbin")
    if binary is None:
        fail("PgBouncer was not found: install it (Debian: apt-get install pgbouncer).")
    lines = {
        "listen_addr": "127.0.0.1",
        "listen_port": port,
        "unix_socket_dir": "",
        "auth_type": "any",
        **settings,
    }
    configuration = own_folder(folder / "pgbouncer", account) / "pgbouncer.ini"
    configuration.write_text(
        f"[databases]\n* = host=127.0.0.1 port={postgresql_port} user={ROLE}\n"
        "[pgbouncer]\n" + "".join(f"{name} = {lines[name]}\n" for name in lines)
    )
    if account.uid is not None and account.gid is not None:
        os.chown(configuration, account.uid, account.gid)
    with server(
        [binary, configuration],
        account,
        is_ready=lambda: accepts_connections(port),
        stop_signal=signal.SIGINT,
    ) as pid:
        yield pid


@contextmanager
def server(
    command: Sequence[object],
    account: Account,
    *,
    is_ready: Callable[[], bool],
    stop_signal: signal.Signals,
) -> Iterator[int]:
    """Run a server until the end of the block; yields its pid once it is ready.

    It has its own session, so that a Ctrl-C for the command does not stop it.
    """
    with tempfile.TemporaryFile("w+b") as log:
        process = subprocess.Popen(  # noqa: S603
            [str(part) for part in command],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            user=account.uid,
            group=account.gid,
            extra_groups=account.groups,
        )
        try:
            deadline = time.monotonic() + START_SECONDS
            while not is_ready():
                if process.poll() is not None or time.monotonic() > deadline:
                    log.seek(0)
                    fail(f"{command[0]} did not start:\n{log.read().decode()}")
                time.sleep(0.05)
            yield process.pid
        finally:
            process.send_signal(stop_signal)
            wait_or_kill(process)


def wait_or_kill(process: subprocess.Popen[bytes]) -> None:
    try:
        process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def run_checked(command: Sequence[object], account: Account) -> None:
    """Run a command that has to succeed."""
    completed = subprocess.run(  # noqa: S603
        [str(part) for part in command],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        user=account.uid,
        group=account.gid,
        extra_groups=account.groups,
        check=False,
    )
    if completed.returncode != 0:
        fail(f"{command[0]} failed:\n{completed.stdout.decode()}")


def succeeds(command: Sequence[object]) -> bool:
    parts = [str(part) for part in command]
    return subprocess.run(parts, check=False).returncode == 0  # noqa: S603


def answers_ping(port: int) -> bool:
    with (
        suppress(OSError),
        socket.create_connection(("127.0.0.1", port), timeout=1) as connection,
    ):
        connection.sendall(b"PING\r\n")
        return connection.recv(5) == b"+PONG"
    return False


def accepts_connections(port: int) -> bool:
    with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
        return True
    return False


def free_ports(count: int) -> list[int]:
    with ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in sockets]


def postgresql_binaries() -> Path:
    """The folder of PostgreSQL's server programs, which Debian keeps out of the PATH."""
    debian = Path("/usr/lib/postgresql").glob("*/bin")
    folders = sorted(debian, key=lambda bin_: float(bin_.parent.name), reverse=True)
    if on_path := shutil.which("initdb"):
        folders.append(Path(on_path).resolve().parent)
    complete = [bin_ for bin_ in folders if (bin_ / "postgres").exists()]
    if not complete:
        fail(
            "PostgreSQL was not found: install it (Debian: apt-get install postgresql)."
        )
    return complete[0]


def unprivileged_account() -> Account:
    """An account other than root: PostgreSQL refuses to run as root."""
    if os.geteuid() != 0:
        return Account()
    users = {user.pw_name: user for user in pwd.getpwall()}
    user = users.get("postgres") or pwd.getpwuid(NOBODY_UID)
    return Account(user.pw_uid, user.pw_gid, [])


@contextmanager
def shared_folder() -> Iterator[Path]:
    """A temporary folder that the servers' account may traverse."""
    with tempfile.TemporaryDirectory(prefix="agentarium-services-") as name:
        folder = Path(name)
        folder.chmod(0o711)
        yield folder


def own_folder(folder: Path, account: Account) -> Path:
    folder.mkdir(mode=0o700)
    if account.uid is not None and account.gid is not None:
        os.chown(folder, account.uid, account.gid)
    return folder


def fail(sentence: str) -> NoReturn:
    print(sentence, file=sys.stderr)
    sys.exit(1)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
