"""Files without numbers that may hold draws of the study again: counted once, or refused until it is said."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from click.testing import Result
from tests.command_line import run

from flipsite.store.snapshot.read import read_draws


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def log(outcomes: Sequence[int], *, model: str = "a/b") -> str:
    return "".join(f"{model},{outcome}\n" for outcome in outcomes)


def imported(*rows: str, options: Sequence[str] = (), name: str = "log.csv") -> Result:
    Path(name).write_text("model,outcome\n" + "".join(rows))
    return run("import", name, "--study", "s", *options)


def stored() -> list[int]:
    return [int(outcome) for outcome in read_draws(Path("content/studies/s/draws.parquet")).outcome]


def tosses(n: int, seed: int) -> list[int]:
    return [int(toss) for toss in np.random.default_rng(seed).integers(0, 2, n)]


@pytest.mark.parametrize(
    ("first", "second"),
    [
        pytest.param([0, 1, 1], [0, 1, 1, 0], id="few"),
        pytest.param([1] * 30, [1] * 40, id="one outcome only"),
    ],
)
def test_draws_that_may_be_the_same_are_refused_until_it_is_said(first: list[int], second: list[int]) -> None:
    """Either answer is an option away; nothing is written before."""
    imported(log(first))
    refused = imported(log(second))
    assert refused.exit_code == 2
    assert "its draws begin as those of study 's' do" in refused.output
    assert stored() == first
    assert imported(log(second), options=["--replace"]).exit_code == 0
    assert stored() == second
    assert imported(log([*second, 1]), options=["--append"]).exit_code == 0
    assert stored() == [*second, *second, 1]


def test_fewer_draws_than_the_study_has_are_no_log_that_has_grown() -> None:
    imported(log([1, 1, 1]))
    result = imported(log([1, 1]), name="more.csv")
    assert "The draws of 1 model were numbered after those that the study has." in result.output
    assert stored() == [1, 1, 1, 1, 1]


def test_a_long_log_that_has_grown_counts_once_and_says_so() -> None:
    flips = tosses(40, 1)
    imported(log(flips[:25]))
    result = imported(log(flips))
    assert "15 valid, 25 already in the study" in result.output
    assert "They begin as the study's do, so that these count once; --append would count them all." in (
        result.output
    )
    assert "41 valid" in imported(log([*flips, 1]), name="copy.csv", options=["--append"]).output
    assert stored() == [*flips, *flips, 1]


def test_a_second_log_that_has_grown_is_refused() -> None:
    """The study ends with its first draws, which other logs do not begin with."""
    first, second = tosses(30, 2), tosses(40, 3)
    imported(log(first))
    assert imported(log(second[:30]), name="second.csv").exit_code == 0
    refused = imported(log(second), name="second.csv")
    assert refused.exit_code == 2
    assert "begins with 30 draws that the study 's' has already" in refused.output
    assert stored() == [*first, *second[:30]]


def test_the_models_of_a_log_are_judged_together() -> None:
    """Five draws of each of ten models are never alike by chance; one more model is new."""
    flips = {f"a/{n}": tosses(8, n) for n in range(10)}
    imported(*(log(row[:5], model=model) for model, row in flips.items()))
    result = imported(*(log(row, model=model) for model, row in flips.items()), log([1, 0], model="b/new"))
    assert "32 valid, 50 already in the study" in result.output


def test_other_draws_are_numbered_after_those_of_the_study() -> None:
    imported(log(tosses(30, 4)))
    result = imported(log(tosses(30, 5)))
    assert "The draws of 1 model were numbered after those that the study has." in result.output
    assert len(stored()) == 60


def test_files_of_one_import_may_begin_alike() -> None:
    """Of two runs in one folder neither is the other, grown."""
    for name, flips in (("one", [1, 1]), ("two", [1, 1, 0])):
        Path("logs", name).mkdir(parents=True)
        Path("logs", name, "log.csv").write_text("model,outcome\n" + log(flips))
    assert run("import", "logs", "--study", "s").exit_code == 0
    assert stored() == [1, 1, 1, 1, 0]


def test_numbers_of_another_machine_are_appended() -> None:
    """Two machines number from 0: a conflict until --append says that they are others."""
    rows = ["a/b,0,1\n", "a/b,1,0\n"]
    Path("one.csv").write_text("model,draw,outcome\n" + "".join(rows))
    Path("two.csv").write_text("model,draw,outcome\na/b,0,0\na/b,1,0\n")
    run("import", "one.csv", "--study", "s")
    assert "--append numbers them after the study's" in run("import", "two.csv", "--study", "s").output
    result = run("import", "two.csv", "--study", "s", "--append")
    assert "The draws of 1 model were numbered after those that the study has." in result.output
    assert stored() == [1, 0, 0, 0]
    assert run("import", "two.csv", "--study", "s", "--append", "--replace").exit_code == 2
