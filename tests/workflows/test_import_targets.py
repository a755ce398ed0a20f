"""A family of studies that differ only in target, from one file, and the curve of asked against drawn."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from flipsite.analyse.cross_study.comparisons import families
from flipsite.domain.draws import Status
from flipsite.errors import UsageError
from flipsite.present.pages.cross_study import family_pages
from flipsite.project import SNAPSHOT, find_project, snapshot_files, study_folder, study_ids
from flipsite.settings import load_study
from flipsite.store.counting.aggregate import read_tallies
from flipsite.store.imports import csv
from flipsite.store.imports.columns import parse_options
from flipsite.store.imports.rows import targets_of
from flipsite.store.imports.sheet import read_sheet
from flipsite.store.snapshot.read import read_draws
from flipsite.workflows.build import build
from flipsite.workflows.import_export import import_targets
from flipsite.workflows.load import load_report

FIG1 = Path(__file__).parents[3] / "shared" / "data" / "failure-to-mix" / "fig1_single_flip.csv"


def imported(folder: Path, rows: str) -> list[str]:
    (folder / "draws.csv").write_text("model,p,outcome\n" + rows)
    project = find_project(folder)
    import_targets(project, "s", folder / "draws.csv", options=parse_options([], [], None), column="p")
    return list(study_ids(find_project(folder)))


def test_each_target_becomes_a_study_named_by_its_per_cent(tmp_path: Path) -> None:
    assert imported(tmp_path, "a/b,0,0\na/b,5,0\na/b,49.5,1\na/b,100,1\n") == [
        "s-p000",
        "s-p005",
        "s-p049-5",
        "s-p100",
    ]


def test_shares_are_read_where_none_is_above_one(tmp_path: Path) -> None:
    assert imported(tmp_path, "a/b,0.25,0\na/b,1,1\n") == ["s-p025", "s-p100"]


def test_a_target_that_is_no_share_is_told_with_its_line(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"line 3: p is 'half'; expected a share or per cent"):
        imported(tmp_path, "a/b,50,0\na/b,half,1\n")
    assert not (tmp_path / "content").exists()


def test_one_share_written_in_two_ways_is_one_target(tmp_path: Path) -> None:
    assert imported(tmp_path, "a/b,50,0\na/b,50.0,1\na/b,100,1\n") == ["s-p050", "s-p100"]
    draws = read_draws(study_folder(find_project(tmp_path), "s-p050") / SNAPSHOT)
    assert draws.outcome.tolist() == [0, 1]


def test_a_file_of_which_no_row_is_wanted_is_refused(tmp_path: Path) -> None:
    (tmp_path / "draws.csv").write_text("model,p,outcome\na/b,50,0\n")
    options = parse_options([], ["model=c/d"], None)
    with pytest.raises(UsageError, match="no row of 1 fits --where"):
        import_targets(find_project(tmp_path), "s", tmp_path / "draws.csv", options=options, column="p")


@pytest.mark.parametrize(
    "rows", ["a/b,5,1\nc,50.0,0\n,50,1\nc, 1 ,1\n", "a/b,half,1\n", "a/b,1,1\na/b,,1\n", "a/b,101,1\n", ""]
)
@pytest.mark.parametrize("where", [(), ("model=c",)])
def test_a_large_file_asks_for_the_targets_of_a_small_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, rows: str, where: tuple[str, ...]
) -> None:
    """The same shares, by the same texts, or the same refusal."""
    path, options = tmp_path / "a.csv", parse_options([], where, None)
    path.write_text("model,p,outcome\n" + rows)
    every = replace(options, where=(*options.where, ("p", "")))

    def found(most_bytes: int) -> dict[float, str] | str:
        with read_sheet(path, every, most_bytes=most_bytes) as sheet:
            try:
                return targets_of(sheet, "p", options)
            except UsageError as refused:
                return str(refused)

    expected = found(2**20)
    monkeypatch.setattr(csv, "_BLOCK", 8)
    assert found(0) == expected


@pytest.mark.slow
@pytest.mark.parametrize("name", ["many.csv", "many.jsonl"])
def test_each_target_of_a_large_file_is_a_study_in_parts(tmp_path: Path, name: str) -> None:
    """What one study takes of the file says nothing of the next; twice changes nothing."""
    n = 100_000
    if name.endswith("csv"):
        rows = "a/b,5,0,{}\nc/d,50,1,\nc/d,50,,2e0\na/b,100,1,1\n, 5.0 ,1,7\ne,5,1,x\n"
        (tmp_path / name).write_text("model,p,outcome,prompt_tokens\n" + rows * n)
    else:
        cells = [
            ("a/b", 5, 0),
            ("c/d", 50, 1),
            ("c/d", 50, None),
            ("a/b", 100, 1),
            (None, 5.0, 1),
            ("e", 5, 1),
        ]
        lines = [json.dumps(dict(zip(("model", "p", "outcome"), row, strict=True))) for row in cells]
        (tmp_path / name).write_text("\n".join(lines * n))
    options = parse_options([], [], None)
    project = find_project(tmp_path)
    reports = import_targets(project, "s", tmp_path / name, options=options, column="p")
    assert [(report.study, report.models, report.n_lost) for report in reports] == [
        ("s-p005", ("a/b", "e"), n),
        ("s-p050", ("c/d",), 0),
        ("s-p100", ("a/b",), 0),
    ]
    assert reports[1].by_status == {Status.VALID: n, Status.UNPARSED: n}
    folders = [study_folder(find_project(tmp_path), report.study) for report in reports]
    assert [load_study(folder).prompt.target for folder in folders] == [0.05, 0.5, 1.0]
    tallies = {(f.name, t.model): t.n_draws for f in folders for t in read_tallies(snapshot_files(f))}
    assert tallies == {
        ("s-p005", "a/b"): n,
        ("s-p005", "e"): n,
        ("s-p050", "c/d"): 2 * n,
        ("s-p100", "a/b"): n,
    }
    again = import_targets(find_project(tmp_path), "s", tmp_path / name, options=options, column="p")
    assert all(report.already for report in again)


def test_the_family_has_a_page_of_its_curve(tmp_path: Path) -> None:
    imported(tmp_path, "a/b,0,0\na/b,50,0\na/b,50,1\na/b,100,1\n")
    build(find_project(tmp_path), out=tmp_path / "site")
    page = (tmp_path / "site/s-p000/calibration/index.html").read_text(encoding="utf-8")
    assert "Asked against drawn: 3 targets" in page
    assert "Step-likeness 0.00 (0.00 to " in page
    assert "It may follow every request" in page


def test_a_page_of_a_family_counts_targets_and_not_studies(tmp_path: Path) -> None:
    imported(tmp_path, "a/b,0,0\na/b,100,1\n")
    project = find_project(tmp_path)
    reports = [load_report(study_folder(project, study_id)) for study_id in study_ids(project)]
    again = replace(reports[0], study=replace(reports[0].study, id="again"))
    (page,) = family_pages(families([*reports, again]), [{}])
    assert page.title == "Asked against drawn: 2 targets"


@pytest.mark.skipif(not FIG1.exists(), reason="other people's draws stand beside the repository, if at all")
def test_yang_and_zhangs_curve_comes_out(tmp_path: Path) -> None:
    """Claude 4.5: no ones up to 45 %, one in a hundred at 50 %, nothing but ones from 55 %: a step."""
    options = parse_options(["outcome=answer"], [], None)
    import_targets(find_project(tmp_path), "fig1", FIG1, options=options, column="p")
    project = find_project(tmp_path)
    reports = [load_report(study_folder(project, study_id)) for study_id in study_ids(project)]
    (family,) = families(reports)
    (curve,) = family.curves
    shares = {round(100 * point.target): point.share for point in curve.points}
    assert len(shares) == 21
    assert shares[50] == 0.01
    assert {share for target, share in shares.items() if target < 50} == {0.0}
    assert {share for target, share in shares.items() if target > 50} == {1.0}
    # A step that misses one half by a hundredth at one of twenty steps: 1 − 4 × 0.05 × 0.01.
    assert curve.step_likeness == pytest.approx(0.998, abs=1e-12)
