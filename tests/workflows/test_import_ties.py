"""Outcomes that are equally frequent: none of them is said most, and none is a favourite by its place."""

import json
from pathlib import Path

import pytest
from tests.command_line import run


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The pages of a model that ties, one that says paper most, and one with a single draw."""
    monkeypatch.chdir(tmp_path)
    counts = {"a/tie": (20, 20, 10), "b/paper": (10, 30, 10), "c/one": (0, 1, 0)}
    names = ("rock", "paper", "scissors")
    draws = [
        (model, name)
        for model, row in counts.items()
        for name, n in zip(names, row, strict=True)
        for _ in range(n)
    ]
    Path("t.csv").write_text("model,outcome\n" + "".join(f"{model},{name}\n" for model, name in draws))
    result = run("import", "t.csv", "--study", "rps", "--outcomes", ",".join(names))
    assert result.exit_code == 0, result.output
    assert run("build").exit_code == 0
    return tmp_path / "site" / "rps"


def test_a_tie_has_no_favourite(site: Path) -> None:
    records = {each["model"]: each for each in json.loads((site / "data/estimates.json").read_text())}
    assert [records[name]["top"] for name in ("a/tie", "b/paper", "c/one")] == [None, "paper", "paper"]
    assert records["a/tie"]["top_share"] == 0.4
    page = (site / "models/a/tie/index.html").read_text().replace("\N{NO-BREAK SPACE}", " ")
    assert "it said no outcome most often: several have 40 % each" in page
    home = (site / "index.html").read_text()
    assert "2 of 3 models say “paper” most often" in home
    assert "“rock” most often" not in home


def test_one_draw_says_nothing_of_how_many_outcomes_there_are(site: Path) -> None:
    """And an outcome that was imported without its answer is no answer that never came."""
    page = (site / "models/c/one/index.html").read_text()
    assert "unknown: one draw tells nothing of it" in page
    assert "<sup>0.0</sup>" not in page
    assert "The answer is not recorded." in page
    assert "No answer came" not in page
