"""Bias over time: only studies that asked alike on other days, coins apart from models."""

from collections.abc import Callable
from dataclasses import replace

import pytest
from tests.present.conftest import Counts
from tests.present.pictures import roots, words

from flipsite.analyse.report import StudyReport
from flipsite.domain.estimates import Estimate
from flipsite.domain.study import Kind, Study
from flipsite.present.charts.compare import history_drawings
from flipsite.present.charts.figure import NARROW_PX

Estimated = Callable[[Counts], tuple[Estimate, ...]]


@pytest.fixture
def asked(estimated: Estimated, study: Study) -> Callable[..., StudyReport]:
    """A study of two models that began at a date."""

    def asked_on(date: str, ones: int, **changes: object) -> StudyReport:
        dated = replace(study, id=f"on-{date or 'some-day'}", started=date or None, **changes)  # type: ignore[arg-type]
        counts = [("lab/moves", ones, 50), ("lab/stays", 25, 50)]
        return StudyReport(study=dated, estimates=estimated(counts))

    return asked_on


def test_two_dates_make_lines_with_names(asked: Callable[..., StudyReport]) -> None:
    drawings = history_drawings([asked("2026-02-01", 50), asked("2025-03-01", 25), asked("2025-09-01", 30)])
    figure = drawings["history"]()
    assert figure.title == "lab/moves changed most: from a bias of 0.000 to 0.500"
    assert [record["began"] for record in figure.records[:3]] == ["2025-03-01", "2025-09-01", "2026-02-01"]
    datasets = figure.spec["datasets"]
    assert isinstance(datasets, dict)
    edges = next(rows for rows in datasets.values() if rows and "at2" in rows[0])
    assert len(edges) == 4
    for root in roots(figure):
        assert "moves" in words(root)


def test_every_mark_of_a_history_has_a_name_on_a_phone_too(asked: Callable[..., StudyReport]) -> None:
    """The title of each mark says the model, the day and the bias; the axis has its title and its years."""
    figure = history_drawings([asked("2026-02-01", 50), asked("2025-03-01", 25)])["history"]()
    wide, narrow = roots(figure)
    assert narrow.get("width") == str(NARROW_PX)
    for root in (wide, narrow):
        titles = [title.text or "" for title in root.iter("title")]
        for model in ("lab/moves", "lab/stays"):
            assert sum(title.startswith(f"{model}: ") for title in titles) >= 2
        assert "Bias" in words(root)
        assert any(word.startswith("2026") for word in words(root))


def test_within_one_year_the_axis_shows_months(asked: Callable[..., StudyReport]) -> None:
    figure = history_drawings([asked("2026-02-01", 50), asked("2026-10-20", 25)])["history"]()
    assert {"2026-02", "2026-10"} <= set(words(roots(figure)[0]))


def test_without_two_dates_of_one_question_there_is_no_picture(asked: Callable[..., StudyReport]) -> None:
    """One date, unknown dates, another temperature, and coins do not make a history."""
    first = asked("2025-03-01", 25)
    hot = replace(first.study.sampling, temperature=1.5)
    assert not history_drawings([])
    assert not history_drawings([first])
    assert not history_drawings([first, asked("", 30)])
    assert not history_drawings([first, asked("2025-03-01", 30)])
    assert not history_drawings([first, asked("2026-03-01", 30, sampling=hot)])
    coins = [asked(date, 25, kind=Kind.SIMULATED) for date in ("2025-03-01", "2026-03-01")]
    assert not history_drawings(coins)
