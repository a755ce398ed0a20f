"""Colours are seen in both themes, and the style sheet says the same as the charts."""

import re
from collections.abc import Mapping
from pathlib import Path

import altair as alt
import pytest
from tests.present.contrast import contrast

from flipsite.domain.estimates import Verdict
from flipsite.present.charts import theme

STYLES = Path(__file__).parents[2] / "templates" / "static" / "flipsite.css"
GROUNDS: tuple[theme.Token, ...] = ("page", "surface", "band")
MARKS: tuple[theme.Token, ...] = ("edge", "heads", "tails", "missing", "biased", "fair", "undecided")
TEXTS: tuple[theme.Token, ...] = ("ink", "muted")
BOTH = pytest.mark.parametrize("colours", [theme.LIGHT, theme.DARK], ids=["light", "dark"])


def test_contrast_is_measured_as_wcag_does() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.478, abs=0.001)


@BOTH
def test_marks_are_seen_against_every_ground(colours: Mapping[theme.Token, str]) -> None:
    """What carries a meaning has at least 3:1 against page, surface and band."""
    for mark in MARKS:
        for ground in GROUNDS:
            assert contrast(colours[mark], colours[ground]) >= 3, (mark, ground)


@BOTH
def test_words_are_read_against_every_ground(colours: Mapping[theme.Token, str]) -> None:
    for text in TEXTS:
        for ground in GROUNDS:
            assert contrast(colours[text], colours[ground]) >= 4.5, (text, ground)


@BOTH
def test_the_band_is_seen_at_its_edge_and_does_not_shout(colours: Mapping[theme.Token, str]) -> None:
    assert contrast(colours["edge"], colours["page"]) >= 3
    assert 1.1 < contrast(colours["band"], colours["page"]) < 1.6


def test_the_style_sheet_has_the_charts_colours() -> None:
    """flipsite.css sets every colour of theme.py, the light and the dark one."""
    tokens = re.findall(
        r"--([a-z]+): light-dark\((#[0-9a-f]{6}), (#[0-9a-f]{6})\);", STYLES.read_text(encoding="utf-8")
    )
    for side, colours in ((1, theme.LIGHT), (2, theme.DARK)):
        assert {token[0]: token[side] for token in tokens if token[0] in colours} == dict(colours)


def test_verdicts_differ_in_shape_or_filling_without_their_colours() -> None:
    marks = {
        (shape, "page" if filling == "page" else "full") for shape, _, filling in theme.VERDICT_MARKS.values()
    }
    assert len(marks) == len(theme.VERDICT_MARKS) == len(Verdict)


def test_painted_text_names_no_custom_property() -> None:
    text = " ".join(theme.ink(token) for token in theme.DARK)
    assert theme.painted(text, theme.DARK).split() == list(theme.DARK.values())


def test_the_configuration_is_valid_vega_lite() -> None:
    assert alt.Config.from_dict(theme.config()).to_dict()["background"] == "transparent"
