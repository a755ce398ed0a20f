"""Studies that are renamed or removed: whole or not at all, and nothing that was paid for is lost."""

import io
import shutil
import sqlite3
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest
from click.testing import CliRunner
from tests.collect.collecting_runs import STUDY, draws_of
from tests.workflows.killing import killed_at

from flipsite.cli.main import cli
from flipsite.collect.simulated import Endpoint, fair_coin
from flipsite.domain.study import Feature, Skip
from flipsite.errors import StoreError, UsageError
from flipsite.files import StreamedFile
from flipsite.project import Project, study_ids
from flipsite.settings import dump_study, load_study
from flipsite.store.features import read_features, write_features
from flipsite.store.snapshot.read import read_draws, read_notes
from flipsite.workflows.collect import begin, collect
from flipsite.workflows.load import kept_files, load_report, study_files
from flipsite.workflows.rename_remove import finish_move, remove_model, remove_study, rename_study
from flipsite.workflows.run_request import UNWATCHED, RunRequest

COINS = (fair_coin("a/fair"), fair_coin("b/fair"))


@pytest.fixture(scope="module")
def collected(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("collected")
    project = project_at(root)
    begin(project, STUDY, simulated=True)
    simulate(project, draws=3)
    rows = [Feature(model=coin.id, feature="tuning", value="base", source="curated") for coin in COINS]
    write_features(project.studies / STUDY / "features.csv", rows)
    return root


@pytest.fixture
def project(collected: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    return copy_of(collected, tmp_path / "project", monkeypatch)


def copy_of(collected: Path, root: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    shutil.copytree(collected, root)
    monkeypatch.chdir(root)
    return project_at(root)


def project_at(root: Path) -> Project:
    return Project(root=root, content=root / "content", templates=(), site=root / "site", packaged=False)


def simulate(project: Project, *, draws: int) -> None:
    order = RunRequest(study_id=STUDY, simulated_seed=0, draws=draws)
    assert collect(project, order, UNWATCHED, app=Endpoint(coins=COINS)) is not None


def shares(project: Project) -> dict[str, int]:
    """The studies of the cache, with how many answers each has."""
    with sqlite3.connect(project.cache / "cache.sqlite") as cache:
        rows = cache.execute(
            "SELECT id, coalesce(sum(n_settled), 0) FROM study LEFT JOIN series USING (study) GROUP BY id"
        ).fetchall()
    cache.close()
    return {name: n for name, n in rows if n}


def studies_in_rows(path: Path) -> set[str]:
    import pyarrow.parquet as pq

    return set(pq.read_table(path, columns=["study"])["study"].to_pylist())


def test_a_renamed_study_takes_its_snapshot_and_its_answers_along(project: Project) -> None:
    """The same draws under the new name, in the file too; the next run has nothing to ask."""
    before, toml = draws_of(project), (project.studies / STUDY / "study.toml").read_bytes()
    (project.content / "index.md").write_text("# Coins\n\nSee trial and trial-2.\nNot trials.\n")
    assert rename_study(project, STUDY, "coins") == ("content/index.md:3",)
    assert study_ids(project) == ("coins",)
    after = project.studies / "coins" / "draws.parquet"
    assert studies_in_rows(after) == {"coins"}
    assert read_draws(after).response == before.response
    assert (project.studies / "coins" / "study.toml").read_bytes() == toml
    assert shares(project) == {"coins": 6}
    ran = CliRunner().invoke(cli, ["collect", "coins", "--simulated", "--draws", "3", "--reread"])
    assert "Read 6 stored answers again; 0 changed." in ran.output
    assert read_draws(after).response == before.response


def test_a_renamed_clone_without_a_cache_moves_all_the_same(project: Project) -> None:
    shutil.rmtree(project.cache)
    rename_study(project, STUDY, "coins")
    assert studies_in_rows(project.studies / "coins" / "draws.parquet") == {"coins"}


def test_notes_of_a_shard_name_the_new_study(project: Project) -> None:
    from flipsite.store.snapshot.parquet import write_draws

    path = project.studies / STUDY / "draws.parquet"
    notes = {"flipsite_shards": '["1/2"]', "flipsite_study": STUDY, "flipsite_kind": "simulated"}
    write_draws(path, read_draws(path), study=STUDY, notes=notes)
    rename_study(project, STUDY, "coins")
    found = read_notes(project.studies / "coins" / "draws.parquet")
    assert found.items() >= {**notes, "flipsite_study": "coins"}.items()


@pytest.mark.parametrize("new", ["Coins!", STUDY])
def test_a_name_that_is_none_or_taken_changes_nothing(project: Project, new: str) -> None:
    with pytest.raises(UsageError, match=r"cannot name a study|there is a study"):
        rename_study(project, STUDY, new)
    assert shares(project) == {STUDY: 6}


def test_a_name_that_the_cache_knows_is_taken(project: Project) -> None:
    with sqlite3.connect(project.cache / "cache.sqlite") as cache:
        cache.execute("INSERT INTO study (id, protocol) VALUES ('coins', '{}')")
    cache.close()
    with pytest.raises(StoreError, match="holds answers of a study 'coins' already"):
        rename_study(project, STUDY, "coins")
    assert study_ids(project) == (STUDY,)
    assert not (project.cache / "move.json").exists()
    assert not (project.cache / "moving").exists()


def test_a_removed_study_is_off_the_site_and_kept_privately(project: Project) -> None:
    ran = CliRunner().invoke(cli, ["remove", STUDY])
    assert ran.exit_code == 0, ran.output
    assert study_ids(project) == ()
    (kept,) = (project.cache / "removed").iterdir()
    assert str(kept) in ran.output
    assert len(read_draws(kept / "draws.parquet")) == 6
    assert shares(project) == {kept.name: 6}


def test_a_removed_model_is_off_the_site_and_asked_no_more(project: Project) -> None:
    folder = project.studies / STUDY
    ran = CliRunner().invoke(cli, ["remove", STUDY, "--model", "a/fair"])
    assert ran.exit_code == 0, ran.output
    assert "Removed a/fair from trial: 3 draws, 1 row of features.csv." in ran.output
    assert read_draws(folder / "draws.parquet").models == ("b/fair",)
    assert [row.model for row in read_features(folder / "features.csv")] == ["b/fair"]
    assert load_study(folder).models.leaves_out("A/Fair")
    simulate(project, draws=4)
    assert draws_of(project).models == ("b/fair",), "a run neither asks it nor brings it back"
    assert shares(project) == {STUDY: 7}, "its answers stay in the cache"


def test_a_model_that_is_not_there_is_wrong_usage(project: Project) -> None:
    with pytest.raises(UsageError, match="did you mean 'a/fair'"):
        remove_model(project, STUDY, "a/fiar")


@pytest.mark.parametrize("how", ["exclude", "skip"])
def test_what_a_study_excludes_or_skips_is_off_the_site(project: Project, how: str) -> None:
    """Off every page and download, though the snapshot still holds it; back once the line is gone."""
    folder = project.studies / STUDY
    study = load_study(folder)
    change = {"exclude": ("A/*",)} if how == "exclude" else {"skip": (Skip(id="a/fair", reason="no"),)}
    text = dump_study(replace(study, models=replace(study.models, **change)))
    (folder / "study.toml").write_text(text, encoding="utf-8")
    report = load_report(folder)
    assert [record.model for record in report.estimates] == ["b/fair"]
    files = kept_files(study_files(folder), report)
    draws, lines = files[f"{STUDY}/data/draws.csv"], io.BytesIO()
    assert isinstance(draws, StreamedFile)
    draws.write(lines)
    assert b"b/fair" in lines.getvalue()
    for content in (lines.getvalue(), *files.values()):
        assert not isinstance(content, bytes) or b"a/fair" not in content
    assert isinstance(files[f"{STUDY}/data/draws.parquet"], bytes)
    assert len(draws_of(project)) == 6
    (folder / "study.toml").write_text(dump_study(study), encoding="utf-8")
    assert len(load_report(folder).estimates) == 2


def rename(project: Project) -> object:
    return rename_study(project, STUDY, "coins")


def remove(project: Project) -> object:
    return remove_study(project, STUDY)


EVERY = pytest.mark.parametrize("stride", [13, pytest.param(1, marks=pytest.mark.slow)])


@EVERY
@pytest.mark.parametrize("work", [rename, remove])
def test_a_kill_at_any_step_leaves_the_study_where_it_was_or_where_it_goes(
    collected: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, work: Callable[..., object], stride: int
) -> None:
    """After each kill the next command finishes the move or undoes it: one study, all draws, all answers."""
    step, ends = 1, set()
    while True:
        project = copy_of(collected, tmp_path / str(step), monkeypatch)
        killed = killed_at(step, partial(work, project))
        finish_move(project)
        folders = study_ids(project) or tuple(path.name for path in (project.cache / "removed").iterdir())
        assert shares(project) == {folders[0]: 6}, step
        place = (project.studies if study_ids(project) else project.cache / "removed") / folders[0]
        assert len(folders) == 1
        assert len(read_draws(place / "draws.parquet")) == 6
        left = {path.name for path in project.cache.iterdir()}
        assert not left & {"move.json", "moving", "moved"}, step
        ends.add(folders[0] == STUDY)
        shutil.rmtree(project.root)
        if not killed:
            break
        step += stride
    assert step > 5
    assert ends == {True, False}


@EVERY
def test_a_model_whose_removal_was_killed_is_removed_by_the_same_command(
    collected: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, stride: int
) -> None:
    step, killed = 1, True
    while killed:
        project = copy_of(collected, tmp_path / str(step), monkeypatch)
        killed = killed_at(step, partial(remove_model, project, STUDY, "a/fair"))
        remove_model(project, STUDY, "a/fair")
        assert draws_of(project).models == ("b/fair",)
        assert len(read_features(project.studies / STUDY / "features.csv")) == 1
        assert len(load_study(project.studies / STUDY).models.skip) == 1
        shutil.rmtree(project.root)
        step += stride
