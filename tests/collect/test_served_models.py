"""The model that an answer names: kept with the draw, and a change of it stated on the site."""

import csv
import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from tests.collect.collecting_runs import STUDY, budget, draws_of, project_of, watcher
from tests.collect.dialect_server import Dialects, Says, speaking
from tests.narrowing import not_none

from flipsite.domain.study import Kind, Sampling
from flipsite.project import SNAPSHOT, Project, find_project
from flipsite.store.cache.cache import Cache
from flipsite.store.snapshot.read import read_draws
from flipsite.store.snapshot.rewrite import drop_model
from flipsite.workflows.build import build
from flipsite.workflows.collect import collect, reread
from flipsite.workflows.import_export import export_study
from flipsite.workflows.load import load_report
from flipsite.workflows.run_request import RunReport, RunRequest

OLD = Says(text="Output: 1", served="gpt-x-2026-01", provider="Alpha")
CACHED = Says(body={"id": "gen-same", "choices": [{"message": {"content": "Output: 1"}}]})
NEW = replace(OLD, text="Output: 0", served="gpt-x-2026-06")


@pytest.fixture(autouse=True)
def _key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENROUTER_API_KEY", "any-word-will-do")


def asked(project: Project, models: Mapping[str, Sequence[Says]], *, draws: int = 3) -> RunReport | None:
    """A run against a server whose models answer so."""
    with speaking(Dialects(models=models)) as server:
        request = RunRequest(study_id=STUDY, draws=draws, api_base=server.base, concurrency=1)
        return collect(project, request, watcher())


def project_at(tmp_path: Path) -> Project:
    return project_of(tmp_path, kind=Kind.MEASURED, budget=budget(None))


def test_the_served_model_is_kept_with_each_draw(tmp_path: Path) -> None:
    """In the snapshot and in every export, in its place behind the provider."""
    project = project_at(tmp_path)
    report = not_none(asked(project, {"gpt-x": [OLD, NEW], "other": [replace(OLD, served=None)]}))
    assert "gpt-x: answers name more than one served model: gpt-x-2026-01, gpt-x-2026-06." in report.warnings
    draws = draws_of(project)
    assert list(not_none(draws.served_model)) == [
        "gpt-x-2026-01",
        "gpt-x-2026-06",
        "gpt-x-2026-06",
        None,
        None,
        None,
    ]
    text, lines = io.BytesIO(), io.BytesIO()
    export_study(project, STUDY, form="csv", out=text)
    rows = list(csv.DictReader(io.StringIO(text.getvalue().decode())))
    assert [row["served_model"] for row in rows] == [name or "" for name in not_none(draws.served_model)]
    keys = list(rows[0])
    assert keys[keys.index("provider") + 1] == "served_model"
    export_study(project, STUDY, form="jsonl", out=lines)
    first = json.loads(lines.getvalue().splitlines()[0])
    assert first["served_model"] == "gpt-x-2026-01"


def test_a_model_served_under_its_own_name_adds_no_column(tmp_path: Path) -> None:
    project = project_at(tmp_path)
    asked(project, {"gpt-x": [replace(OLD, served="gpt-x")]})
    assert draws_of(project).served_model is None


def test_a_snapshot_without_the_column_gets_it_whole(tmp_path: Path) -> None:
    """The first run names nothing else; a later one does, and the earlier draws are written again."""
    project = project_at(tmp_path)
    asked(project, {"gpt-x": [replace(OLD, served="gpt-x")]}, draws=2)
    asked(project, {"gpt-x": [NEW]}, draws=3)
    assert list(not_none(draws_of(project).served_model)) == ["gpt-x", "gpt-x", "gpt-x-2026-06"]


def test_answers_that_an_older_flipsite_kept_get_the_column_when_they_are_read_again(tmp_path: Path) -> None:
    """Its cache did not note that another model was named; the raw answers do."""
    project = project_at(tmp_path)
    asked(project, {"gpt-x": [OLD, NEW]})
    with Cache(project.cache, study=STUDY, protocol=None, now="2026-01-01T00:00:00Z") as cache:
        cache._reader.execute("UPDATE series SET served_otherwise = 0")
        cache._reader.execute("UPDATE study SET written = NULL")
    _, _, snapshot = reread(project, STUDY)
    assert snapshot is not None
    assert read_draws(snapshot).served_model is not None


def test_an_adopted_draw_keeps_its_served_model(tmp_path: Path) -> None:
    project = project_at(tmp_path)
    asked(project, {"gpt-x": [OLD, NEW]}, draws=2)
    (project.cache / "cache.sqlite").unlink()
    with speaking(Dialects(models={"gpt-x": [NEW]})) as server:
        request = RunRequest(study_id=STUDY, draws=3, api_base=server.base, adopt=True)
        collect(project, request, watcher())
    assert list(not_none(draws_of(project).served_model)) == [
        "gpt-x-2026-01",
        "gpt-x-2026-06",
        "gpt-x-2026-06",
    ]


def test_a_change_within_a_study_is_dated(tmp_path: Path) -> None:
    """By provider and served model, in the order of the first draws; nothing of a model without a change."""
    project = project_at(tmp_path)
    asked(project, {"gpt-x": [OLD, NEW, replace(NEW, provider="Beta")], "same": [OLD]})
    report = load_report(project.studies / STUDY)
    found = [(each.provider, each.served_model, each.n_draws) for each in report.serving["gpt-x"]]
    assert found == [("Alpha", OLD.served, 1), ("Alpha", NEW.served, 1), ("Beta", NEW.served, 1)]
    assert all(each.first == each.last for each in report.serving["gpt-x"])
    assert "same" not in report.serving


def test_answers_that_a_silent_cache_repeats_are_noted_with_the_draws(tmp_path: Path) -> None:
    """By id and body; the count goes with the snapshot, and leaves it with its model."""
    project = project_at(tmp_path)
    report = not_none(asked(project, {"a/cached": [CACHED], "a/honest": [OLD]}))
    assert any(line.startswith("a/cached: 2 of 3 answers came with an id") for line in report.warnings)
    folder = project.studies / STUDY
    assert load_report(folder).repeated == {"a/cached": 2}
    drop_model(folder, "a/cached")
    assert load_report(folder).repeated == {}
    assert b"a/cached" not in (folder / SNAPSHOT).read_bytes()


@pytest.mark.slow
def test_a_change_within_a_study_is_stated_on_the_site(tmp_path: Path) -> None:
    """On the study's page, on the model's with dates, and in its data package; not of a model without one."""
    sampling = Sampling(max_tokens=64, timeout_s=600.0, temperature=0.7)
    project = project_of(tmp_path, kind=Kind.MEASURED, budget=budget(None), sampling=sampling)
    beta = replace(OLD, provider="Beta")
    asked(project, {"a/gpt-x": [OLD, NEW], "a/two": [OLD, beta], "a/same": [OLD], "a/cached": [CACHED]})
    build(find_project(tmp_path), out=tmp_path / "site")
    site = tmp_path / "site" / STUDY
    page = (site / "index.html").read_text()
    assert "2 models were answered by more than one provider or served model" in page
    assert "<dt>Time limit of a draw</dt><dd>600 s</dd>" in page
    assert "at most 64" in page
    model = (site / "models/a/gpt-x/index.html").read_text()
    assert "Sent with every request: temperature <code>0.7</code>." in model
    assert "gpt-x-2026-01" in model
    assert "Who answered" in model
    assert "Who answered" in (site / "models/a/two/index.html").read_text()
    assert "Who answered" not in (site / "models/a/same/index.html").read_text()
    assert "1 model sent answers with the id and the text of an earlier one" in page
    assert "2 of its 3 answers came with the id" in (site / "models/a/cached/index.html").read_text()
    package = json.loads((site / "data/datapackage.json").read_text())
    fields = next(each for each in package["resources"] if each["name"] == "draws")["schema"]["fields"]
    header = (site / "data/draws.csv").read_text().splitlines()[0]
    assert [field["name"] for field in fields] == header.split(",")
    assert (site / "data" / SNAPSHOT).exists()
