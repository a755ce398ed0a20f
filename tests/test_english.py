"""Plain English: the phrases that once made the texts hard to read stay out."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "generator" / "flipsite"
TEXTS = {
    path.relative_to(ROOT).as_posix(): path
    for folder, pattern in (
        (PACKAGE, "*.py"),
        (PACKAGE / "scaffold", "*.md"),
        (ROOT / "templates", "*.html"),
        (ROOT / "content", "*.md"),
        (ROOT / "docs", "*.md"),
        (ROOT / "examples", "*.md"),
    )
    for path in sorted(folder.rglob(pattern))
} | {name: ROOT / name for name in ("README.md", "CONTRIBUTING.md", "SECURITY.md", "pyproject.toml")}
"""Texts for users and engineers. The changelog is history."""

PHRASES = {
    r"told (apart )?from": "distinguished from, differs from",
    r"\bmend(s|ed|ing)?\b": "fix, repair, remedy",
    r"what is kept of": "name the thing",
    r"held against": "evidence of",
    r"\binnocent\b": "fair",
    r"convict|acquit": "shown to be biased, shown to be fair",
    r"manieth": "every n-th",
    r"\bwhoever\b": "name the person, program or process",
    r"\bnobody (knows|tells|told|asks?)\b": "unknown, not stated",
    r"\bstands? (here |there )?twice\b": "is there twice",
    r"\bwhat (has )?c(a|o)me of it\b": "results",
    r"\b(herein|hitherto|thereof|whither|betwixt|lest)\b": "a modern word",
}
"""Phrases to avoid, and their replacements."""


@pytest.mark.parametrize("name", TEXTS)
def test_no_riddles_and_archaisms(name: str) -> None:
    text = re.sub(r"\{\{.*?\}\}|`[^`\n]*`", "", TEXTS[name].read_text(encoding="utf-8"))
    found = [
        f"{name}:{number}: {line.strip()!r}: write “{instead}”"
        for number, line in enumerate(text.splitlines(), start=1)
        for phrase, instead in PHRASES.items()
        if re.search(phrase, line, re.IGNORECASE)
    ]
    assert found == []


@pytest.mark.parametrize("name", [name for name in TEXTS if name.endswith(".md")])
def test_every_row_of_a_table_is_one_line(name: str) -> None:
    """Markdown ends a row with its line: one that is wrapped fills the wrong cells."""
    lines = re.sub(
        r"^```.*?^```", "", TEXTS[name].read_text(encoding="utf-8"), flags=re.DOTALL | re.MULTILINE
    )
    for block in re.findall(r"(?:^\|.*\n(?:.+\n?)*)", lines, flags=re.MULTILINE):
        rows = [re.sub(r"`[^`]*`|\\\|", "", line) for line in block.strip().split("\n")]
        assert {(row[0], row[-1], row.count("|")) for row in rows} == {("|", "|", rows[0].count("|"))}
