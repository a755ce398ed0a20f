"""The pictures of embedded tables: what they show, and what they are called."""

import re

import pytest
from tests.present.test_leaderboard_rows import drawn

from flipsite.analyse.report import StudyReport
from flipsite.present.charts.bits import MOST_ROWS, bits_a_draw
from flipsite.present.charts.registry import study_drawings
from flipsite.present.embeds.image import png_file, svg_file
from flipsite.present.embeds.registry import study_embeds, table_drawings
from flipsite.present.tables import TOP


@pytest.fixture(scope="module")
def few() -> StudyReport:
    return drawn({"a/fair": (16, 30), "a/heads": (30, 30), "b/tails": (1, 30)})


def test_a_chart_that_is_a_tables_picture_too_is_one_picture(few: StudyReport) -> None:
    """It shows all models, whatever the rows are, and is called what it shows."""
    figures = {name: draw() for name, draw in study_drawings(few).items()}
    pictures = {name: draw() for name, draw in table_drawings(few).items()}
    embeds = {embed.name: embed for embed in study_embeds(few, figures, pictures, base_url=None)}
    assert svg_file(embeds["leaderboard"]) == svg_file(embeds["bias-intervals"])
    assert png_file(embeds["leaderboard"]) == png_file(embeds["bias-intervals"])
    assert "the 3 least biased models" in svg_file(embeds["least-biased"])


def test_fair_bits_are_drawn_of_all_models_or_of_the_first(few: StudyReport) -> None:
    assert bits_a_draw(few).title == "All 3 models give bits that may be claimed"
    many = drawn({f"a/model-{number:02d}": (10 + number % 10, 30) for number in range(MOST_ROWS + 1)})
    figure = bits_a_draw(many)
    assert figure.title.endswith(f"; the first {TOP}")
    assert len(set(re.findall(r"<title>(a/model-\d\d): ", figure.svg))) == TOP
    assert len(figure.records) == MOST_ROWS + 1
