"""Draw the parts of the package and their imports as an SVG, and count the modules on each way through it.

`make docs` runs it, and tests compare.
"""

import ast
import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from graphlib import TopologicalSorter
from html import escape
from pathlib import Path

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "generator" / "flipsite"
PICTURE = ROOT / "docs" / "pictures" / "architecture.svg"
PAGE = ROOT / "docs" / "architecture.md"
PARTS = {
    "cli": "options in, errors out",
    "api": "the same for notebooks",
    "workflows": "the use cases, in order",
    "collect": "requests, money, answers",
    "store": "cache, snapshot, imports",
    "analyse": "draws to numbers",
    "fit": "regressions",
    "present": "tables, charts, pages",
    "write": "the site on disk",
    "project": "where files are",
    "settings": "study.toml",
    "schema": "promises of tables",
    "files": "whole or not at all",
    "domain": "the nouns",
    "csv_cells": "guarded cells",
    "errors": "one family",
}
"""Each part that the picture shows, and what it is for."""
ROWS = (
    ("cli", "api"),
    ("workflows",),
    ("collect", "store", "fit", "analyse", "present", "write"),
    ("project", "settings", "schema"),
    ("files", "domain", "csv_cells"),
    ("errors",),
)
"""The layers from the outside in."""
WIDTH, BOX, HIGH, GAP = 1100, (156, 46), 100, 24


def imports() -> dict[str, set[str]]:
    """The other parts that each part imports, wherever in it."""
    found = defaultdict[str, set[str]](set)
    for path in sorted(PACKAGE.rglob("*.py")):
        part = path.relative_to(PACKAGE).parts[0].removesuffix(".py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("flipsite."):
                found[part].add(str(node.module).split(".")[1])
    return {part: (found[part] & PARTS.keys()) - {part} for part in PARTS}


def reduced(edges: dict[str, set[str]]) -> dict[str, set[str]]:
    """Only the imports that do not follow from others."""
    reach: dict[str, set[str]] = {}
    for part in TopologicalSorter(edges).static_order():
        reach[part] = edges[part].union(*(reach[other] for other in edges[part]))
    return {
        part: {other for other in others if not any(other in reach[each] for each in others)}
        for part, others in edges.items()
    }


def picture() -> str:
    """The SVG: a row a layer, a line an import that does not follow from others."""
    edges = imports()
    placed = {
        part: (WIDTH / 2 + (column - (len(row) - 1) / 2) * (BOX[0] + GAP), 40 + HIGH * number)
        for number, row in enumerate(ROWS)
        for column, part in enumerate(row)
    }
    tall = int(max(y for _, y in placed.values())) + 40
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {tall}" role="img" '
        'font-family="sans-serif" font-size="13" text-anchor="middle">',
        "<title>The parts of flipsite: each imports those below it that a line leads to</title>",
        f'<rect width="{WIDTH}" height="{tall}" fill="#fff"/>',
    ]
    for part, others in reduced(edges).items():
        x, y = placed[part]
        for other in sorted(others):
            to_x, to_y = placed[other]
            if y == to_y:  # neighbours of one layer
                lines.append(f'<path d="M{x:g} {y:g}H{to_x:g}" stroke="#8a8f98"/>')
                continue
            top, end = y + BOX[1] / 2, to_y - BOX[1] / 2
            bend = (end - top) / 2
            lines.append(
                f'<path d="M{x:g} {top:g}C{x:g} {top + bend:g} {to_x:g} {end - bend:g} {to_x:g} {end:g}" '
                'fill="none" stroke="#8a8f98"/>'
            )
    for part, (x, y) in placed.items():
        lines.append(
            f'<rect x="{x - BOX[0] / 2:g}" y="{y - BOX[1] / 2:g}" width="{BOX[0]}" height="{BOX[1]}" rx="6" '
            f'fill="#f4f6f9" stroke="#4a5568"/><text x="{x:g}" y="{y - 3:g}" font-weight="bold">{part}</text>'
            f'<text x="{x:g}" y="{y + 14:g}" font-size="11" fill="#4a5568">{escape(PARTS[part])}</text>'
        )
    return "\n".join([*lines, "</svg>"]) + "\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One row of a way through the package: the modules it passes, and what it is called in each of them."""

    walk: str
    modules: tuple[str, ...]
    names: tuple[str, ...]


WALK = re.compile(r"^## (One .*)\n\n\*.*\*\n(?s:.*?)(?=^## )", re.MULTILINE)
"""A section that follows one thing, with its count below its heading."""


def steps(page: str) -> Iterator[Step]:
    """The rows of every walk of the page."""
    for walk in WALK.finditer(page):
        for row in re.findall(r"^\| (?!Step|---)(.*) \|$", walk[0], re.MULTILINE):
            _, where, names = row.split(" | ")
            yield Step(
                walk=walk[1],
                modules=_quoted(where),
                names=tuple(name for name in _quoted(names) if "." not in name),
            )


def _quoted(cell: str) -> tuple[str, ...]:
    return tuple(re.findall(r"`([^`]+)`", cell))


def counted(page: str) -> str:
    """The page with the length of each walk as its rows have it."""

    def renewed(walk: re.Match[str]) -> str:
        of_walk = [step for step in steps(page) if step.walk == walk[1]]
        modules = {module for step in of_walk for module in step.modules}
        folders = {module.split("/")[0] for module in modules if "/" in module}
        names = {name for step in of_walk for name in step.names}
        count = f"*{len(modules)} modules in {len(folders)} folders, under {len(names)} names.*"
        return re.sub(r"\n\n\*.*\*\n", f"\n\n{count}\n", walk[0], count=1)

    return WALK.sub(renewed, page)


if __name__ == "__main__":
    PICTURE.write_text(picture(), encoding="utf-8")
    PAGE.write_text(counted(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
