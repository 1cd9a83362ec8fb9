"""The way to the first account: what a start says about it, and `setup-link`."""

from django.conf import settings

from agentarium.accounts.models import User
from agentarium.accounts.setup import setup_code
from agentarium.cli.terminal import fail, show
from agentarium.http.locality import is_local_server

FREE = (
    "There is no account yet: open the page and create one, or run "
    "`agentarium createuser`. The first is the superuser."
)
BY_LINK = (
    "There is no account yet. Create the first one, the superuser, with this link, "
    "which works once:\n  {link}\nor run `agentarium createuser --admin NAME`."
)


def first_account_hint(*, bound_host: str, url: str) -> str:
    """How to make the first account of a server that listens there; "" if there is one."""
    if User.objects.exists():
        return ""
    if is_local_server(bound_host):
        return FREE
    code = setup_code()
    return BY_LINK.format(link=_link(url, code)) if code else ""


def show_setup_link(*, is_renewed: bool) -> None:
    """Print the link for the first account; a new one ends the one before."""
    code = setup_code(is_renewed=is_renewed)
    if code is None:
        fail(
            "This server has its first account, and needs no set-up link any more; "
            "`agentarium createuser --admin NAME` makes another superuser."
        )
    show(_link(settings.PUBLIC_URL, code))


def _link(url: str, code: str) -> str:
    """What stands after the # stays in the browser: no server or proxy logs it."""
    return f"{url}/register#setup={code}"
