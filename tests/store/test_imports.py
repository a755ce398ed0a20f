"""Somebody's file into a study: every row kept or told, nothing twice, nothing half."""

import gzip
import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from flipsite.domain.draws import STATUSES, Draws, Status
from flipsite.domain.study import Kind
from flipsite.errors import StoreError, UsageError
from flipsite.settings import default_study, dump_study, load_study
from flipsite.store.imports.columns import ImportOptions, parse_options
from flipsite.store.imports.importer import ImportReport, import_file
from flipsite.store.imports.placement import RepeatPolicy
from flipsite.store.snapshot.read import read_draws, read_notes


@pytest.fixture
def study(tmp_path: Path) -> Path:
    """The folder of a study that does not exist yet."""
    return tmp_path / "content" / "studies" / "coins"


def add(
    folder: Path,
    content: str,
    *columns: str,
    where: tuple[str, ...] = (),
    labels: str | None = None,
    name: str = "a.csv",
    outcomes: str | None = None,
    rounds: bool = False,
) -> ImportReport:
    path = folder.parents[2] / name
    path.write_text(content, encoding="utf-8")
    options = parse_options(columns, where, labels, outcomes=outcomes, rounds=rounds)
    return import_file(path, folder=folder, options=options)


def draws_of(folder: Path) -> Draws:
    return read_draws(folder / "draws.parquet")


def files(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_model_and_outcome_suffice(study: Path) -> None:
    """Missing columns are missing; draws are numbered by model in their order."""
    report = add(study, "model,outcome\nc/d,0\na/b,1\nc/d,1\n")
    draws = draws_of(study)
    assert draws.models == ("a/b", "c/d")
    assert draws.draw.tolist() == [0, 0, 1]
    assert draws.outcome.tolist() == [1, 0, 1]
    assert {*draws.labels, *draws.response, *draws.asked_at} == {None}
    assert draws.order.tolist() == [-1] * 3
    assert np.isnan(draws.cost_usd).all()
    assert report.by_status == {Status.VALID: 3}
    assert (report.n_rows, report.models, report.problems) == (3, ("a/b", "c/d"), ())


def test_every_column_is_taken(study: Path) -> None:
    """Ours by their own name, others by --column; times go to UTC."""
    add(
        study,
        "who,outcome,labels,order,status,said,provider,prompt_tokens,cost_usd,latency_s,asked_at,draw\n"
        'a/b,1,"[""x"", ""y""]",1,valid,Y!,Chutes,12.0,1e-5,0.25,2025-09-08 14:00:00+02:00,7\n',
        "model=who",
        "response=said",
    )
    draws = draws_of(study)
    assert (draws.labels, draws.order.tolist(), draws.draw.tolist()) == (['["x","y"]'], [1], [7])
    assert (draws.response, draws.provider) == (["Y!"], ["Chutes"])
    assert (draws.prompt_tokens[0], draws.cost_usd[0], draws.latency_s[0]) == (12.0, 1e-5, 0.25)
    assert draws.asked_at == ["2025-09-08T12:00:00Z"]


def test_rows_without_outcome_are_kept_and_told(study: Path) -> None:
    """Blank and unreadable outcomes are unparsed draws; the first ten are shown with their true lines."""
    blank = 'a/b,,"two\nlines"\n' * 9
    report = add(study, f"model,outcome,response\na/b,1,x\n{blank}a/b,maybe,z\na/b,0,y\na/b,2,\n")
    assert report.by_status == {Status.VALID: 2, Status.UNPARSED: 11}
    assert report.n_problems == 11
    assert [problem.line for problem in report.problems] == [3, 5, 7, 9, 11, 13, 15, 17, 19, 21]
    assert report.problems[0].text == "has no outcome"
    assert report.problems[9].text == "has the outcome 'maybe'"
    draws = draws_of(study)
    assert draws.response[1] == "two\nlines"
    assert draws.outcome.tolist() == [1] + [-1] * 10 + [0, -1]


def test_a_status_that_is_none_is_told(study: Path) -> None:
    """Its draw counts by its outcome, as if it had no status, whether the outcome or the answer is read."""
    text = "model,outcome,status\na,1,rate limited\na,0,Completed\na,1,NaN\na,1,200\na,0,timed out\n"
    report = add(study, text)
    assert report.by_status == {Status.VALID: 5}
    assert report.n_problems == 2
    assert [(problem.line, problem.text) for problem in report.problems] == [
        (2, "status 'rate limited' is none of valid, unparsed, refused, truncated, empty, error"),
        (6, "status 'timed out' is none of valid, unparsed, refused, truncated, empty, error"),
    ]
    assert list(report.reasons.values()) == [2]


def test_a_status_of_ours_is_believed(study: Path) -> None:
    """A refused draw has no outcome; a word that is none of ours says nothing."""
    report = add(study, "model,outcome,status\na,1,success\na,,Refused\na,1,truncated\na,,valid\na,0,valid\n")
    expected = [Status.VALID, Status.REFUSED, Status.TRUNCATED, Status.UNPARSED, Status.VALID]
    draws = draws_of(study)
    assert [STATUSES[code] for code in draws.status] == expected
    assert draws.outcome.tolist() == [1, -1, -1, -1, 0]
    assert [problem.line for problem in report.problems] == [5]


def test_where_compares_texts_and_numbers(study: Path) -> None:
    """p=50 is 50.0 too; all conditions must hold."""
    text = "model,outcome,p,kind\na,1,50,x\na,1,50.0,x\na,1,5e1,y\na,1,49,x\na,1,,x\n"
    report = add(study, text, where=("p=50", "kind=x"))
    assert (report.n_rows, report.n_filtered, len(draws_of(study))) == (5, 3, 2)


def test_rows_without_a_model_are_told(study: Path) -> None:
    """Nobody can own them."""
    report = add(study, "model,outcome\na,1\n ,0\nNA,0\nnull,1\n")
    assert (report.n_lost, len(draws_of(study))) == (3, 1)
    assert (report.problems[0].line, report.problems[0].text) == (3, "names no model")


def test_cells_that_cannot_be_read_are_missing_and_told(study: Path) -> None:
    """A draw counts though its number of tokens is nonsense."""
    text = (
        "model,outcome,order,labels,prompt_tokens,cost_usd,asked_at\n"
        "a,1,2,x|y,1.5,n/a,null\n"
        "a,0,,[1],-1,NaN,-\n"
        "a,1,1,,9" + "9" * 5_000 + ",,\n"
    )
    report = add(study, text)
    draws = draws_of(study)
    assert report.by_status == {Status.VALID: 3}
    assert report.n_problems == 6
    assert "order '2' is neither 0 nor 1" in {problem.text for problem in report.problems}
    assert (draws.order.tolist(), draws.labels) == ([-1, -1, 1], [None] * 3)
    assert np.isnan(draws.prompt_tokens).all()


@pytest.mark.parametrize(
    ("ours", "cell", "message"),
    [
        ("cost_usd", "0,0012", r"line 2: cost_usd '0,0012' is no number \(2 such cells\); --decimal , reads"),
        ("latency_s", "1.2 s", r"line 2: .* write plain numbers, or leave it out with --column latency_s="),
        ("cost_usd", "inf", "is no number"),
        ("asked_at", "10/31/2026", r"no ISO 8601 time .* write times as 2026-10-31T14:15:00Z, or leave"),
    ],
)
def test_money_and_times_that_cannot_be_read_are_an_error(
    study: Path, ours: str, cell: str, message: str
) -> None:
    """Half a column of costs would look like little spending; nothing is written."""
    with pytest.raises(UsageError, match=message):
        add(study, f'model,outcome,{ours}\na,1,"{cell}"\na,0,\na,1,"{cell}"\n')
    assert not study.exists()


def test_decimal_commas_and_other_times(study: Path) -> None:
    """With --decimal a comma is the mark; in dotted dates the day comes first; Unix seconds are a time."""
    text = (
        "model;outcome;cost_usd;latency_s;asked_at\n"
        "a;1;0,0012;1.234,5;31.10.2026 14:15\na;0;1,5e-3;1.25;1.10.2026\na;0;;;1760000000\n"
    )
    path = study.parents[2] / "a.csv"
    path.write_text(text)
    import_file(path, folder=study, options=parse_options([], [], None, decimal=","))
    draws = draws_of(study)
    assert draws.cost_usd.tolist()[:2] == [0.0012, 0.0015]
    assert draws.latency_s.tolist()[:2] == [1234.5, 1.25]
    assert draws.asked_at == ["2026-10-31T14:15:00Z", "2026-10-01T00:00:00Z", "2025-10-09T08:53:20Z"]


@pytest.mark.parametrize(
    ("cells", "remedy"),
    [
        ("1 2", "--labels 1,2 reads '1' as outcome 0 and '2' as outcome 1"),
        ("1 -1", "--labels -1,1 reads '-1' as outcome 0"),
        ("Yes No", "--labels No,Yes reads 'No' as outcome 0"),
        ("1 tails heads 0", "--labels tails,heads reads 'tails' as outcome 0 .*, and 0 and 1 as they are"),
        ("0 1 2", r"the column holds '0', '1', '2'; --outcomes 0,1,2 reads them all, --labels 0,1 two"),
        ("True False maybe", "the column holds .*'maybe'; .* --labels False,True"),
    ],
)
def test_another_coding_is_refused_with_the_option_that_reads_it(
    study: Path, cells: str, remedy: str
) -> None:
    """Half a column read would look like a coin; what the sentence names then reads it."""
    text = "model,outcome\n" + "".join(f"a,{cell}\n" for cell in cells.split() * 10)
    with pytest.raises(UsageError, match=remedy) as caught:
        add(study, text)
    assert not study.exists()
    labels = str(caught.value).split("--labels ")[1].split()[0]
    report = add(study, text, labels=labels)
    assert report.by_status[Status.VALID] == 10 * min(len(cells.split()), 4 if "heads" in cells else 2)


def test_a_few_odd_outcomes_are_no_other_coding(study: Path) -> None:
    """What is not there, a word for a failure, and one in a hundred are draws without an outcome."""
    text = "model,outcome\n" + "a,1\n" * 99 + "a,2\n" + "a,NaN\n" * 20 + "a,refused\n" * 20
    assert add(study, text).by_status == {Status.VALID: 99, Status.UNPARSED: 41}


def test_headers_that_differ_in_case_are_taken_and_said(study: Path) -> None:
    """Of CSV and of JSON lines, in --column and --where too."""
    report = add(study, "Model,OUTCOME,P\na,1,5\nb,1,6\n", where=("p=5",))
    assert report.models == ("a",)
    assert report.notes[0] == "The column 'Model' was taken as 'model'."
    assert len(report.notes) == 3
    lines = '{"Model": "c", "Answer": 0}\n'
    assert add(study, lines, "outcome=answer", name="b.jsonl").models == ("c",)


def test_numbers_of_draws_are_kept_or_given(study: Path, tmp_path: Path) -> None:
    """The file's own where each row has one of its own, else the order of the file."""
    add(study, "model,outcome,draw\na,1,5\na,0,3\n")
    assert draws_of(study).draw.tolist() == [3, 5]
    other = study.with_name("other")
    add(other, "model,outcome,draw\na,1,5\na,0,5\n")
    assert draws_of(other).draw.tolist() == [0, 1]


def test_the_same_file_twice_changes_nothing(study: Path) -> None:
    """Not a byte of the study, under whatever name the file comes."""
    text = "model,outcome\na/b,1\n"
    add(study, text)
    before = files(study)
    again = add(study, text)
    assert (again.already, files(study)) == (True, before)
    assert add(study, text, name="renamed.csv").already
    assert files(study) == before


def test_the_same_file_with_other_options_is_refused(study: Path) -> None:
    """Its rows would be counted twice."""
    text = "model,outcome,answer\na/b,1,0\n"
    add(study, text)
    before = files(study)
    with pytest.raises(
        UsageError, match=r"before with other options; --replace .* remove .*draws\.parquet .*--study"
    ):
        add(study, text, "outcome=answer")
    assert files(study) == before


def test_another_file_is_added(study: Path) -> None:
    """Its draws follow, a model's own numbers stay where they are free, and old draws stay as they were."""
    add(study, "model,outcome\na,1\nb,0\n")
    add(study, "model,outcome\na,0\nc,1\n", name="b.csv")
    draws = draws_of(study)
    assert (draws.models, draws.draw.tolist(), draws.outcome.tolist()) == (
        ("a", "b", "c"),
        [0, 1, 0, 0],
        [1, 0, 0, 1],
    )
    add(study, "model,outcome,draw\na,1,9\nb,1,7\n", name="c.csv")
    assert draws_of(study).draw.tolist() == [0, 1, 9, 0, 7, 0]
    assert add(study, "model,outcome\na,1\nb,0\n").already


NUMBERED = "model,draw,outcome\n" + "".join(f"a,{n},{n % 2}\n" for n in range(6))


def test_a_log_that_has_grown_adds_only_its_new_draws(study: Path) -> None:
    """Draws that the study has are not counted twice; another file of the same draws changes nothing."""
    add(study, NUMBERED)
    report = add(study, NUMBERED + "a,6,1\nb,0,1\n", name="b.csv")
    assert (report.n_there, report.by_status) == (6, {Status.VALID: 2})
    before = files(study)
    report = add(study, NUMBERED + "\n", name="c.csv")
    assert (report.n_there, report.by_status, files(study)) == (6, {}, before)
    assert len(draws_of(study)) == 8


def test_another_content_of_a_draw_is_refused_unless_it_is_to_replace_it(study: Path) -> None:
    """A log that was corrected takes the place of the first one where the user says so."""
    add(study, NUMBERED)
    before = files(study)
    fixed = NUMBERED.replace("a,3,1", "a,3,0")
    with pytest.raises(
        UsageError, match=r"has draw 3 of a with other content \(1 such draw\); --replace puts"
    ):
        add(study, fixed, name="b.csv")
    assert files(study) == before
    path = study.parents[2] / "b.csv"
    report = import_file(
        path, folder=study, options=parse_options([], [], None), repeats=RepeatPolicy(replace=True)
    )
    assert (report.n_there, report.n_replaced, report.by_status) == (5, 1, {Status.VALID: 1})
    assert draws_of(study).outcome.tolist() == [0, 1, 0, 0, 0, 1]


def test_a_log_without_numbers_that_has_grown_is_known_by_its_beginning(study: Path) -> None:
    """By whole rows; a few bare outcomes may be alike by chance, so that such a file is refused."""
    head = "model,outcome,asked_at\n"
    rows = [f"{'ab'[n % 2]},{n % 3 // 2},2026-01-01T00:00:0{n}Z\n" for n in range(8)]
    add(study, head + "".join(rows[:5]))
    report = add(study, head + "".join(rows), name="b.csv")
    assert (report.n_there, report.by_status) == (5, {Status.VALID: 3})
    assert draws_of(study).draw.tolist() == [0, 1, 2, 3] * 2
    bits = [f"a,{n * n % 7 % 2}\n" for n in range(1, 26)]
    for n_rows, is_known in ((12, False), (24, True)):
        other = study.with_name(f"n{n_rows}")
        add(other, "model,outcome\n" + "".join(bits[:n_rows]))
        if is_known:
            assert add(other, "model,outcome\n" + "".join(bits), name="b.csv").n_there == n_rows
        else:
            with pytest.raises(UsageError, match="its draws begin as those of study 'n12' do"):
                add(other, "model,outcome\n" + "".join(bits), name="b.csv")


def test_a_file_that_repeats_a_draw_counts_it_once(study: Path) -> None:
    """With the same content; with another one the rows are numbered anew, and that is said."""
    report = add(study, NUMBERED + NUMBERED.partition("\n")[2])
    assert (report.n_repeated, report.by_status) == (6, {Status.VALID: 6})
    other = study.with_name("other")
    report = add(other, NUMBERED + "a,2,1\na,x,1\n".replace("a,x,1\n", ""))
    assert (report.n_repeated, report.by_status) == (0, {Status.VALID: 7})
    assert report.notes == (
        "The file has draw 2 of a twice, with other content; draws were numbered in the order of the rows.",
    )


def test_a_dry_run_writes_nothing(study: Path) -> None:
    """It shows the first ten draws as they would be stored, and counts what cannot be read by its kind."""
    path = study.parents[2] / "a.csv"
    path.write_text("model,outcome\n" + "a,1\n" * 12 + "a,x\na,y\na,\n,1\n")
    report = import_file(path, folder=study, options=parse_options([], [], None), dry_run=True)
    assert not study.exists()
    assert (len(report.preview), report.preview[9]["draw"], report.preview[0]["status"]) == (10, 9, "valid")
    assert report.reasons == {"has the outcome": 2, "has no outcome": 1, "names no model": 1}


def test_the_record_of_files_says_what_each_brought(study: Path) -> None:
    """Beside its name and digest."""
    add(study, NUMBERED)
    add(study, NUMBERED + "b,0,1\n", name="b.csv")
    records = json.loads(read_notes(study / "draws.parquet")["flipsite_imports"])
    assert [record["brought"] for record in records] == [{"draws": 6, "models": 1}, {"draws": 1, "models": 1}]


def test_a_study_is_described_as_far_as_its_draws_tell(study: Path) -> None:
    """Kind, pair, orders, first day; the prompt is unknown."""
    text = (
        "model,outcome,v,v2,asked_at\n"
        "a,dog,cat,dog,2025-09-09T01:00:00Z\n"
        "a,dog,dog,cat,2025-09-08T01:00:00Z\n"
    )
    add(study, text, "labels=v,v2")
    read = load_study(study)
    assert (read.kind, read.title, read.source, read.started) == (
        Kind.MEASURED,
        "Coins",
        "a.csv",
        "2025-09-08",
    )
    assert (read.prompt.template, read.prompt.outcomes, read.prompt.labels) == (
        "unknown",
        ("cat", "dog"),
        "fixed",
    )
    assert (read.prompt.orders, read.sampling.draws) == ("both", 2)


def test_a_description_that_is_there_stays(study: Path) -> None:
    """What a person wrote is theirs."""
    study.mkdir(parents=True)
    (study / "study.toml").write_text(dump_study(replace(default_study("coins"), title="Mine")))
    before = (study / "study.toml").read_bytes()
    add(study, "model,outcome\na,1\n")
    assert (study / "study.toml").read_bytes() == before


@pytest.mark.parametrize("kind", [Kind.PUBLISHED, Kind.SIMULATED])
def test_no_real_draw_goes_into_a_study_of_another_kind(study: Path, kind: Kind) -> None:
    """No simulated figure beside a real one."""
    study.mkdir(parents=True)
    (study / "study.toml").write_text(dump_study(replace(default_study("coins"), kind=kind)))
    with pytest.raises(UsageError, match=f"a {kind} study takes no imported draws"):
        add(study, "model,outcome\na,1\n")
    assert not (study / "draws.parquet").exists()


def test_a_kill_between_the_files_is_mended_by_the_next_run(study: Path) -> None:
    """The snapshot comes first; its description is written by the second run as by the first."""
    text = "model,outcome\na,1\n"
    add(study, text)
    before = files(study)
    (study / "study.toml").unlink()
    assert add(study, text).already
    assert files(study) == before


def test_a_description_that_was_lost_is_made_again_of_all_parts(study: Path) -> None:
    """And tells the most draws of any model that all parts hold."""
    first, second = "model,outcome\na,1\na,0\n", "model,outcome\na,0\nb,0\n"
    add(study, first)
    add(study, second, name="more.csv")
    before = (study / "study.toml").read_text()
    (study / "draws/part=000").mkdir(parents=True)
    (study / "draws.parquet").rename(study / "draws/part=000/draws.parquet")
    (study / "study.toml").unlink()
    assert add(study, first).already
    assert (study / "study.toml").read_text() == before.replace("draws = 2", "draws = 3")


UNREADABLE = [
    ("model,outcome\n", "no rows; export the file anew"),
    ("model,outcome\na,\nb,x\n", r"not one of 2 rows could be read \(line 2 has no outcome\); name"),
    ("model,outcome\n,1\n", r"not one of 1 rows could be read \(line 2 names no model\)"),
    ("model,answer\na,1\n", "no column 'outcome'; it has 'model', 'answer'; name it with --column outcome=…"),
    ("model,outcom\na,1\n", "no column 'outcome'; did you mean 'outcom'"),
    ("model,Outcome,OUTCOME\na,1,1\n", "no column 'outcome'"),
    ("model,outcome,outcome\na,1,0\n", "the column 'outcome' is there twice; rename"),
]


@pytest.mark.parametrize(("content", "message"), UNREADABLE)
def test_what_cannot_be_imported_writes_nothing(study: Path, content: str, message: str) -> None:
    """One sentence with the remedy, and no trace of a study."""
    with pytest.raises(UsageError, match=message) as caught:
        add(study, content)
    assert "\n" not in str(caught.value)
    assert not study.exists()


WRONG = [
    (("outcome=answr",), (), None, "no column 'answr'; did you mean 'answer'"),
    (("labels=v,w",), (), None, "no column 'v'"),
    ((), ("q=1",), None, "no column 'q'"),
    ((), ("model=b",), None, "no row of 1 fits --where; check the values"),
    (("outcome",), (), None, "--column 'outcome': expected OURS=THEIRS"),
    (("outcom=x",), (), None, "no column of ours; did you mean 'outcome'"),
    (("labels=a,b,c",), (), None, "expected one column or two"),
    (("outcome=",), (), None, "no column 'response'"),
    (("outcome=", "response="), (), None, "outcome and response cannot both be left out"),
    (("model=",), (), None, "model cannot be left out"),
    ((), ("p",), None, "--where 'p': expected COL=VALUE"),
    ((), (), "heads", "expected two different labels"),
    ((), (), "x,x", "expected two different labels"),
    (("labels=v,w",), (), "a,b", "both name the labels"),
]


@pytest.mark.parametrize(("columns", "where", "labels", "message"), WRONG)
def test_options_that_do_not_fit_write_nothing(
    study: Path, columns: tuple[str, ...], where: tuple[str, ...], labels: str | None, message: str
) -> None:
    """Each wrong option is told with what would be right."""
    with pytest.raises(UsageError, match=message):
        add(study, "model,outcome,answer\na,1,1\n", *columns, where=where, labels=labels)
    assert not study.exists()


def test_a_column_is_switched_off(study: Path) -> None:
    """`--column order=` leaves a column of that name alone."""
    report = add(study, "model,outcome,order\na,1,first\n", "order=")
    assert report.n_problems == 0


def test_labels_may_hold_commas(study: Path) -> None:
    """--labels reads as a line of CSV does."""
    add(study, 'model,outcome\na,"yes, sir"\na,No\n', labels='no,"yes, sir"')
    assert draws_of(study).outcome.tolist() == [1, 0]
    assert set(draws_of(study).labels) == {'["no","yes, sir"]'}


REALS = "model,outcome\na,2.0\na,-1.6\na,0.5\na,1.5\na,7.4\na,x\na,\n"


def test_real_numbers_are_no_outcomes_unless_they_are_rounded(study: Path) -> None:
    """Halves to the even number; what is no number, or rounds to none of the labels, stays unread."""
    plain = add(study, REALS, outcomes="-2..2")
    assert (draws_of(study).outcome.tolist(), plain.n_rounded) == ([4, -1, -1, -1, -1, -1, -1], 0)
    assert plain.reasons == {
        "has the outcome, a real number; --round takes the nearest whole one": 3,
        "has the outcome": 2,
        "has no outcome": 1,
    }
    other = study.with_name("rounded")
    report = add(other, REALS, outcomes="-2..2", rounds=True)
    assert draws_of(other).outcome.tolist() == [4, 0, 2, 4, -1, -1, -1]
    assert report.n_rounded == 4
    (record,) = json.loads(read_notes(other / "draws.parquet")["flipsite_imports"])
    assert record["round"] is True
    assert load_study(other).prompt.form == "range"


@pytest.mark.parametrize("outcomes", [None, "red,green", "0.5,1.5"])
def test_only_whole_numbers_are_rounded_to(study: Path, outcomes: str | None) -> None:
    with pytest.raises(UsageError, match=r"--round: takes outcomes that are whole numbers; name them"):
        add(study, REALS, outcomes=outcomes, rounds=True)


def test_json_lines_and_gzip(study: Path) -> None:
    """Types are as JSON has them; an object is kept as its JSON."""
    rows = [
        {"model": "a", "outcome": True, "response": {"x": 1}},
        {"model": "a", "outcome": 0, "labels": ["x", "y"]},
    ]
    path = study.parents[2] / "a.jsonl.gz"
    path.write_bytes(gzip.compress("\n".join(map(json.dumps, rows)).encode()))
    import_file(path, folder=study, options=parse_options([], [], None))
    draws = draws_of(study)
    assert (draws.outcome.tolist(), draws.response, draws.labels) == (
        [1, 0],
        ['{"x": 1}', None],
        [None, '["x","y"]'],
    )


def test_a_damaged_snapshot_is_not_overwritten(study: Path) -> None:
    """The draws that are there may be worth money."""
    add(study, "model,outcome\na,1\n")
    (study / "draws.parquet").write_bytes(b"PAR1")
    with pytest.raises(StoreError, match="cannot be read as a snapshot"):
        add(study, "model,outcome\na,0\n", name="b.csv")
    assert (study / "draws.parquet").read_bytes() == b"PAR1"


@pytest.mark.parametrize("delay_s", [0.0, 0.15, 0.3, 0.45, 0.6])
def test_a_killed_import_is_whole_or_absent(study: Path, delay_s: float) -> None:
    """Whenever it dies, the next run ends where an undisturbed one would."""
    text = "model,outcome,response\n" + "".join(f"m{i % 50},{i % 2},text {i}\n" for i in range(20_000))
    undisturbed = study.parents[2] / "undisturbed" / "content" / "studies" / "coins"
    (study.parents[2] / "undisturbed").mkdir()
    path = study.parents[2] / "a.csv"
    path.write_text(text)
    code = (
        "import sys, pathlib; from flipsite.store.imports.importer import ImportOptions, import_file;"
        "file, folder = map(pathlib.Path, sys.argv[1:]);"
        "import_file(file, folder=folder, options=ImportOptions())"
    )
    process = subprocess.Popen([sys.executable, "-c", code, str(path), str(study)], env=dict(os.environ))
    try:
        process.wait(timeout=delay_s)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    add(study, text)
    add(undisturbed, text)
    for name in ("draws.parquet", "study.toml"):
        assert (study / name).read_bytes() == (undisturbed / name).read_bytes()


@pytest.mark.parametrize("form", ["csv", "jsonl", "csv.gz"])
def test_progress_counts_bytes_rows_and_draws(study: Path, form: str) -> None:
    """Each phase from its beginning on, and none beyond its end."""
    path = study.parents[2] / f"a.{form}"
    rows = [f"m{number % 7},{number % 2}" for number in range(70_000)]
    text = "\n".join(["model,outcome", *rows])
    if form == "jsonl":
        text = "".join(f'{{"model": "m", "outcome": {row[-1]}}}\n' for row in rows)
    path.write_bytes(gzip.compress(text.encode()) if form == "csv.gz" else text.encode())
    seen = list[tuple[str, int, int]]()
    import_file(path, folder=study, options=ImportOptions(), progress=lambda *step: seen.append(step))
    assert list(dict.fromkeys(noun for noun, _, _ in seen)) == ["megabyte", "row", "draw", "stored draw"]
    assert all(0 <= n_done <= n_all for _, n_done, n_all in seen)
    assert {n_all for noun, _, n_all in seen if noun != "megabyte"} == {70_000}
