"""Answers of several draws as readers see them: strips, places, commonest answers, table and scatter."""

import re
from pathlib import Path

import numpy as np
import pytest

from flipsite.analyse.report import StudyReport, report_draws
from flipsite.present.charts.registry import study_drawings
from flipsite.present.embeds.registry import table_embeds
from flipsite.present.leaderboard.board import board
from flipsite.present.leaderboard.page import finding
from flipsite.present.pages.narrative_values import study_values
from flipsite.present.pages.study import study_files
from flipsite.present.sequences.view import AnswerStrip, answer_strip, sequences_view
from flipsite.settings import load_study
from flipsite.store.snapshot.read import read_draws

CONTROLS = Path(__file__).parents[2] / "content" / "studies" / "control-dozens"


@pytest.fixture(scope="module")
def report() -> StudyReport:
    return report_draws(load_study(CONTROLS), read_draws(CONTROLS / "draws.parquet"))


def marks(strip: AnswerStrip) -> set[tuple[int, int, float]]:
    """Row, place and opacity of each mark of a strip."""
    return {
        (int(row), place, opacity)
        for opacity, path in strip.shades
        for start, row, length in re.findall(r"M(\d+) (\d+)\.5h(\d+)", path)
        for place in range(int(start), int(start) + int(length))
    }


def test_a_strip_has_a_mark_for_each_draw_that_is_not_the_first_outcome() -> None:
    """Of two outcomes one shade, of six the darker the later in the list."""
    answers = np.random.default_rng(1).integers(0, 2, (7, 12))
    assert marks(answer_strip(answers, 2)) == {(r, p, 1.0) for r, p in zip(*np.nonzero(answers), strict=True)}
    six = np.arange(6)[None]
    assert {(p, opacity) for _, p, opacity in marks(answer_strip(six, 6))} == {
        (p, round(p / 5, 2)) for p in range(1, 6)
    }


def test_long_and_many_answers_are_cut() -> None:
    """A page stays small whatever was asked."""
    strip = answer_strip(np.ones((3, 1_000), np.int64), 2)
    assert (strip.width, strip.height) == (100, 3)


def test_the_page_of_two_scripts_lists_both(report: StudyReport) -> None:
    """Their counts are all of its answers, and the patterns are named."""
    assert report.sequences
    model = "simulated/two-scripts"
    found, answers = report.sequences.sequences[model], report.sequences.answers[model]
    view = sequences_view(report.study.prompt, found, answers)
    assert [script.count for script in view.scripts] == [30, 20]
    assert "scripts" in [name for name, _ in view.patterns]
    assert view.profile
    assert view.profile.dots.count("M") == 12


def test_the_leaderboard_says_who_is_patterned(report: StudyReport) -> None:
    """Under the verdict; the columns are those of answers."""
    made = board(report)
    flags = {row.estimate.model.partition("/")[2]: row.flag for row in made.rows}
    assert flags["rationer"] == "patterned"
    assert flags["independent"] == ""
    tied = {row.estimate.model.partition("/")[2] for row in made.rows if row.tied}
    assert tied == {"independent", "independent-structured", "wrong-length"}
    assert "3 cannot be distinguished from a perfect sampler; 5 give answers" in str(finding(report, made))
    keys = [heading.key for heading in made.columns]
    assert {"alternation", "dispersion_own", "distinct_answers"} <= set(keys)


def test_the_embed_and_the_download_have_a_record_a_model(report: StudyReport) -> None:
    """`sequences` as a table with its scatter; `sequences.json` with the design's keys."""
    table = table_embeds(report)["sequences"].table
    assert len(table.rows) == len(report.estimates)
    figure = study_drawings(report)["sequences"]()
    assert len(figure.records) == len(report.estimates)
    text = study_files(report)["control-dozens/data/sequences.json"]
    assert isinstance(text, bytes)
    assert text.decode().count('"length_kept"') == len(report.estimates)


def test_a_story_has_the_numbers_of_answers(report: StudyReport) -> None:
    """All computed."""
    values = study_values(report)
    assert (values["per_answer"], values["patterned"], values["fewest_answers"]) == ("12", "5", "2")
