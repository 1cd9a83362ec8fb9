"""Bar charts as SVG, readable on light and dark pages."""

from html import escape

from bench.report.results import Medians
from bench.report.tables import number, readable

WIDTH, LABEL, BAR, GAP = 640, 110, 20, 8
HEAD = 34
INK = "#6b7280"
OURS, OTHERS = "#2563eb", "#9ca3af"


def bars(title: str, figure: str, medians: Medians) -> str:
    """Draw one bar per system, proportional to its figure."""
    values = {
        system: found[figure] for system, found in medians.items() if figure in found
    }
    most = max(values.values(), default=0) or 1
    height = HEAD + len(values) * (BAR + GAP)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" '
        f'role="img" font-family="sans-serif" font-size="13" fill="{INK}">',
        f'<text x="0" y="16" font-weight="bold">'
        f"{escape(title)}: {escape(readable(figure))}</text>",
    ]
    for index, (system, value) in enumerate(values.items()):
        top = HEAD + index * (BAR + GAP)
        length = max(1.0, value / most * (WIDTH - LABEL - 80))
        colour = OTHERS if system in {"asyncio", "celery", "plain", "django"} else OURS
        parts += [
            f'<text x="0" y="{top + 15}">{escape(system)}</text>',
            f'<rect x="{LABEL}" y="{top}" width="{length:.1f}" height="{BAR}" '
            f'rx="3" fill="{colour}"/>',
            f'<text x="{LABEL + length + 8:.1f}" y="{top + 15}">{number(value)}</text>',
        ]
    return "\n".join([*parts, "</svg>", ""])
