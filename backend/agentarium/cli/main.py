"""The `agentarium` command: its commands and their options.

Each command imports what it needs when it is called: help and usage errors appear
immediately, and nothing is loaded before the environment has been read.
"""

from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(
    help="Run AI agents as tracked background tasks.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

Json = Annotated[bool, typer.Option("--json", help="Print JSON, for scripts.")]
Watch = Annotated[bool, typer.Option("--watch", "-w", help="Refresh until Ctrl-C.")]
UserName = Annotated[
    str,
    typer.Option(
        "--user",
        metavar="NAME",
        help="Act as this user. Optional when there is only one account.",
    ),
]
Host = Annotated[
    str | None, typer.Option(metavar="ADDRESS", help="Address to listen on.")
]
Port = Annotated[
    int | None,
    typer.Option(min=0, max=65535, help="Port to listen on; 0 picks a free one."),
]


def main() -> None:
    app(prog_name="agentarium")


def _show_version(is_wanted: bool) -> None:  # noqa: FBT001 - typer calls it
    if is_wanted:
        from agentarium.cli.version import version

        typer.echo(f"agentarium {version()}")
        raise typer.Exit


@app.callback()
def _begin(
    *,
    _version: Annotated[
        bool,
        typer.Option(
            "--version",
            is_eager=True,
            callback=_show_version,
            help="Print the version.",
        ),
    ] = False,
) -> None:
    from agentarium.cli.project import read_environment_file

    read_environment_file()


# --- Serving ----------------------------------------------------------------------


@app.command()
def up(
    *,
    host: Host = None,
    port: Port = None,
    is_model_wanted: Annotated[
        bool | None,
        typer.Option(
            "--model/--no-model",
            help="Download the built-in model, or skip it. By default the download "
            "is attempted once.",
        ),
    ] = None,
) -> None:
    """Prepare the database and the built-in model, and start the server."""
    from agentarium.cli.serving.up import run_up

    run_up(host=host, port=port, is_model_wanted=is_model_wanted)


@app.command()
def web(*, host: Host = None, port: Port = None) -> None:
    """Serve the API and the page, without migrating the database."""
    from agentarium.cli.serving.up import run_web

    run_web(host=host, port=port)


@app.command()
def worker(
    *,
    capacity: Annotated[
        int | None, typer.Option(min=1, help="Concurrent tasks per process.")
    ] = None,
    processes: Annotated[
        int,
        typer.Option(min=1, help="Number of processes; one that dies is replaced."),
    ] = 1,
    is_model_wanted: Annotated[
        bool,
        typer.Option("--model", help="Download the built-in model first, if missing."),
    ] = False,
    is_supervised: Annotated[bool, typer.Option("--supervised", hidden=True)] = False,
) -> None:
    """Run tasks. Without a broker, the worker polls the database for them."""
    from agentarium.cli.serving.worker import run_worker
    from agentarium.cli.serving.worker_processes import supervise

    if processes > 1:
        supervise(processes, capacity=capacity, is_model_wanted=is_model_wanted)
    else:
        run_worker(
            capacity=capacity,
            is_model_wanted=is_model_wanted,
            is_supervised=is_supervised,
        )


@app.command()
def migrate() -> None:
    """Create or update the tables of the database."""
    from agentarium.cli.serving.up import run_migrate

    run_migrate()


# --- Accounts, agents, tasks ------------------------------------------------------


@app.command()
def createuser(  # noqa: PLR0913 - one for each option
    name: Annotated[
        str, typer.Argument(metavar="[NAME]", help="The username.", show_default=False)
    ] = "",
    *,
    username: Annotated[str, typer.Option(help="The username, as an option.")] = "",
    email: Annotated[
        str | None, typer.Option(help="The email address; it may be empty.")
    ] = None,
    is_password_on_stdin: Annotated[
        bool, typer.Option("--password-stdin", help="Read the password from stdin.")
    ] = False,
    is_superuser: Annotated[
        bool, typer.Option("--admin", help="Create a superuser.")
    ] = False,
    is_staff: Annotated[
        bool, typer.Option("--staff", help="Give access to the admin pages.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Create an account. The first account of a server becomes its superuser."""
    from agentarium.cli.project import project

    with project():
        from agentarium.cli.administration.users import create_user, read_password

        username = name or username or typer.prompt("Username")
        if email is None:
            email = typer.prompt("Email (may be empty)", default="", show_default=False)
        create_user(
            username=username,
            email=email,
            password=read_password(is_on_stdin=is_password_on_stdin),
            is_staff=is_staff,
            is_superuser=is_superuser,
            as_json=as_json,
        )


@app.command()
def password(
    username: Annotated[str, typer.Argument(metavar="USER")],
    *,
    is_on_stdin: Annotated[
        bool, typer.Option("--password-stdin", help="Read the password from stdin.")
    ] = False,
) -> None:
    """Set a user's password, and end their sessions."""
    from agentarium.cli.project import project

    with project():
        from agentarium.cli.administration.users import set_password

        set_password(username, is_on_stdin=is_on_stdin)


@app.command()
def quotas(
    username: Annotated[str, typer.Argument(metavar="USER")],
    *,
    changes: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            metavar="QUOTA=LIMIT",
            help="Set a limit for this user: agents=500, stored_bytes=5000MB, 0 for no "
            "limit, default for the server's. May be repeated.",
        ),
    ] = None,
    as_json: Json = False,
) -> None:
    """Show what a user has and may have, and set other limits for this user."""
    from agentarium.cli.project import project

    with project():
        from agentarium.cli.administration.quotas import show_quotas

        show_quotas(username, changes=changes or [], as_json=as_json)


@app.command()
def setup_link(
    *,
    is_renewed: Annotated[
        bool,
        typer.Option("--new", help="Create a new link; earlier links stop working."),
    ] = False,
) -> None:
    """Print the link that creates the first account of a networked server."""
    from agentarium.cli.project import project

    with project():
        from agentarium.cli.administration.setup_link import show_setup_link

        show_setup_link(is_renewed=is_renewed)


@app.command()
def agents(*, user: UserName = "", as_json: Json = False) -> None:
    """List a user's agents."""
    from agentarium.cli.project import project

    with project():
        from agentarium.cli.records.agents import list_agents

        list_agents(user, as_json=as_json)


@app.command()
def run(
    agent: Annotated[str, typer.Argument(help="The agent's id or exact name.")],
    text: Annotated[str, typer.Argument(help="The input; - reads it from stdin.")],
    *,
    is_followed: Annotated[
        bool,
        typer.Option("--follow", "-f", help="Print the output as it is generated."),
    ] = False,
    user: UserName = "",
    as_json: Json = False,
) -> None:
    """Run an agent on an input, as a task."""
    from agentarium.cli.project import project

    with project():
        from agentarium.cli.records.run import run_agent

        run_agent(agent, text, user=user, is_followed=is_followed, as_json=as_json)


@app.command()
def tasks(
    *,
    status: Annotated[
        list[str] | None,
        typer.Option(help="Only tasks with this status; may be repeated."),
    ] = None,
    finish_reason: Annotated[
        str,
        typer.Option(
            help="Only tasks whose answer ended so: `length` finds those cut off."
        ),
    ] = "",
    limit: Annotated[
        int, typer.Option(min=1, max=1000, help="Maximum number of tasks.")
    ] = 20,
    user: UserName = "",
    as_json: Json = False,
) -> None:
    """List a user's tasks, newest first."""
    from agentarium.cli.project import project

    with project():
        from agentarium.cli.records.tasks import list_tasks

        list_tasks(
            user,
            statuses=status or [],
            finish_reason=finish_reason,
            limit=limit,
            as_json=as_json,
        )


@app.command()
def task(
    task_id: Annotated[int, typer.Argument(metavar="ID")],
    *,
    user: UserName = "",
    as_json: Json = False,
) -> None:
    """Show a task with its steps."""
    from agentarium.cli.project import project

    with project():
        from agentarium.cli.records.tasks import show_task

        show_task(user, task_id, as_json=as_json)


# --- Operations -------------------------------------------------------------------


@app.command()
def workers(*, is_watched: Watch = False, as_json: Json = False) -> None:
    """Show the workers of the last day and what they run."""
    from agentarium.cli.project import project

    with project():
        from agentarium.cli.records.workers import show_workers

        show_workers(is_watched=is_watched, as_json=as_json)


@app.command()
def queue(*, is_watched: Watch = False, as_json: Json = False) -> None:
    """Show how many tasks are pending, running and waiting, and for how long."""
    from agentarium.cli.project import project

    with project():
        from agentarium.cli.records.workers import show_queue

        show_queue(is_watched=is_watched, as_json=as_json)


@app.command()
def doctor(
    *,
    url: Annotated[
        str,
        typer.Option(
            metavar="URL",
            help="The public URL: also check the path through the proxy.",
        ),
    ] = "",
    as_json: Json = False,
) -> None:
    """Check the installation, and say how to fix what is wrong."""
    from agentarium.cli.diagnosis.doctor import run_doctor

    run_doctor(url=url, as_json=as_json)


@app.command()
def refresh_mcp_servers(
    *,
    accept: Annotated[
        bool,
        typer.Option("--accept", help="Let agents use the changes that are shown."),
    ] = False,
) -> None:
    """Load the tools of the programs in AGENTARIUM_MCP_STDIO, and show changes."""
    from agentarium.cli.project import project

    with project():
        from django.core.management import call_command

        call_command("refresh_mcp_servers", accept=accept)


@app.command()
def reseal(
    *,
    is_former_key_lost: Annotated[
        bool,
        typer.Option(
            "--former-key-lost",
            help="Continue with the current key; secrets that it cannot read have to be "
            "entered again.",
        ),
    ] = False,
) -> None:
    """Encrypt every stored secret with the current secret key."""
    from agentarium.cli.project import project

    with project():
        from agentarium.cli.administration.secrets import reseal

        reseal(is_former_key_lost=is_former_key_lost)


@app.command()
def demo(
    *,
    text: Annotated[
        str, typer.Option(help="The input of the task.")
    ] = "What is the capital of France? Answer in one sentence.",
    weights: Annotated[
        Path | None,
        typer.Option(exists=True, dir_okay=False, help="The model's GGUF file."),
    ] = None,
    as_json: Json = False,
) -> None:
    """Run one task on the built-in model, from start to finish, over the public API."""
    from agentarium.cli.demo.demo import run_demo

    run_demo(text, weights=weights, as_json=as_json)
