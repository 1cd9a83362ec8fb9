"""Execute every import statement of the installed package, including those in functions.

Run it with the interpreter of the environment under test. It prints failed imports.
"""

import ast
import os
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path


def main() -> int:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "agentarium.config.settings")
    import agentarium
    import django

    django.setup()
    package = Path(agentarium.__file__).parent
    # A migration's name starts with a digit, which no import statement allows.
    modules = {f"__import__({name!r})" for name in module_names(package)}
    failures = 0
    for statement in sorted(modules | {*import_statements(package.rglob("*.py"))}):
        try:
            exec(statement, {})  # noqa: S102 - our own code
        except ImportError as error:
            failures += 1
            print(f"{statement}: {error}")
    return 1 if failures else 0


def module_names(package: Path) -> Iterator[str]:
    for file in package.rglob("*.py"):
        parts = file.relative_to(package.parent).with_suffix("").parts
        if parts[-1] != "__main__":
            yield ".".join(parts).removesuffix(".__init__")


def import_statements(files: Iterable[Path]) -> Iterator[str]:
    for file in files:
        for node in ast.walk(ast.parse(file.read_bytes())):
            if isinstance(node, ast.Import | ast.ImportFrom):
                yield ast.unparse(node)


if __name__ == "__main__":
    sys.exit(main())
