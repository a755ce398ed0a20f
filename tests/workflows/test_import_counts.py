"""Tables of counts in place of draws: what a paper prints becomes a study with estimates and pages."""

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from tests.command_line import run

from flipsite.analyse.report import StudyReport
from flipsite.domain.estimates import Verdict
from flipsite.domain.study import Kind
from flipsite.errors import SettingsError
from flipsite.settings import load_counts, load_study
from flipsite.workflows.load import load_report

COINS = "model,heads,n\nme/alpha,27,50\nme/beta,49,50\n"


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def counted(content: str, *options: str, study: str = "paper", name: str = "t.csv") -> Result:
    Path(name).write_text(content, encoding="utf-8")
    return run("import", name, "--study", study, "--counts", *options)


def report(study: str = "paper") -> StudyReport:
    return load_report(Path("content/studies") / study)


def counts(study: str = "paper") -> dict[str, tuple[int, ...]]:
    return {tally.model: tally.by_outcome for tally in report(study).tallies}


def test_counts_of_heads_have_the_estimates_of_draws(here: Path) -> None:
    """27 heads of 50 estimate what 50 draws would; tails are outcome 0."""
    result = counted(COINS)
    assert result.exit_code == 0, result.output
    assert "2 models from t.csv into study 'paper': 100 draws; tails: 24, heads: 76." in result.output
    alpha, beta = report().estimates
    assert (alpha.ones, alpha.valid, alpha.draws, alpha.mean) == (27, 50, 50, 0.54)
    assert (alpha.verdict, beta.verdict) == (Verdict.UNDECIDED, Verdict.BIASED)
    assert report().sources["me/beta"] == "t.csv, line 3"


@pytest.mark.parametrize(
    ("content", "options"),
    [
        ("model,label,n\na/b,heads,27\na/b,tails,23\n", ()),
        ("model\tTails\tHeads\na/b\t23\t27\n", ()),
        ("model;tails;n\na/b;23;50\n", ()),
        ("model,tails,heads,draws,paper\na/b,23,27,50,Some 2025\n", ()),
        ('[{"model": "a/b", "heads": 27, "tails": 23}]', ()),
        ('{"table": [{"model": "a/b", "heads": 27, "n": 50.0}]}', ()),
        ("name,side,n\na/b,heads,27\na/b,tails,23\n", ("--column", "model=name")),
        ("who,n\nheads,27\ntails,23\n", ("--model", "a/b", "--column", "outcome=who")),
        ("model,t,heads,n\na/b,0,1,50\na/b,1,27,50\n", ("--where", "t=1")),
        ("model,heads,n\na/b,27,50\n", ("--labels", "tails,heads")),
        ("model;heads;n\na/b;27,0;50,0\n", ("--decimal", ",")),
    ],
)
def test_every_form_of_table_says_the_same(here: Path, content: str, options: tuple[str, ...]) -> None:
    """Long or wide, with a total or with both sides, in any dialect."""
    result = counted(content, *options)
    assert result.exit_code == 0, result.output
    assert counts() == {"a/b": (23, 27)}
    assert report().study.prompt.outcomes == ("tails", "heads")


def test_ones_and_zeros_are_the_labels_0_and_1(here: Path) -> None:
    counted("model,ones,n\na/b,3,10\n")
    assert (counts(), report().study.prompt.outcomes) == ({"a/b": (7, 3)}, ("0", "1"))


def test_counts_of_many_outcomes(here: Path) -> None:
    """A column a face; what the total has beyond them had no outcome."""
    result = counted(
        "model,1,2,3,4,5,6,n\nx/a,20,25,5,10,10,10,85\nx/b,0,0,50,0,0,0,50\n", "--target", "uniform"
    )
    assert "without an outcome: 5." in result.output
    (first, second), found = report().estimates, report()
    assert (first.outcomes, first.valid, first.draws, first.top) == (6, 80, 85, "2")
    assert second.bias == pytest.approx(5 / 6)
    assert second.dependence is None
    assert found.outcomes["x/a"].n_missing == 5


def test_the_order_of_draws_that_nobody_knows_is_not_tested(here: Path) -> None:
    """Neither runs nor repeats, days, providers and stops are made up."""
    counted(COINS)
    found = report()
    assert not found.stops
    assert all(test is None for each in found.evidence.values() for test in each.dependence_tests)
    counted("model,label,n\na/b,rock,20\na/b,paper,15\na/b,scissors,15\n", study="rps")
    tests = report("rps").outcomes["a/b"].dependence
    assert [type(test).__name__ for test in tests] == ["EvennessTest"]


def test_a_site_of_counts_says_what_it_lacks(here: Path) -> None:
    counted(COINS)
    built = run("build")
    assert built.exit_code == 0, built.output
    page = Path("site/paper/models/me/beta/index.html").read_text(encoding="utf-8")
    assert "Counts without draws" in page
    assert "t.csv, line 3" in page
    assert "is not known, so a preference for “heads”" in page
    assert "only their counts are known" in Path("site/paper/index.html").read_text(encoding="utf-8")
    assert not list(Path("site/paper").rglob("draws.*"))
    assert run("check").exit_code == 0
    record = json.loads(Path("site/paper/data/estimates.json").read_text(encoding="utf-8"))[1]
    assert (record["kind"], record["ones"], record["valid"]) == ("published", 49, 50)
    exported = run("export", "paper", "--format", "csv")
    assert exported.exit_code == 2
    assert "figures and no draws" in exported.output


def test_no_count_twice(here: Path) -> None:
    """Known models are reported; other counts of a model need --replace; further models are added."""
    counted(COINS)
    before = Path("content/studies/paper/published.toml").read_text(encoding="utf-8")
    assert "already; nothing changed" in counted(COINS).output
    other = counted(COINS.replace("27", "28"))
    assert other.exit_code == 2
    assert "other counts of me/alpha (1 such model); --replace" in other.output
    assert Path("content/studies/paper/published.toml").read_text(encoding="utf-8") == before
    added = counted(COINS + "me/gamma,20,50\n")
    assert "2 models had these counts before." in added.output
    assert Path("content/studies/paper/published.toml").read_text(encoding="utf-8").startswith(before)
    assert "The counts of 1 model were replaced." in counted(COINS.replace("27", "28"), "--replace").output
    assert counts() == {"me/alpha": (22, 28), "me/beta": (1, 49), "me/gamma": (30, 20)}


def test_the_sum_below_a_table_is_no_model(here: Path) -> None:
    """It is told and left out; a model of that name whose counts are no sum stays; blank rows are none."""
    result = counted(COINS + ",,\nTotal,76,100\n")
    assert "Left out: 'Total', the sum of the other rows." in result.output
    assert counts() == {"me/alpha": (23, 27), "me/beta": (1, 49)}
    counted(COINS + "Total,75,100\n", study="other")
    assert counts("other")["Total"] == (25, 75)


def test_a_dry_run_writes_nothing(here: Path) -> None:
    assert "Nothing was written." in counted(COINS, "--dry-run").output
    assert not Path("content").exists()


@pytest.mark.parametrize(
    ("content", "options", "told"),
    [
        ("model,heads,n\na/b,51,50\n", (), "line 2: the counts of a/b sum to 51, of 50 draws"),
        ("model,heads,n\na/b,x,50\n", (), "line 2: heads 'x' is no count; expected a whole number"),
        ("model,heads,n\na/b,27,half\n", (), "n 'half' is no count"),
        (
            "model,heads,n\na/b,27,50\na/b,1,2\n",
            (),
            "line 3: a/b is there twice; take one row",
        ),
        ("model,label,n\na/b,x,1\na/b,x,2\n", ("--labels", "x,y"), "line 3: a/b with 'x' is there twice"),
        ("model,label,n\na/b,x,1\na/b,z,2\n", ("--labels", "x,y"), "'z' is none of the labels 'x', 'y'"),
        ("model,label\na/b,x\n", (), "no column of counts, such as n, beside 'label'"),
        ("model,heads\na/b,27\n", (), "no column of counts of 'tails'"),
        ("model,red,year\na/b,27,2024\n", (), "the outcomes are not clear"),
        ("who,heads,n\na/b,27,50\n", (), "no column 'model'"),
        ("model,heads,n\nNA,27,50\n", (), "line 2: names no model"),
        ("model,heads,n\na/b,27,50\n", ("--where", "t=1"), "no column 't' for --where"),
        ("model,heads,n\n", (), "no row of counts"),
    ],
)
def test_a_table_that_contradicts_itself_is_refused(
    here: Path, content: str, options: tuple[str, ...], told: str
) -> None:
    result = counted(content, *options)
    assert result.exit_code == 2, result.output
    assert told in result.output
    assert not Path("content").exists()


def test_a_table_of_counts_is_told_from_draws(here: Path) -> None:
    Path("t.csv").write_text(COINS)
    result = run("import", "t.csv", "--study", "x")
    assert (result.exit_code, "--counts reads a table of counts" in result.output) == (2, True)


def test_draws_and_counts_do_not_mix(here: Path) -> None:
    Path("draws.csv").write_text("model,outcome\na/b,1\n")
    run("import", "draws.csv", "--study", "mine")
    result = counted(COINS, study="mine")
    assert (result.exit_code, "a measured study takes no counts" in result.output) == (2, True)
    counted(COINS)
    result = run("import", "draws.csv", "--study", "paper")
    assert (result.exit_code, "a published study takes no imported draws" in result.output) == (2, True)


STUDY = '[study]\nkind = "published"\n[prompt]\npair = ["tails", "heads"]\n'


def printed(folder: Path, text: str, study: str = STUDY) -> Path:
    (folder / "study.toml").write_text(study)
    (folder / "published.toml").write_text(text)
    return folder


def test_counts_written_by_hand(tmp_path: Path) -> None:
    """Ones and draws, or a count an outcome; draws beyond these had none."""
    folder = printed(
        tmp_path,
        '[[counts]]\nmodel = "a/b"\nones = 27\ndraws = 50\nsource = "Table 2, row 1"\n'
        '[[counts]]\nmodel = "c/d"\noutcomes = [10, 35]\ndraws = 50\n'
        '[[counts]]\nmodel = "e/f"\noutcomes = [0, 0]\n',
    )
    found = load_report(folder)
    assert [(e.model, e.ones, e.valid, e.draws) for e in found.estimates] == [
        ("a/b", 27, 50, 50),
        ("c/d", 35, 45, 50),
        ("e/f", 0, 0, 0),
    ]
    assert found.sources == {"a/b": "Table 2, row 1"}


@pytest.mark.parametrize(
    ("entry", "told"),
    [
        ({"model": "a/b"}, "expected either ones and draws, or outcomes"),
        ({"model": "a/b", "ones": 3}, "draws: missing"),
        ({"model": "a/b", "ones": 3, "draws": 2}, "draws: expected at least the sum of the counts"),
        ({"model": "a/b", "outcomes": [1, 2, 3]}, "outcomes: expected 2 counts, found 3"),
        ({"model": "a/b", "ones": -1, "draws": 2}, "expected how many draws were outcome 1"),
        ({"model": "a/b", "ones": 1, "draws": 2, "table": 3}, "unknown key"),
        ({"ones": 1, "draws": 2}, "counts.1.model: missing"),
    ],
)
def test_a_fault_of_printed_counts_is_one_sentence(tmp_path: Path, entry: dict[str, Any], told: str) -> None:
    lines = "".join(f"{key} = {json.dumps(value)}\n" for key, value in entry.items())
    folder = printed(tmp_path, f"[[counts]]\n{lines}")
    with pytest.raises(SettingsError) as caught:
        load_counts(folder, n_outcomes=2)
    assert told in str(caught.value)
    assert len(str(caught.value).splitlines()) == 1


def test_counts_of_a_model_stand_once_and_not_beside_figures(tmp_path: Path) -> None:
    entry = '[[counts]]\nmodel = "a/b"\nones = 1\ndraws = 2\n'
    with pytest.raises(SettingsError, match="'a/b' has counts twice"):
        load_counts(printed(tmp_path, entry * 2), n_outcomes=2)
    with pytest.raises(SettingsError, match="scale: unknown key"):
        load_counts(printed(tmp_path, f"{entry}[scale]\nmodels = 2\n"), n_outcomes=2)


def test_counts_of_rows_of_draws_are_refused(here: Path) -> None:
    counted(COINS)
    settings = Path("content/studies/paper/study.toml")
    text = settings.read_text(encoding="utf-8").replace('"unknown"', '"{count} flips"')
    settings.write_text(text.replace("per_answer = 1", "per_answer = 10"), encoding="utf-8")
    result = run("build")
    assert result.exit_code == 2
    assert "counts of answers with 10 draws each cannot be analysed" in result.output


def test_arms_of_a_published_study_are_asked_here(here: Path) -> None:
    """Where the prompt is known; the sibling is a study that can be collected."""
    counted(COINS)
    unknown = run("arms", "paper", "--temperature", "0.5")
    assert (unknown.exit_code, "its prompt is not known" in unknown.output) == (2, True)
    settings = Path("content/studies/paper/study.toml")
    known = settings.read_text(encoding="utf-8").replace('"unknown"', '"Flip. {first} or {second}?"')
    settings.write_text(known, encoding="utf-8")
    assert run("arms", "paper", "--temperature", "0.5").exit_code == 0
    assert load_study(Path("content/studies/paper-t0-5")).kind is Kind.MEASURED


def test_a_plan_goes_on_from_counts(here: Path) -> None:
    counted(COINS)
    result = run("plan", "paper")
    assert result.exit_code == 0
    assert "(2 models)" in result.output


def test_labels_0_and_1_are_outcomes_0_and_1(here: Path) -> None:
    """In whatever order they stand."""
    counted("model,outcome,n\nme/a,1,3\nme/a,0,4\n")
    assert counts() == {"me/a": (4, 3)}


def test_a_table_below_its_title(here: Path) -> None:
    assert counted("Table 2\nmodel,heads,n\nme/a,27,50\n").exit_code == 0
    assert counts() == {"me/a": (23, 27)}


def test_shares_are_no_counts(here: Path) -> None:
    """A model that always or never shows heads has a share that looks like a count."""
    result = counted("model,heads,n\nme/a,1.0,50\nme/b,0.0,50\n")
    assert "t.csv: line 2: 0.0 and 1.0 look like shares; write counts as whole numbers" in result.output


def test_more_draws_than_a_chart_can_hold_are_refused(here: Path) -> None:
    result = counted("model,heads,n\nme/a,5000000000,10000000000\n")
    told = "line 2: heads '5000000000' is no count; expected a whole number up to 10,000,000"
    assert (result.exit_code, told in result.output) == (2, True), result.output
