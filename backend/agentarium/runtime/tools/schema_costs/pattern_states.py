"""Estimates how large the automaton of a regular expression is."""

import re

MAX_STATES = 1_000_000
# Longer patterns, and those after this many characters, count as the largest.
_MAX_CHARS = 500
_MAX_TOTAL_CHARS = 5_000
_STATES_OF_PATTERN = 20
_STATES_OF_CLASS = 10
# No alternative may look further than a few characters: this pattern is ours to bound.
_TOKEN = re.compile(
    r"\\(?P<escaped>.)|\{(?P<min>\d{1,8})(?:,(?P<max>\d{0,8}))?\}|(?P<char>.)",
    re.DOTALL,
)
_UNICODE_CLASSES = frozenset("wWdDsSbB")
# A property of Unicode has hundreds of ranges, and takes as long to compile as fifty
# other classes. Flags change what all other parts cost.
_COSTLY = re.compile(r"\\[pP]|\(\?[^:]")


class PatternStates:
    """Counts the states of the patterns of one schema."""

    def __init__(self) -> None:
        self._remaining = _MAX_TOTAL_CHARS

    def states(self, pattern: str) -> int:
        """About how many: `a{3}b` has four, and twenty are for the pattern itself."""
        self._remaining -= len(pattern)
        is_long = len(pattern) > _MAX_CHARS or self._remaining < 0
        if is_long or _COSTLY.search(pattern):
            return MAX_STATES
        reader = _Reader()
        for token in _TOKEN.finditer(pattern):
            reader.read(token)
        return _STATES_OF_PATTERN + min(MAX_STATES, sum(reader.groups))


class _Reader:
    def __init__(self) -> None:
        # The states of the open groups, from the outermost to the innermost.
        self.groups = [0]
        self._last = 0
        self._is_in_class = False

    def read(self, token: re.Match[str]) -> None:
        if self._is_in_class:
            self._is_in_class = token["char"] != "]"
        elif token["min"]:
            self._repeat(int(token["min"]), int(token["max"] or 0))
        elif token["char"] == "(":
            self.groups.append(0)
        elif token["char"] == ")" and len(self.groups) > 1:
            self._last = self.groups.pop()
            self.groups[-1] += self._last
        else:
            self._is_in_class = token["char"] == "["
            self._add(token["escaped"] or "")

    def _add(self, escaped: str) -> None:
        self._last = _STATES_OF_CLASS if escaped in _UNICODE_CLASSES else 1
        self.groups[-1] += self._last

    def _repeat(self, minimum: int, maximum: int) -> None:
        added = self._last * (max(1, minimum, maximum) - 1)
        self._last += added
        self.groups[-1] = min(MAX_STATES, self.groups[-1] + added)
