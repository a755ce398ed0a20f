"""Outcomes in another coding than 0 and 1, and labels of a study that is there: never read by half."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import pytest
from click.testing import Result
from tests.command_line import run

from flipsite.store.snapshot.read import read_draws


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def brought(cells: Sequence[str], *options: str, model: str = "a/b", study: str = "s") -> Result:
    Path("t.csv").write_text("model,outcome\n" + "".join(f'{model},"{cell}"\n' for cell in cells))
    return run("import", "t.csv", "--study", study, *options)


def outcomes(study: str = "s") -> dict[int, int]:
    return Counter(read_draws(Path("content/studies", study, "draws.parquet")).outcome.tolist())


@pytest.mark.parametrize(
    ("cells", "words"),
    [
        (["1", "-1"], "--labels -1,1 reads '-1' as outcome 0"),
        (["1.0", "2.0"], "--labels 1.0,2.0 reads"),
        (["T", "F"], "--labels F,T reads"),
        (
            ["T", "true", "F", "false"],
            "--labels F,T reads 'F' as outcome 0 and 'T' as outcome 1, and 0 and 1 as",
        ),
        (["heads"], "name both labels, as in --labels"),
        (list("123456"), "'2', '3' or another value, neither 0 nor 1; --outcomes 1..6 reads all"),
        (list("0123456789"), "--outcomes 0..9 reads all whole numbers"),
        ([str(n) for n in range(1, 101)], "--outcomes 1..100 reads all whole numbers"),
        (["rock", "paper", "scissors"], "--outcomes rock,paper,scissors reads them all"),
        (["0,0", "1,0"], "--decimal , reads decimal commas"),
        (["0", "1", "2"], "--outcomes 0,1,2 reads them all, --labels 0,1 two of them alone"),
    ],
    ids=range(11),
)
def test_another_coding_is_refused_with_the_option_that_reads_it(cells: list[str], words: str) -> None:
    result = brought(cells * 5)
    assert (result.exit_code, words in result.output) == (2, True), result.output
    assert not Path("content").exists()


def test_what_the_sentence_says_reads_the_column() -> None:
    """A die, a wheel and a word: the option of the message, as it stands."""
    for name, cells, option in (
        ("die", list("123456"), ("--outcomes", "1..6")),
        ("word", ["heads", "0"], ("--labels", "tails,heads")),
        ("two", ["-1", "+1", "01"], ("--labels=-1,1",)),
    ):
        assert brought(cells * 5, *option, study=name).exit_code == 0
        assert -1 not in outcomes(name)


def test_a_few_odd_cells_are_told_and_no_coding() -> None:
    """A third value in 3 of 100 rows is unparsed, and said."""
    result = brought(["0", "1"] * 48 + ["edge"] * 3)
    assert "96 valid, 3 unparsed" in result.output
    assert "line 98 has the outcome 'edge'" in result.output


@pytest.mark.parametrize(
    ("cells", "labels"), [(["01", "02"], "1,2"), (["+1", "-1"], "1,-1"), (["2.0", "1"], "2,1")]
)
def test_labels_that_are_numbers_are_read_as_numbers(cells: list[str], labels: str) -> None:
    """However they are written: `01` is 1, and never outcome 1 by its digit."""
    assert brought(cells * 5, f"--labels={labels}").exit_code == 0
    assert outcomes() == {0: 5, 1: 5}


def test_a_later_file_has_the_labels_of_its_study() -> None:
    """Words of a coin, faces of a die: no option is needed the second time; other labels are refused."""
    assert brought(["heads", "tails"], "--labels", "tails,heads").exit_code == 0
    assert brought(["heads"], model="c/d").exit_code == 0
    assert outcomes() == {1: 2, 0: 1}
    told = brought(["heads"], "--labels", "heads,tails", model="e/f").output
    assert "the labels of study 's' are tails, heads, and not heads, tails; leave --labels out" in told
    assert brought(list("123"), "--outcomes", "1..6", study="die").exit_code == 0
    assert brought(list("456"), model="c/d", study="die").exit_code == 0
    assert outcomes("die") == dict.fromkeys(range(6), 1)


@pytest.mark.parametrize("target", ["60", "-0.6,1.6", "0.2,0.3,0.5"])
def test_a_target_that_does_not_fit_leaves_nothing(target: str) -> None:
    result = brought(["0", "1"], f"--target={target}")
    assert (result.exit_code, Path("content").exists()) == (2, False), result.output


def numbered(n: int, outcome: int | None = None) -> str:
    rows = (f"a/b,{draw},{draw % 2 if outcome is None else outcome}\n" for draw in range(n))
    return "model,draw,outcome\n" + "".join(rows)


def test_one_draw_was_replaced() -> None:
    """Verb and noun agree."""
    Path("a.csv").write_text(numbered(3))
    Path("b.csv").write_text(numbered(1, outcome=1))
    run("import", "a.csv", "--study", "s")
    assert "1 draw of the study was replaced." in run("import", "b.csv", "--study", "s", "--replace").output
