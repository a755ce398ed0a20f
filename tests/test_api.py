"""Flipsite from a notebook: the same results as the commands, as frames and charts."""

import asyncio
import json
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any, cast

import altair as alt
import pandas as pd
import pytest
from click.testing import CliRunner

import flipsite
from flipsite.cli.main import cli
from flipsite.domain.money import NOTHING, usd
from flipsite.errors import StoreError, UsageError
from flipsite.present.charts.registry import study_drawings
from flipsite.present.pages.study import study_files
from flipsite.present.tables import without_residue
from flipsite.schema import ESTIMATES, SPEND, draws_columns
from flipsite.workflows.load import load_report
from flipsite.workflows.run_request import Watcher


@pytest.fixture(scope="module")
def collected(tmp_path_factory: pytest.TempPathFactory) -> flipsite.Study:
    """A study that a notebook began and collected, in an empty folder."""
    folder, before = tmp_path_factory.mktemp("notebook"), Path.cwd()
    os.chdir(folder)
    try:
        study = flipsite.Study.begin("coins", simulated=True)
        study.collect(simulated=True, draws=12)
    finally:
        os.chdir(before)
    return study


def test_importing_flipsite_imports_nothing_else() -> None:
    heavy = ("pandas", "altair", "numpy", "click", "pydantic")
    code = f"import sys, flipsite; print([name for name in {heavy} if name in sys.modules])"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True
    )
    assert done.stdout == "[]\n"


def test_all_that_is_offered_is_there() -> None:
    assert dir(flipsite) == sorted(flipsite.__all__)
    for name in flipsite.__all__:
        assert getattr(flipsite, name)
    with pytest.raises(AttributeError, match="no attribute 'flip'"):
        flipsite.flip  # noqa: B018


def test_a_study_is_found_by_its_id_and_by_its_folder(
    collected: flipsite.Study, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(collected.project.root)
    assert flipsite.Study.load("coins") == flipsite.Study.load("content/studies/coins") == collected
    assert flipsite.Study.load(collected.folder).settings.kind == "simulated"


def test_a_study_that_is_not_there_is_told_the_nearest(
    collected: flipsite.Study, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(collected.project.root)
    with pytest.raises(UsageError, match="did you mean 'coins'"):
        flipsite.Study.load("coin")
    (tmp_path / "study.toml").touch()
    with pytest.raises(UsageError, match="lies in a project's content/studies/"):
        flipsite.Study.load(tmp_path)


def test_without_a_project_the_packaged_studies_are_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    article = flipsite.Study.load("article-2025")
    board = flipsite.leaderboard(article, top=None)
    assert len(board) == 40
    assert board["bias"].is_monotonic_increasing
    with pytest.raises(UsageError, match="has figures and no draws"):
        flipsite.draws(article)


def test_the_packaged_studies_stand_beside_those_of_a_project(
    collected: flipsite.Study, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(collected.project.root)
    assert flipsite.Study.load("article-2025").settings.kind == "published"


def test_what_is_there_is_not_begun_again(collected: flipsite.Study, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(collected.project.root)
    before = (collected.folder / "study.toml").read_bytes()
    assert flipsite.Study.begin("coins") == collected
    assert (collected.folder / "study.toml").read_bytes() == before


def test_a_study_without_draws_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    study = flipsite.Study.begin("mine")
    assert len(flipsite.estimates(study)) == 0
    assert len(flipsite.leaderboard(study)) == 0
    with pytest.raises(StoreError, match="flipsite collect"):
        flipsite.draws(study)
    with pytest.raises(UsageError, match="there are: none yet"):
        flipsite.charts.verdicts(study)


def test_frames_keep_the_promise_of_the_schema(collected: flipsite.Study) -> None:
    for table, columns in (
        (flipsite.estimates(collected), ESTIMATES),
        (flipsite.spend(collected), SPEND),
        (flipsite.draws(collected), draws_columns(())),
    ):
        assert list(table.columns) == [column.name for column in columns]
        for column in columns:
            kind = table[column.name].dtype
            assert pd.api.types.is_integer_dtype(kind) == (column.type == "integer"), column.name
            assert pd.api.types.is_float_dtype(kind) == (column.type == "number"), column.name
            assert isinstance(kind, pd.DatetimeTZDtype) == (column.type == "datetime"), column.name


def test_estimates_are_those_of_the_site(collected: flipsite.Study) -> None:
    """To the twelve digits that files have."""
    files = study_files(load_report(collected.folder))
    stated = files["coins/data/estimates.json"]
    assert isinstance(stated, bytes)
    records = json.loads(stated)
    table = flipsite.estimates(collected)
    for record, (_, row) in zip(records, table.iterrows(), strict=True):
        known = {key: without_residue(value) for key, value in row.items() if not pd.isna(value)}
        assert known == {key: value for key, value in record.items() if value is not None}


def test_draws_are_those_of_the_export(collected: flipsite.Study, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(collected.project.root)
    CliRunner().invoke(cli, ["export", "coins", "--format", "jsonl", "-o", "draws.jsonl"])
    lines = Path("draws.jsonl").read_text(encoding="utf-8").splitlines()
    table = flipsite.draws(collected)
    assert len(lines) == len(table)
    first, row = json.loads(lines[0]), table.iloc[0]
    assert {key: row[key] for key in ("model", "draw", "outcome", "status", "response")} == {
        key: first[key] for key in ("model", "draw", "outcome", "status", "response")
    }
    assert row["asked_at"] == pd.Timestamp(first["asked_at"])


def test_the_leaderboard_has_both_ends(collected: flipsite.Study) -> None:
    least = flipsite.leaderboard(collected, top=3)
    most = flipsite.leaderboard(collected, top=3, most=True)
    assert (len(least), len(most)) == (3, 3)
    assert most["model"].iloc[0] == "simulated/always-one"
    assert least["bias"].max() < most["bias"].min()


def test_a_leaderboard_has_all_models_and_all_columns(collected: flipsite.Study) -> None:
    board = flipsite.leaderboard(collected)
    assert list(board.columns)[:2] == ["rank", "model"]
    assert set(board.columns) == {column.name for column in ESTIMATES}
    assert sorted(board["model"]) == list(flipsite.estimates(collected)["model"])


@pytest.mark.parametrize("number", [-3, 0, 2.5, "3", True])
def test_what_is_no_number_of_things_is_an_error(collected: flipsite.Study, number: Any) -> None:
    """Nothing waits for ever for a place among none."""
    with pytest.raises(UsageError, match=r"top=.*: expected a whole number from 1 on"):
        flipsite.leaderboard(collected, top=number)
    with pytest.raises(UsageError, match=r"draws=.*: expected a whole number from 1 on"):
        collected.collect(simulated=True, draws=number)
    with pytest.raises(UsageError, match=r"concurrency=.*: expected a whole number from 1 to 1,024"):
        collected.collect(simulated=True, concurrency=number)


def test_settings_show_themselves_in_a_line(collected: flipsite.Study) -> None:
    assert repr(collected.settings).startswith(f"<simulated study {collected.id!r}: 2 outcomes, ")


def test_a_frame_that_holds_no_draws_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """And not a file that nobody knows."""
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UsageError, match=r"^the frame: no column 'model'"):
        flipsite.import_frame(pd.DataFrame({"x": [1]}), "theirs")


def test_a_study_is_named_by_its_id_everywhere(
    collected: flipsite.Study, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(collected.project.root)
    assert flipsite.leaderboard("coins").equals(flipsite.leaderboard(collected))
    assert len(flipsite.draws("coins")) == len(flipsite.draws(collected))
    assert flipsite.studies() == (collected,)
    with pytest.raises(UsageError, match="did you mean 'coins'"):
        flipsite.leaderboard("coin")
    with pytest.raises(UsageError, match="expected a study"):
        flipsite.draws(cast("str", 3))


def test_a_text_is_one_glob(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not a glob a letter, of which `*` would ask everybody."""
    monkeypatch.chdir(tmp_path)
    study = flipsite.Study.begin("coins", simulated=True)
    report = study.collect(simulated=True, draws=2, models="*/fair", progress=False)
    assert sorted(flipsite.draws(study)["model"].unique()) == ["simulated/fair"]
    assert max(map(len, (repr(study.report), repr(report)))) < 160


def test_a_plan_has_the_numbers_of_the_command(collected: flipsite.Study) -> None:
    table = flipsite.plan(collected, margin=0.1, power=0.9)
    done = CliRunner().invoke(cli, ["plan", "coins"], catch_exceptions=False)
    assert list(table.columns) == ["verdict", "draws", "usd"]
    assert all(f"{draws:,}" in done.output or done.exit_code for draws in table["draws"].dropna())
    with pytest.raises(UsageError, match="between 0 and 1"):
        flipsite.plan(collected, margin=2)


def test_a_frame_is_imported_and_compared(
    collected: flipsite.Study, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    rows = pd.DataFrame({"who": ["a/b"] * 4 + ["c/d"] * 4, "said": ["tails", "heads"] * 4})
    one = flipsite.import_frame(
        rows, "one", columns={"model": "who", "outcome": "said"}, labels=("tails", "heads")
    )
    named = rows.rename(columns={"who": "model", "said": "outcome"})
    flipsite.import_frame(named, "two", labels=("tails", "heads"))
    assert flipsite.leaderboard(one)["valid"].tolist() == [4, 4]
    both = flipsite.compare("one", "two")
    assert list(zip(both["model"], both["study"], strict=True)) == [
        (model, study) for model in ("a/b", "c/d") for study in ("one", "two")
    ]
    assert len(flipsite.features("one")) == 0
    with pytest.raises(UsageError, match="two different studies"):
        flipsite.compare("one", "one")


def test_there_is_a_function_for_every_chart_of_draws(collected: flipsite.Study) -> None:
    """The predictors' charts hang on what was fitted, and are asked for by name."""
    for name in flipsite.charts.names(collected):
        assert getattr(flipsite.charts, name.replace("-", "_")), name
    article = load_report(Path(__file__).parents[1] / "content/studies/article-2025")
    for name in study_drawings(article):
        assert name.startswith("predictors-") or getattr(flipsite.charts, name.replace("-", "_"))


def test_charts_show_by_themselves(collected: flipsite.Study) -> None:
    """With their finding, in plain colours, leading nowhere; and Altair takes them as valid."""
    for name in ("truth", "verdicts", "spend"):
        chart = flipsite.charts.named(collected, name)
        assert isinstance(chart, alt.TopLevelMixin)
        spec = json.dumps(chart.to_dict())
        assert '"title": {' in spec
        assert "var(--" not in spec
        assert '"href"' not in spec
        assert "vega" in str(chart._repr_mimebundle_())  # what a notebook asks for


def test_a_changed_file_is_read_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    study = flipsite.Study.begin("coins", simulated=True)
    assert len(flipsite.estimates(study)) == 0
    study.collect(simulated=True, draws=4, models=["simulated/fair"])
    assert flipsite.estimates(study)["draws"].tolist() == [4]


def test_it_collects_where_an_event_loop_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As it does in every cell of a notebook."""
    monkeypatch.chdir(tmp_path)

    async def cell() -> int:
        study = flipsite.Study.begin("coins", simulated=True)
        return study.collect(simulated=True, draws=4, models=["simulated/fair"]).progress.n_done

    assert asyncio.run(cell()) == 4


def test_an_interrupted_cell_keeps_what_was_answered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    study = flipsite.Study.begin("coins", simulated=True)
    begun = threading.Event()
    watcher = Watcher(
        created=lambda _: None,
        agree=lambda _: True,
        look=lambda look: begun.set() if look.progress.n_done else None,
    )

    def interrupt() -> None:
        begun.wait(30)
        os.kill(os.getpid(), signal.SIGINT)

    async def cell() -> tuple[bool, int]:
        report = study.collect(simulated=True, draws=4_000, concurrency=2, watcher=watcher)
        return report.interrupted, report.progress.n_done

    def notebook(_number: int, _frame: object) -> None:
        raise KeyboardInterrupt  # what a kernel does with the signal

    stopper = threading.Thread(target=interrupt)
    stopper.start()
    # asyncio.run takes the signal for itself where Python's own handler stands.
    before = signal.signal(signal.SIGINT, notebook)
    try:
        interrupted, n_done = asyncio.run(cell())
    finally:
        signal.signal(signal.SIGINT, before)
        stopper.join()
    assert interrupted
    assert 0 < n_done < 4_000 * 14
    assert len(flipsite.draws(study)) == n_done


def test_spending_wants_a_budget(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Against an endpoint over HTTP that wants money: none is spent unless it is said how much."""
    from flipsite.collect.simulated import COINS, Endpoint
    from flipsite.collect.simulated.server import serving

    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("OPENROUTER_API_KEY", "sk-or-test")
    study = flipsite.Study.begin("mine")
    with serving(Endpoint(seed=1, coins=COINS)) as base:
        with pytest.raises(UsageError, match="no budget"):
            study.collect(draws=2, api_base=base)
        done = study.collect(draws=2, api_base=base, budget_usd=1.0, models=["simulated/fair"])
    assert done.progress.n_done == 2
    assert NOTHING < done.spent_usd <= usd(1)
