"""The style sheet: one set of tokens, each pair of colours measured, nothing that a strict policy forbids."""

import re
from pathlib import Path

import pytest
from tests.present.contrast import contrast

from flipsite.present.pages.page import lean

TEMPLATES = Path(__file__).parents[2] / "templates"
CSS = (TEMPLATES / "static" / "flipsite.css").read_text(encoding="utf-8")
TOKENS = {
    name: (light, dark)
    for name, light, dark in re.findall(r"--([a-z-]+): light-dark\((#[0-9a-f]{6}), (#[0-9a-f]{6})\);", CSS)
}
WORDS = [
    *((word, ground) for word in ("ink", "muted") for ground in ("page", "surface", "sunk", "band")),
    *(
        (word, ground)
        for word in ("biased", "undecided", "fair", "heads", "tails")
        for ground in ("page", "surface")
    ),
    *((word, "sunk") for word in ("biased", "undecided", "fair")),
    ("page", "ink"),
    ("page", "biased"),
]
"""Words and their grounds: 4.5:1 by WCAG 2.2, 1.4.3."""

MARKS = [
    *((mark, ground) for mark in ("control", "edge", "focus") for ground in ("page", "surface")),
    ("focus", "sunk"),
]
"""Contrast of the parts of a control or a picture: 3:1 by 1.4.11."""


@pytest.mark.parametrize("side", [0, 1], ids=["light", "dark"])
@pytest.mark.parametrize(("word", "ground"), WORDS)
def test_words_can_be_read(word: str, ground: str, side: int) -> None:
    assert contrast(TOKENS[word][side], TOKENS[ground][side]) >= 4.5


@pytest.mark.parametrize("side", [0, 1], ids=["light", "dark"])
@pytest.mark.parametrize(("mark", "ground"), MARKS)
def test_marks_can_be_seen(mark: str, ground: str, side: int) -> None:
    assert contrast(TOKENS[mark][side], TOKENS[ground][side]) >= 3


@pytest.mark.parametrize("side", [0, 1], ids=["light", "dark"])
def test_words_on_gold_can_be_read(side: int) -> None:
    """The first button of a page is a coin."""
    (on_gold,) = re.findall(r"--on-gold: (#[0-9a-f]{6});", CSS)
    assert contrast(on_gold, TOKENS["gold"][side]) >= 4.5


def test_colours_stand_in_the_tokens_alone() -> None:
    """Black, white and their shades for shadows and paper are no colours."""
    _, _, rules = CSS.partition("@layer base {")
    assert set(re.findall(r"#[0-9a-f]{3,8}\b", rules)) <= {"#fff"}


def test_every_token_that_is_used_is_set() -> None:
    used = set(re.findall(r"var\(--([a-z0-9-]+)", CSS))
    set_here = set(re.findall(r"--([a-z0-9-]+):", CSS))
    assert used - set_here == {"turn"}  # which a script sets on each coin of the strip


def test_no_template_has_a_style_a_handler_or_a_script_of_its_own() -> None:
    """The pages' policy forbids them; a browser would drop them without a word."""
    for path in TEMPLATES.rglob("*.html"):
        text = path.read_text(encoding="utf-8")
        assert not re.search(r"<style|\sstyle=|\son[a-z]+=", text), path
        for script in re.findall(r"<script\b[^>]*>", text):
            assert "src=" in script or 'type="application/json"' in script, path


def test_nothing_is_fetched_from_elsewhere() -> None:
    for path in (TEMPLATES / "static").iterdir():
        if path.suffix == ".png":
            continue
        text = path.read_text(encoding="utf-8")
        assert not re.search(r"@import|url\(|\bimport\(|\bfetch\(", text), path.name
        assert set(re.findall(r"https?://[^\s\"']+", text)) <= {"http://www.w3.org/2000/svg"}, path.name


def test_a_style_sheet_is_published_without_what_only_its_author_reads() -> None:
    """Comments and spare spaces go; every rule, string and space that means something stays, in its order."""
    published = lean(CSS.encode()).decode()
    assert "/*" not in published
    assert re.sub(r"\s", "", published) == re.sub(r"\s", "", re.sub(r"/\*.*?\*/", "", CSS, flags=re.DOTALL))
    assert len(published) < 0.87 * len(CSS)
    kept = b"""a :hover, b > c { content: "x: y; {z}, /*"; width: calc(1px + 2px) }"""
    assert lean(kept) == b"""a :hover,b > c{content:"x: y; {z}, /*";width:calc(1px + 2px)}"""
