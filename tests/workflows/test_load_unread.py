"""Unparsed answers of a snapshot: outcomes that were not offered, or more than one side."""

from pathlib import Path

import pytest

from flipsite.domain.draws import Draw, Outcome, Rejected, Result, Status
from flipsite.store.snapshot.assemble import collect_draws
from flipsite.store.snapshot.parquet import write_draws
from flipsite.workflows.load import load_report

UNPARSED = Rejected(status=Status.UNPARSED, reason="as it was read")
ECHO = "Explanations: a fair coin.\nOutput: 0\nOutput: 1"


def draw(number: int, response: str, result: Result = UNPARSED, labels: tuple[str, ...] = ("0", "1")) -> Draw:
    return Draw(model="a/b", draw=number, labels=labels, order=0, result=result, response=response)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "content" / "studies" / "coins"
    folder.mkdir(parents=True)
    (folder / "study.toml").write_text("[study]\n", encoding="utf-8")
    return folder


def test_a_study_knows_what_the_last_statement_would_have_given(folder: Path) -> None:
    """An echo of the format is no draw; its last line would have made a fair coin a biased one."""
    rows = [draw(number, f"Output: {number % 2}", Outcome(index=number % 2)) for number in range(4)]
    rows += [draw(4 + number, ECHO) for number in range(3)]
    rows += [draw(7, "Output: 1\nOutput: 0 or 1"), draw(8, "Output: heads")]
    write_draws(folder / "draws.parquet", collect_draws(rows), study="coins")
    report = load_report(folder)
    (found,) = report.contradictory
    assert (found.model, found.n_draws, found.n_answers, found.n_last) == ("a/b", 9, 4, 3)
    assert (found.mean, found.bias) == (0.5, 0.0)
    assert (found.mean_last, found.bias_last) == pytest.approx((5 / 7, 5 / 7 - 0.5))
    assert report.estimates[0].off_list == pytest.approx(1 / 9)
    assert report.estimates[0].valid == 4


def test_a_model_that_only_contradicts_itself_has_no_share_to_compare_with(folder: Path) -> None:
    write_draws(folder / "draws.parquet", collect_draws([draw(0, ECHO)]), study="coins")
    (found,) = load_report(folder).contradictory
    assert (found.mean, found.bias, found.mean_last, found.bias_last) == (None, None, 1.0, 0.5)


def test_of_many_outcomes_the_bias_alone_is_compared(folder: Path) -> None:
    (folder / "study.toml").write_text(
        '[study]\n[prompt]\ntemplate = "One of {options}."\noutcomes = ["red", "blue", "green"]\n'
        'target = "uniform"\norders = "one"\n',
        encoding="utf-8",
    )
    labels = ("red", "blue", "green")
    rows = [draw(n, f"Output: {label}", Outcome(index=n), labels) for n, label in enumerate(labels)]
    rows.append(draw(3, "Output: red\nOutput: green", labels=labels))
    write_draws(folder / "draws.parquet", collect_draws(rows), study="coins")
    (found,) = load_report(folder).contradictory
    assert (found.n_last, found.mean, found.mean_last) == (1, None, None)
    assert (found.bias, found.bias_last) == pytest.approx((0, 1 / 6))


def test_a_rejected_proposal_is_no_outcome_of_the_last_statement(folder: Path) -> None:
    """An answer to a proposal states T or F, which are not the coin's labels and not off its list."""
    (folder / "study.toml").write_text('[study]\n[method]\nkind = "rejection"\n', encoding="utf-8")
    rows = [draw(0, "Output: T\nOutput: F"), draw(1, "Output: F\nOutput: T"), draw(2, "Output: maybe")]
    write_draws(folder / "draws.parquet", collect_draws(rows), study="coins")
    report = load_report(folder)
    (found,) = report.contradictory
    assert (found.n_answers, found.n_last) == (2, 1)
    assert report.estimates[0].off_list == pytest.approx(1 / 3)


def test_rows_of_draws_are_counted_without_a_last_one(folder: Path) -> None:
    (folder / "study.toml").write_text(
        '[study]\n[prompt]\ntemplate = "{count} draws from {first} and {second}."\n'
        "[sampling]\nper_answer = 3\n",
        encoding="utf-8",
    )
    write_draws(
        folder / "draws.parquet", collect_draws([draw(0, "Output: 0, 1, 1\nOutput: 1, 1, 1")]), study="coins"
    )
    (found,) = load_report(folder).contradictory
    assert (found.n_answers, found.n_last) == (1, 0)
