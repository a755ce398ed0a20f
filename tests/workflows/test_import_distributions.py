"""Draws from more than two outcomes, and several draws in one answer, from other people's files."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner

from flipsite.cli.main import cli
from flipsite.domain.draws import STATUSES, Draws
from flipsite.errors import UsageError
from flipsite.project import find_project, study_folder
from flipsite.settings import load_study
from flipsite.store.imports.columns import parse_options, parse_target
from flipsite.store.snapshot.read import read_draws
from flipsite.workflows.import_export import import_draws

SHARED = Path(__file__).parents[3] / "shared" / "data"
RANGES, TEN = SHARED / "maurin-jones/ranges.csv", SHARED / "failure-to-mix/fig3_d10_flips.csv"
real = pytest.mark.skipif(not RANGES.exists(), reason="the data of others are not beside this checkout")


def imported(
    folder: Path,
    content: str | Path,
    *columns: str,
    target: object = None,
    where: tuple[str, ...] = (),
    **options: Any,
) -> Draws:
    path = content if isinstance(content, Path) else folder / "a.csv"
    if isinstance(content, str):
        path.write_text(content)
    project = find_project(folder)
    import_draws(project, "s", path, options=parse_options(columns, where, None, **options), target=target)
    return read_draws(study_folder(find_project(folder), "s") / "draws.parquet")


def test_a_range_of_numbers(tmp_path: Path) -> None:
    """An outcome is the place of its number; `3.0` is 3; what lies outside is no outcome."""
    draws = imported(tmp_path, "model,outcome\na,1\na,6\na,3.0\na,7\n", outcomes="1..6")
    assert draws.outcome.tolist() == [0, 5, 2, -1]
    prompt = load_study(study_folder(find_project(tmp_path), "s")).prompt
    assert (prompt.form, prompt.outcomes[-1], prompt.shares) == ("range", "6", (1 / 6,) * 6)


def test_labels_or_their_indices_with_shares(tmp_path: Path) -> None:
    """Where no cell names a label, numbers are indices; the target goes into the description."""
    text = "model,outcome\na,Red\na,blue\na,2\na,green\n"
    target = parse_target("0.5,0.3,0.2")
    draws = imported(tmp_path, text, outcomes="red,green,blue", target=target)
    assert draws.outcome.tolist() == [0, 2, 2, 1]
    prompt = load_study(study_folder(find_project(tmp_path), "s")).prompt
    assert (prompt.form, prompt.shares) == ("list", (0.5, 0.3, 0.2))


def test_answers_name_one_of_many_labels(tmp_path: Path) -> None:
    """By the reader of collected answers."""
    draws = imported(
        tmp_path, "model,response\na,Output: blue\na,Output: red or green\n", outcomes="red,green,blue"
    )
    assert draws.outcome.tolist() == [2, -1]


@pytest.mark.parametrize(
    ("outcomes", "target", "message"),
    [
        ("5..5", None, "--outcomes 5..5: expected 2 to 1,000"),
        ("a,A", None, "two labels are the same"),
        ("a", None, "expected labels, as in --outcomes red,green,blue"),
        ("a,b,c", "0.5,0.5", "--target: expected 3 shares"),
        ("a,b,c", "0.5,0.3,0.3", "--target: the shares sum to 1.1"),
        ("a,b,c", "half", "--target 'half': expected uniform"),
    ],
)
def test_outcomes_and_targets_that_do_not_fit(
    tmp_path: Path, outcomes: str, target: str | None, message: str
) -> None:
    """One sentence, and nothing is written."""

    def attempt() -> None:
        shares = None if target is None else parse_target(target)
        imported(tmp_path, "model,outcome\na,b\n", outcomes=outcomes, target=shares)

    with pytest.raises(UsageError, match=message):
        attempt()
    assert not (tmp_path / "content").exists()


@pytest.mark.parametrize(
    ("header", "cells"),
    [
        ("model,sequence", ["0 1 1", "1 0", "x 1", ""]),
        ("model,sequence", ["011", "10", "2", ""]),
        ("model,sequence", ['"[0, 1, true]"'.replace("true", "1"), '"1,0"', "[", ""]),
        ("model,s_1,s_2,s_3", ["0,1,1", "1,0,", "1,,0", ",,"]),
    ],
)
def test_several_draws_in_one_answer(tmp_path: Path, header: str, cells: list[str]) -> None:
    """In one cell or in several; a gap or a word that is no label leaves the answer without draws."""
    text = f"{header}\n" + "".join(f"a,{cell}\n" for cell in cells)
    columns = ["sequence=s_1..s_3"] if "s_1" in header else []
    draws = imported(tmp_path, text, *columns)
    assert draws.sequence == ["0 1 1", "1 0", None, None]
    assert draws.outcome.tolist() == [-1] * 4
    assert [STATUSES[code].value for code in draws.status] == ["valid", "valid", "unparsed", "unparsed"]
    assert load_study(study_folder(find_project(tmp_path), "s")).sampling.per_answer in {2, 3}


@pytest.mark.parametrize("form", ["csv", "jsonl", "parquet"])
def test_sequences_of_many_outcomes_come_back_through_an_export(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, form: str
) -> None:
    """The same bytes: labels, indices, and answers without draws."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.csv").write_text("model,sequence\nb,3 1 2\na,1 1\na,9\n")
    run = CliRunner().invoke
    assert run(cli, ["import", "a.csv", "--study", "one", "--outcomes", "1..3"]).exit_code == 0
    out = run(cli, ["export", "one", "--format", form, "-o", f"out.{form}"])
    assert out.exit_code == 0
    assert run(cli, ["import", f"out.{form}", "--study", "two"]).exit_code == 0
    lines = [
        run(cli, ["export", name, "--format", "jsonl"]).stdout.replace(f'"{name}"', "")
        for name in ("one", "two")
    ]
    assert lines[0] == lines[1]
    assert [json.loads(line)["sequence"] for line in lines[0].replace('"study":,', "").splitlines()] == [
        "0 0",
        None,
        "2 0 1",
    ]


@real
def test_whole_numbers_that_models_drew(tmp_path: Path) -> None:
    """Maurin-Jones 2024: 200 draws from 0 to 10 a model; the generators' draws are no whole numbers."""
    columns = ["model=generation_method", "outcome=response"]
    draws = imported(tmp_path, RANGES, *columns, where=("range_max=10",), outcomes="0..10")
    assert np.diff(draws.starts).tolist() == [200] * 5
    assert int((draws.outcome < 0).sum()) == 400
    rows = draws.rows(draws.models.index("chatgpt-4o-latest"))
    assert np.bincount(draws.outcome[rows]).tolist() == [6, 14, 20, 28, 26, 16, 15, 28, 19, 22, 6]


@real
def test_ten_flips_in_one_answer(tmp_path: Path) -> None:
    """Yang & Zhang 2025: an answer is a row of digits, each in a column of its own."""
    columns = ["sequence=digit_1..digit_10", "response=raw_text"]
    draws = imported(tmp_path, TEN, *columns, where=("p=45",))
    assert draws.sequence is not None
    assert len(draws) == 2_000
    assert {text.count(" ") + 1 for text in draws.sequence if text} == {10}
    assert sum(text is None for text in draws.sequence) == 0


@pytest.mark.parametrize("form", ["csv", "jsonl", "parquet"])
def test_a_flat_export_has_a_row_a_draw(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, form: str) -> None:
    """With its place; what belongs to the whole answer stands in its first row alone."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.csv").write_text(
        "model,sequence,cost_usd,response\nb,1 0,0.5,one nil\na,1 1 1,0.25,x\na,9,1,\n"
    )
    run = CliRunner().invoke
    assert run(cli, ["import", "a.csv", "--study", "s"]).exit_code == 0
    assert run(cli, ["export", "s", "--format", form, "--flat", "-o", "out"]).exit_code == 0
    if form == "csv":
        rows = pd.read_csv("out")
    else:
        rows = pd.read_parquet("out") if form == "parquet" else pd.read_json("out", lines=True)
    assert "sequence" not in rows.columns
    assert list(rows.columns[:4]) == ["study", "model", "draw", "place"]
    found = rows[["model", "draw", "place", "outcome", "cost_usd", "response"]].astype(object)
    assert found.where(found.notna(), None).values.tolist() == [
        ["a", 0, 0, 1, 0.25, "x"],
        ["a", 0, 1, 1, None, None],
        ["a", 0, 2, 1, None, None],
        ["a", 1, None, None, 1, None],
        ["b", 0, 0, 1, 0.5, "one nil"],
        ["b", 0, 1, 0, None, None],
    ]
