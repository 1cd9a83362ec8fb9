"""How to create the first account: the hint at start, and `agentarium setup-link`."""

from django.conf import settings

from agentarium.accounts.models import User
from agentarium.accounts.setup import setup_code
from agentarium.cli.terminal import fail, show
from agentarium.http.local_access import is_local_server

OPEN_HINT = (
    "There is no account yet: open the page and create one, or run "
    "`agentarium createuser`. The first account becomes the superuser."
)
LINK_HINT = (
    "There is no account yet. Create the first one, the superuser, with this link, "
    "which works once:\n  {link}\nor run `agentarium createuser --admin NAME`."
)


def first_account_hint(*, bound_host: str, url: str) -> str:
    """Say how to create the first account; "" if there is an account.

    `bound_host` is the address that the server listens on, `url` its public URL.
    """
    if User.objects.exists():
        return ""
    if is_local_server(bound_host):
        return OPEN_HINT
    code = setup_code()
    return LINK_HINT.format(link=_link(url, code)) if code else ""


def show_setup_link(*, is_renewed: bool) -> None:
    """Print the link for the first account; a new link invalidates the previous one."""
    code = setup_code(is_renewed=is_renewed)
    if code is None:
        fail(
            "This server already has an account and needs no set-up link: run "
            "`agentarium createuser --admin NAME` to create another superuser."
        )
    show(_link(settings.PUBLIC_URL, code))


def _link(url: str, code: str) -> str:
    """The fragment after the # stays in the browser: no server or proxy logs it."""
    return f"{url}/register#setup={code}"
