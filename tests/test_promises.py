"""docs/promises.md names tests, files and tasks that are there: a promise without its test is an opinion."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
TEXT = (ROOT / "docs/promises.md").read_text(encoding="utf-8")
SOURCES = {path: path.read_text(encoding="utf-8") for path in (ROOT / "tests").rglob("*.py")}
FUNCTIONS = {
    name: path
    for path, text in SOURCES.items()
    for name in re.findall(r"^def (test_\w+)", text, re.MULTILINE)
}
ROWS = [
    [cell.strip() for cell in line.strip("|").split("|")]
    for line in TEXT.splitlines()
    if line.startswith("| ") and not line.startswith("| Promise")
]


@pytest.mark.parametrize("row", ROWS, ids=[row[0][:60] for row in ROWS])
def test_a_promise_has_its_test(row: list[str]) -> None:
    promise, _, tests = row
    assert promise.endswith(".")
    assert tests
    for name in re.findall(r"test_\w+(?=[`…\[])", tests):
        assert any(known.startswith(name) for known in FUNCTIONS), name
    for path in re.findall(r"`((?:tests/)?[\w/]+\.py)`", tests):
        assert any(known.as_posix().endswith(f"/{path}") for known in SOURCES), path
    for task in re.findall(r"`make ([\w-]+)", tests):
        assert f"\n{task}:" in (ROOT / "Makefile").read_text(encoding="utf-8"), task


@pytest.mark.parametrize("case", sorted(set(re.findall(r"\[(\w+)\](?!\()", TEXT))))
def test_a_case_of_a_test_is_known_to_the_tests(case: str) -> None:
    """`test_…[publish]` names a scenario, a target or a file that some test is run with."""
    assert any(re.search(rf"\b{case}\b", text) for text in SOURCES.values())


def test_the_page_promises_much() -> None:
    """If a table were written in another way, the tests above would find nothing to test."""
    assert len(ROWS) >= 40
    assert len(set(re.findall(r"`(test_\w+)", TEXT))) >= 30
