"""Whole numbers that others asked models for, and two generators beside them (Maurin-Jones, 2024).

The generators drew real numbers, which are rounded here.
"""

import csv
from collections import defaultdict
from dataclasses import replace
from pathlib import Path

import pytest
from tests.analyse.fixture_types import StudyOf
from tests.sampled import rows_of

from flipsite.analyse.report import StudyReport, report_draws
from flipsite.domain.estimates import Verdict
from flipsite.domain.study import Prompt, Study
from flipsite.store.snapshot.assemble import collect_draws

RANGES = Path(__file__).parents[3] / "shared" / "data" / "maurin-jones" / "ranges.csv"

pytestmark = pytest.mark.skipif(not RANGES.exists(), reason="the data stand beside the repository, if at all")


def report_of(study: Study, high: int) -> StudyReport:
    labels = tuple(map(str, range(high + 1)))
    drawn: dict[str, list[int]] = defaultdict(list)
    with RANGES.open(newline="", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            if row["range_max"] == str(high):
                drawn[row["generation_method"]].append(round(float(row["response"])))
    prompt = Prompt(
        template="{low} {high}", outcomes=labels, shares=(1 / len(labels),) * len(labels), form="range"
    )
    return report_draws(replace(study, prompt=prompt), collect_draws(rows_of(drawn, labels)))


def test_two_generators_are_not_called_biased(study_of: StudyOf) -> None:
    """0 to 10, 200 draws: both generators stay undecided, every model is biased."""
    report = report_of(study_of(), 10)
    verdicts = {record.model: record.verdict for record in report.estimates}
    generators = {"python-random", "python-numpy"}
    assert {model for model, verdict in verdicts.items() if verdict is Verdict.UNDECIDED} == generators
    assert {model for model, verdict in verdicts.items() if verdict is Verdict.BIASED} == {
        "chatgpt-4o-latest",
        "gpt-4o-2024-08-06",
        "gpt-4o-mini-2024-07-18",
    }


def test_published_counts_give_their_total_variation(study_of: StudyOf) -> None:
    """chatgpt-4o-latest: .1695 against a floor of .0892, chi-square 33.09, whose limit gives p 2.63e-4."""
    report = report_of(study_of(), 10)
    records = {record.model: record for record in report.estimates}
    chat = records["chatgpt-4o-latest"]
    assert chat.bias == pytest.approx(0.1695, abs=5e-5)
    assert chat.noise_floor == pytest.approx(0.0892, abs=5e-5)
    assert chat.p_value == pytest.approx(2.63e-4, rel=0.2)
    assert report.outcomes["chatgpt-4o-latest"].statistic == pytest.approx(33.09, abs=0.005)
    mini = records["gpt-4o-mini-2024-07-18"]
    assert (mini.top, mini.top_share) == ("7", 164 / 200)
    assert mini.bias == pytest.approx(0.7532, abs=1e-3)


@pytest.mark.slow
def test_a_hundred_numbers_have_a_high_floor(study_of: StudyOf) -> None:
    """0 to 100, 200 draws: .3652 against .272, chi-square 156.5; the generator stays undecided."""
    report = report_of(study_of(), 100)
    records = {record.model: record for record in report.estimates}
    chat = records["chatgpt-4o-latest"]
    assert (chat.bias, chat.noise_floor) == pytest.approx((0.3652, 0.272), abs=1e-3)
    assert report.outcomes["chatgpt-4o-latest"].statistic == pytest.approx(156.5, abs=0.05)
    assert records["python-random"].verdict is Verdict.UNDECIDED
