"""`.env.example` lists and explains all variables."""

import re
from pathlib import Path

from agentarium.config import settings

EXAMPLE = Path(__file__).resolve().parents[4] / ".env.example"


def names_listed() -> list[str]:
    return re.findall(r"^#?([A-Z_]+)=", EXAMPLE.read_text(), re.MULTILINE)


def test_lists_each_variable_once_and_no_other() -> None:
    assert sorted(names_listed()) == sorted(settings.KNOWN_VARIABLES)


def test_explains_each_variable_in_a_line_above_it() -> None:
    paragraphs = re.findall(
        r"^# .+\n(?:#[A-Z_]+=.*\n)+", EXAMPLE.read_text(), re.MULTILINE
    )

    explained = re.findall(r"^#([A-Z_]+)=", "".join(paragraphs), re.MULTILINE)

    assert explained == names_listed()
