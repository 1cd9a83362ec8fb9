"""Names of ours in the environment that nothing reads: mostly misspelled ones."""

import difflib
import re
from collections.abc import Collection, Iterable, Iterator

PREFIX = "AGENTARIUM_"
# Read by programs beside the server: the snippets of the page, the tests.
_OF_OTHERS = re.compile(r"AGENTARIUM_(TOKEN|CHROMIUM|E2E_\w+|TEST_\w+)")
# Kubernetes sets them for a service of our name.
_OF_KUBERNETES = re.compile(
    r"AGENTARIUM_(\w+_)?(SERVICE_HOST|SERVICE_PORT\w*|PORT_\d+_(TCP|UDP)\w*)"
)


def unknown_variables(
    names: Iterable[str], known: Collection[str]
) -> Iterator[tuple[str, str]]:
    """Each unknown name, and the known one that it may stand for, or ""."""
    all_known = [*known, *(f"{name}_FILE" for name in known)]
    ours = (name for name in sorted(names) if name.upper().startswith(PREFIX))
    for name in ours:
        if name in all_known or _is_of_others(name):
            continue
        nearest = difflib.get_close_matches(name.upper(), all_known, n=1, cutoff=0.75)
        yield name, nearest[0] if nearest else ""


def _is_of_others(name: str) -> bool:
    return bool(_OF_OTHERS.fullmatch(name) or _OF_KUBERNETES.fullmatch(name))
