"""The layers of the package: imports lead one way, and in no circle."""

import ast
import runpy
from collections import Counter
from functools import cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "generator" / "flipsite"
LAYERS = (
    {"", "__main__"},
    {"charts"},
    {"api"},
    {"cli"},
    {"workflows"},
    {"collect", "store", "analyse", "fit", "present", "write"},
    {"files", "processes", "project", "schema", "settings"},
    {"domain", "csv_cells", "special"},
    {"errors"},
)
"""From the outside in: a part imports of the layers below its own."""

ALLOWED = {("present", "analyse"), ("fit", "analyse"), ("settings", "project")}
"""Parts of one layer that may import another of it: a stage may read the records of the stage before it."""

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
    "click": {"cli"},
    "rich": {"cli"},
    "pymc": {"fit"},
    "pytensor": {"fit"},
    "nutpie": {"fit"},
    "arviz": {"fit"},
}
"""Each library's only home."""


MODULES = {
    ".".join(path.relative_to(PACKAGE.parent).with_suffix("").parts).removesuffix(".__init__"): path
    for path in sorted(PACKAGE.rglob("*.py"))
}
"""The package's modules by dotted name."""


@cache
def tree(module: str) -> ast.Module:
    """A module's syntax tree."""
    return ast.parse(MODULES[module].read_text(encoding="utf-8"))


@cache
def imports(module: str) -> set[str]:
    """The modules that a module imports, wherever in it."""
    found = set[str]()
    for node in ast.walk(tree(module)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{module}: relative import"
            name = node.module or ""
            inner = {f"{name}.{alias.name}" for alias in node.names} & MODULES.keys()
            found |= inner or {name}
    return found


def part_of(module: str) -> str:
    return module.partition(".")[2].split(".")[0]


def layer_of(part: str) -> int:
    return next(number for number, parts in enumerate(LAYERS) if part in parts)


@pytest.mark.parametrize("module", MODULES)
def test_a_module_imports_only_of_the_layers_below_its_own(module: str) -> None:
    part = part_of(module)
    for name in imports(module) & MODULES.keys():
        other = part_of(name)
        if other != part and (part, other) not in ALLOWED and name != "flipsite":
            assert layer_of(other) > layer_of(part), f"{module} imports {name}"


def test_no_imports_go_in_a_circle() -> None:
    ours = {module: imports(module) & MODULES.keys() - {"flipsite"} for module in MODULES}
    try:
        TopologicalSorter(ours).prepare()
    except CycleError as error:
        pytest.fail(" → ".join(error.args[1]))


def test_each_library_has_one_home() -> None:
    for module in MODULES:
        for name in imports(module):
            homes = HOMES.get(name.split(".")[0])
            assert homes is None or part_of(module) in homes, f"{module} imports {name}"


def test_a_folder_can_be_taken_in_at_a_glance() -> None:
    """About ten modules at the root, about twenty entries in a folder."""
    entries = Counter(path.parent for path in MODULES.values() if path.name != "__init__.py")
    entries.update(path.parent.parent for path in MODULES.values() if path.name == "__init__.py")
    assert entries[PACKAGE] <= 22  # modules and folders
    assert all(n <= 22 for folder, n in entries.items() if folder != PACKAGE), entries


def test_a_class_name_means_one_thing() -> None:
    names = Counter(
        node.name for module in MODULES for node in tree(module).body if isinstance(node, ast.ClassDef)
    )
    assert not {name for name, n in names.items() if n > 1}


DRAWING = runpy.run_path(str(ROOT / "docs/picture.py"))


def test_the_picture_of_the_architecture_is_that_of_the_code() -> None:
    """`make docs` draws it anew."""
    assert DRAWING["picture"]() == DRAWING["PICTURE"].read_text(encoding="utf-8")


def test_the_walks_through_the_package_are_as_long_as_their_page_says() -> None:
    """`make docs` counts them anew."""
    page = DRAWING["PAGE"].read_text(encoding="utf-8")
    assert DRAWING["counted"](page) == page
    assert len({step.walk for step in DRAWING["steps"](page)}) == 4


def test_each_step_of_a_walk_is_in_the_code_under_the_name_that_it_has_there() -> None:
    """A module that a walk passes defines, or imports, what the walk calls it there; no name is left over."""
    for step in DRAWING["steps"](DRAWING["PAGE"].read_text(encoding="utf-8")):
        words = {module: _names((PACKAGE / module).read_text(encoding="utf-8")) for module in step.modules}
        assert step.names
        for module, known in words.items():
            assert known & set(step.names), f"{step.walk}: {module} knows none of {step.names}"
        assert set(step.names) <= set().union(*words.values()), step


def _names(code: str) -> set[str]:
    """The names that a module uses, defines or imports."""
    found = set[str]()
    for node in ast.walk(ast.parse(code)):
        if isinstance(node, ast.Name):
            found.add(node.id)
        elif isinstance(node, ast.ClassDef | ast.FunctionDef | ast.alias):
            found.add(node.name)
    return found
