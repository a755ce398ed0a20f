"""A family of studies that differ only in target, from one file, and the curve of asked against drawn."""

from pathlib import Path

import pytest

from flipsite.analyse.families import families
from flipsite.errors import UsageError
from flipsite.exchange import import_targets, parse_options
from flipsite.loading import load_report
from flipsite.pipeline import build
from flipsite.projects import find_project, study_folder, study_ids

FIG1 = Path(__file__).parents[2] / "shared" / "data" / "failure-to-mix" / "fig1_single_flip.csv"


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


def test_the_family_has_a_page_of_its_curve(tmp_path: Path) -> None:
    imported(tmp_path, "a/b,0,0\na/b,50,0\na/b,50,1\na/b,100,1\n")
    build(find_project(tmp_path), out=tmp_path / "site")
    page = (tmp_path / "site/s-p000/calibration/index.html").read_text(encoding="utf-8")
    assert "Asked against drawn: 3 targets" in page
    assert "Step-likeness 0.00 (0.00 to " in page


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
