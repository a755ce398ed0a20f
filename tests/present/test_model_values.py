"""A narrative's numbers of one model, beside its draws."""

from pathlib import Path

import pytest
from pyarrow import parquet

from flipsite.analyse.report import StudyReport
from flipsite.present.pages.narrative_values import model_values
from flipsite.workflows.load import load_report

STUDIES = Path(__file__).parents[2] / "content" / "studies"


@pytest.fixture(scope="module")
def report() -> StudyReport:
    return load_report(STUDIES / "controls")


@pytest.mark.parametrize("model", ["simulated/fair", "simulated/first-named", "simulated/biased-0.9"])
def test_a_models_numbers_are_those_of_its_draws(report: StudyReport, model: str) -> None:
    rows = parquet.read_table(STUDIES / "controls" / "draws.parquet").to_pylist()
    drawn = [row for row in rows if row["model"] == model]
    valid = [row for row in drawn if row["outcome"] is not None]
    values = model_values(report, model)
    assert values["draws"] == str(len(drawn))
    assert values["valid"] == str(len(valid))
    assert values["ones"] == str(sum(row["outcome"] for row in valid))
    assert values["first_named"] == str(sum(row["outcome"] == row["order"] for row in valid))


def test_what_a_model_follows_is_told(report: StudyReport) -> None:
    assert model_values(report, "simulated/first-named")["follows"] == "the order of the labels"
    assert model_values(report, "simulated/fair")["follows"] == "neither"


def test_the_commonest_of_several_draws_in_one_answer() -> None:
    report = load_report(STUDIES / "control-dozens")
    values = model_values(report, "simulated/two-scripts")
    assert values["distinct_answers"] == "2"
    assert len(values["commonest_answer"].split(", ")) == 12
    assert 2 * int(values["commonest_times"]) >= int(values["valid_answers"])
