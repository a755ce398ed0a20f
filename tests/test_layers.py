"""Who may import whom: the road leads one way."""

import ast
from pathlib import Path

PACKAGE = Path(__file__).parents[1] / "generator" / "flipsite"
ROAD = ["collect", "store", "analyse", "fit", "present", "write"]
GROUND = {
    "errors",
    "cells",
    "content",
    "folders",
    "forks",
    "domain",
    "counts",
    "engines",
    "shards",
    "dealings",
    "exhibits",
    "schema",
    "traits",
    "fitted",
    "addresses",
    "projects",
    "settings",
    "",
}
HOMES = {
    "httpx": {"collect"},
    "sqlite3": {"store"},
    "pyarrow": {"store"},
    "duckdb": {"store"},
    "ibis": {"store"},
    "altair": {"present"},
    "pandas": {"present", "store", "api"},
    "vl_convert": {"present"},
    "jinja2": {"present"},
    "markdown_it": {"present"},
    "pydantic": {"settings", "collect"},
    "watchfiles": {"write"},
    "click": {"cli", "commands"},
    "pymc": {"fit"},
    "pytensor": {"fit"},
    "nutpie": {"fit"},
    "arviz": {"fit"},
}
"""Each library's only home."""

ALLOWED = {"present": {"analyse"}, "fit": {"analyse"}}
"""A stage may use the records of the stage before it, and nothing to its right."""


def imports(path: Path) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            found.add(node.module or "")
    return found


def part_of(path: Path) -> str:
    inside = path.relative_to(PACKAGE)
    return inside.parts[0] if len(inside.parts) > 1 else inside.stem


def modules() -> list[Path]:
    return sorted(PACKAGE.rglob("*.py"))


def test_a_stage_imports_the_ground_and_itself() -> None:
    """No stage knows another, but that pages may read what the analysis found."""
    for path in modules():
        part = part_of(path)
        if part not in ROAD:
            continue
        for name in imports(path):
            package, _, rest = name.partition(".")
            if package == "flipsite":
                target = rest.split(".")[0]
                allowed = GROUND | {part} | ALLOWED.get(part, set())
                assert target in allowed, f"{path.relative_to(PACKAGE)} imports {name}"


def test_the_ground_imports_no_stage() -> None:
    for path in modules():
        if part_of(path) in GROUND:
            for name in imports(path):
                target = name.partition(".")[2].split(".")[0]
                assert not name.startswith("flipsite") or target in GROUND, f"{path.name} imports {name}"


def test_commands_call_the_pipeline_and_no_stage() -> None:
    for path in modules():
        if part_of(path) in {"commands", "cli"}:
            for name in imports(path):
                target = name.partition(".")[2].split(".")[0]
                assert not (name.startswith("flipsite") and target in ROAD), f"{path.name} imports {name}"


def test_each_library_has_one_home() -> None:
    for path in modules():
        for name in imports(path):
            homes = HOMES.get(name.split(".")[0])
            assert homes is None or part_of(path) in homes, f"{path.relative_to(PACKAGE)} imports {name}"
