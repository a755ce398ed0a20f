"""A build of studies of k outcomes: dice, 1 to 100, a weighted choice."""

import csv
import json
from pathlib import Path

import pytest
from tests.sampled import DIE, add_study, dice, rows_of, sampled, study_text

from flipsite.project import find_project
from flipsite.workflows.build import build
from flipsite.write.check.check import check_site

HUNDRED = [str(number) for number in range(1, 101)]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three studies, each of its own kind of outcomes, and no coin."""
    project = tmp_path_factory.mktemp("outcomes")
    listed = json.dumps(list(DIE))
    add_study(project, "dice", study_text(listed, orders="rotated"), rows_of(dice(), DIE, rotated=True))
    numbers = {"m/42": [41] * 60, "m/fair": sampled([0.01] * 100, 60, seed=1)}
    wide = study_text("{ from = 1, to = 100 }", shown="{low} to {high}", draws=60)
    add_study(project, "numbers", wide, rows_of(numbers, HUNDRED))
    choice = study_text('["rock", "paper", "<b>scissors"]', target="[0.5, 0.3, 0.2]", shown="{shares}")
    drawn = {"m/fair": [0, 1] * 20, "m/asked": [0] * 20 + [1] * 12 + [2] * 8, "m/none": [-1] * 40}
    add_study(project, "weighted", choice, rows_of(drawn, ("rock", "paper", "<b>scissors")))
    build(find_project(project), out=project / "site")
    return project / "site"


def test_every_link_of_such_a_site_leads_somewhere(site: Path) -> None:
    assert not check_site(site)


def test_counts_have_every_outcome_of_every_model(site: Path) -> None:
    """`counts.csv` adds up to the valid draws; its shares and intervals belong together."""
    with (site / "dice/data/counts.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    header = "model, label, target, count, share, low, high, p_value, q_value"
    assert list(rows[0]) == header.split(", ")
    records = {each["model"]: each for each in json.loads((site / "dice/data/estimates.json").read_text())}
    assert len(rows) == 6 * len(records)
    for model, record in records.items():
        own = [row for row in rows if row["model"] == model]
        assert sum(int(row["count"]) for row in own) == record["valid"]
        assert all(float(row["low"]) <= float(row["share"]) <= float(row["high"]) for row in own)


def test_draws_of_k_outcomes_are_there_to_download(site: Path) -> None:
    """Each outcome is an index of its labels, in the study's file and beside the model's page."""
    for path in ("dice/data/draws.csv", "dice/models/dice/loaded/draws.csv"):
        with (site / path).open(newline="", encoding="utf-8") as file:
            rows = list(csv.DictReader(file))
        assert {row["outcome"] for row in rows} <= {*map(str, range(6)), ""}
        assert all(
            json.loads(row["labels"])[int(row["outcome"])] == row["response"].removeprefix("Output: ")
            for row in rows
            if row["outcome"]
        )


def test_answers_off_the_list_have_their_share(site: Path) -> None:
    """One answer in ten names a joker; a model that keeps to the list has a share of 0."""
    records = {each["model"]: each for each in json.loads((site / "dice/data/estimates.json").read_text())}
    assert {model for model, each in records.items() if each["off_list"]} == {"dice/off-list"}
    assert records["dice/off-list"]["off_list"] == pytest.approx(0.1)
    page = (site / "dice/models/dice/off-list/index.html").read_text()
    assert "named something that was not offered" in page


def test_favourites_stand_on_the_study_and_in_an_embed(site: Path) -> None:
    """The favourite of each model, how many share it, and whether chance does as much."""
    with (site / "dice/embed/favourites.csv").open(newline="", encoding="utf-8") as file:
        rows = {row["model"]: row for row in csv.DictReader(file)}
    assert list(rows["dice/always-4"].values())[1:] == ["4", "1.0", "0.166666666667", "yes", "1"]
    assert rows["dice/fair"]["shown"] == "no"
    assert rows["dice/loaded"]["models"] == "1"
    assert "dice/first-named" not in rows  # each face came first equally often: a tie has no favourite
    page = (site / "dice/index.html").read_text(encoding="utf-8")
    assert "Favourites" in page
    assert "No two models have the same favourite" in page
    assert (site / "dice/embed/favourites.png").is_file()


def test_models_of_several_studies_stand_in_a_matrix(site: Path) -> None:
    """Two studies share m/fair's name; every study that shares a model leads to the matrix."""
    page = (site / "models/index.html").read_text(encoding="utf-8")
    assert "m/fair" in page
    assert "dice/fair" not in page
    assert "models/index.html" in (site / "weighted/index.html").read_text(encoding="utf-8")


def test_pages_say_what_was_drawn(site: Path) -> None:
    """Labels are escaped, a study without any valid draw of a model has its page, and no page says coin."""
    assert "too rare to be luck" in (site / "dice/models/dice/loaded/index.html").read_text()
    assert "follows the order" in (site / "dice/models/dice/first-named/index.html").read_text()
    assert "it said “42” most often" in (site / "numbers/models/m/42/index.html").read_text()
    assert "&lt;b&gt;scissors" in (site / "weighted/models/m/asked/index.html").read_text()
    assert "<b>scissors" not in (site / "weighted/models/m/asked/index.html").read_text()
    assert "None of its answers named an outcome" in (site / "weighted/models/m/none/index.html").read_text()
    assert "1/6 each" in (site / "dice/index.html").read_text()
    assert "50% with probability" not in (site / "weighted/index.html").read_text()
    assert "a fair coin" not in (site / "numbers/leaderboard/index.html").read_text()
