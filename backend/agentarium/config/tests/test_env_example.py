"""`.env.example` is the operator's list of variables, and stays complete."""

import re
from pathlib import Path

from agentarium.config import settings
from agentarium.runtime.providers import PROVIDERS

EXAMPLE = Path(__file__).resolve().parents[4] / ".env.example"


def names_read() -> set[str]:
    """Every variable that the settings ask the environment for."""
    code = Path(settings.__file__).read_text()
    own = set(re.findall(r'env\.\w+\(\s*"(\w+)"', code))
    of_providers = {
        name
        for spec in PROVIDERS.values()
        for name in (
            spec.key_variable,
            spec.other_key_variable,
            spec.url_variable,
            spec.other_url_variable,
        )
    }
    return (own | of_providers) - {""}


def names_listed() -> list[str]:
    return re.findall(r"^#?([A-Z_]+)=", EXAMPLE.read_text(), re.MULTILINE)


def test_lists_each_variable_once_and_no_other() -> None:
    assert sorted(names_listed()) == sorted(names_read())


def test_explains_each_variable_in_a_line_above_it() -> None:
    paragraphs = re.findall(
        r"^# .+\n(?:#[A-Z_]+=.*\n)+", EXAMPLE.read_text(), re.MULTILINE
    )

    explained = re.findall(r"^#([A-Z_]+)=", "".join(paragraphs), re.MULTILINE)

    assert explained == names_listed()
