"""Check the project's vocabulary, the sizes of its folders, and which clocks it reads.

    scripts/conventions.py

Prints each violation as `path:line: message`, and exits with 1 if there is any.
"""

import re
import subprocess
import sys
import tomllib
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VOCABULARY = Path(__file__).with_name("vocabulary.toml")
CLOCKS = Path(__file__).with_name("clocks.toml")
BACKEND = "backend/agentarium/"
# Reads the machine's wall clock, which can be set. Monotonic clocks cannot.
WALL_CLOCK = re.compile(
    r"\b(timezone\.now|datetime\.(now|utcnow|today)|date\.today|time\.time(_ns)?"
    r"|aware_utcnow|auto_now(_add)?)\b"
)
TEXT_SUFFIXES = {".py", ".ts", ".tsx", ".md", ".yaml", ".toml", ".sh"}
TEXT_NAMES = {"Makefile", ".env.example"}
GENERATED = ("frontend/package-lock.json", "frontend/src/lib/api/schema.d.ts")
# Modules in one folder, without tests, `__init__.py` and generated primitives.
MAX_MODULES = 20
MAX_PAGE_MODULES = 25


def main() -> int:
    names = tracked_files(ROOT)
    violations = [
        *wrong_words(ROOT, names),
        *crowded_folders(names),
        *wall_clocks(ROOT, names),
    ]
    for violation in violations:
        print(violation)
    return 1 if violations else 0


def tracked_files(root: Path) -> list[str]:
    """The files that git tracks or would track, relative to `root`."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],  # noqa: S607
        cwd=root,
        check=True,
        capture_output=True,
        text=True,
    )
    return [name for name in listed.stdout.split("\0") if (root / name).is_file()]


def wrong_words(root: Path, names: Iterable[str]) -> Iterator[str]:
    """Yield each use of a term that has a better one in docs/glossary.md."""
    vocabulary = tomllib.loads(VOCABULARY.read_text())
    words = _rules(vocabulary["words"], re.IGNORECASE)
    identifiers = _rules(vocabulary["identifiers"], re.NOFLAG)
    for name in names:
        path = root / name
        is_text = path.suffix in TEXT_SUFFIXES or path.name in TEXT_NAMES
        if not is_text or path == VOCABULARY or name in GENERATED:
            continue
        # On the page some of these names mean something else, such as a key.
        rules = words if path.suffix in {".ts", ".tsx"} else [*identifiers, *words]
        for number, line in enumerate(path.read_text().splitlines(), start=1):
            for pattern, better in rules:
                if match := pattern.search(line):
                    yield f'{name}:{number}: "{match[0]}": write {better}'


def _rules(
    terms: dict[str, str], flags: re.RegexFlag
) -> list[tuple[re.Pattern[str], str]]:
    return [
        (re.compile(rf"\b{re.escape(term)}\b", flags), better)
        for term, better in terms.items()
    ]


def crowded_folders(names: Iterable[str]) -> Iterator[str]:
    """Yield each folder with too many modules for a reader to find one quickly."""
    sizes = Counter(
        Path(name).parent.as_posix() for name in names if _is_module(Path(name))
    )
    for folder, size in sorted(sizes.items()):
        limit = MAX_PAGE_MODULES if folder.startswith("frontend/") else MAX_MODULES
        if size > limit:
            yield f"{folder}:1: {size} modules in one folder: split it (limit {limit})"


def wall_clocks(root: Path, names: Iterable[str]) -> Iterator[str]:
    """Yield each reading of the machine's clock without a reason in `CLOCKS`."""
    allowed = {BACKEND + name for name in tomllib.loads(CLOCKS.read_text())}
    for name in names:
        path = Path(name)
        is_exempt = name in allowed or {"tests", "migrations"} & {*path.parts}
        if not name.startswith(BACKEND) or path.suffix != ".py" or is_exempt:
            continue
        for number, line in enumerate((root / name).read_text().splitlines(), start=1):
            if match := WALL_CLOCK.search(line):
                yield f'{name}:{number}: "{match[0]}": use agentarium.db.clock'


def _is_module(path: Path) -> bool:
    is_code = path.suffix in {".py", ".ts", ".tsx"}
    is_test = "tests" in path.parts or ".test." in path.name or "e2e" in path.parts
    is_exempt = path.name == "__init__.py" or "migrations" in path.parts
    return is_code and not is_test and not is_exempt and path.parts[-2:-1] != ("ui",)


if __name__ == "__main__":
    sys.exit(main())
