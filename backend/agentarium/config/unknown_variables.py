"""Finds unknown `AGENTARIUM_` variables in the environment, which are often typos."""

import difflib
import re
from collections.abc import Collection, Iterable, Iterator

PREFIX = "AGENTARIUM_"
# Read by other programs: the page's code snippets, the tests.
_OF_OTHERS = re.compile(r"AGENTARIUM_(TOKEN|CHROMIUM|E2E_\w+|TEST_\w+)")
# Kubernetes sets these for a service named agentarium.
_OF_KUBERNETES = re.compile(
    r"AGENTARIUM_(\w+_)?(SERVICE_HOST|SERVICE_PORT\w*|PORT_\d+_(TCP|UDP)\w*)"
)


def unknown_variables(
    names: Iterable[str], known: Collection[str]
) -> Iterator[tuple[str, str]]:
    """Each unknown name, with the known name that was probably meant, or ""."""
    all_known = [*known, *(f"{name}_FILE" for name in known)]
    ours = (name for name in sorted(names) if name.upper().startswith(PREFIX))
    for name in ours:
        if name in all_known or _is_of_others(name):
            continue
        nearest = difflib.get_close_matches(name.upper(), all_known, n=1, cutoff=0.75)
        yield name, nearest[0] if nearest else ""


def _is_of_others(name: str) -> bool:
    return bool(_OF_OTHERS.fullmatch(name) or _OF_KUBERNETES.fullmatch(name))
