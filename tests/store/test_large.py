"""Draws too many to hold: an engine counts what numpy counts, from one file or from parts."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.dataset as ds
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis
from hypothesis import strategies as st
from tests.sampled import rows_of
from tests.store.draw_strategies import many_draws, same

from flipsite.analyse.report import Evidence, evidence
from flipsite.analyse.tally import tally
from flipsite.domain.counts import Transitions, count_study
from flipsite.domain.draws import Draw, Draws, Outcome, Rejected, Status
from flipsite.domain.trajectory import Trajectory
from flipsite.errors import StoreError
from flipsite.settings import load_study
from flipsite.store.counting.aggregate import read_large, read_tallies
from flipsite.store.draws_schema import SCHEMA
from flipsite.store.snapshot.arrow import draws_table
from flipsite.store.snapshot.assemble import collect_draws
from flipsite.store.snapshot.extent import model_extents
from flipsite.store.snapshot.parquet import write_draws

CONTROLS = Path(__file__).parents[2] / "content" / "studies" / "controls"
LABELS = ('["0","1"]', '["1","0"]')


def parts_of(path: Path, folder: Path, n_parts: int) -> list[Path]:
    """The rows of a snapshot dealt out to so many files, as another program may have left them."""
    table = pq.read_table(path)
    files = [folder / "draws" / f"part={part:02d}" / "draws.parquet" for part in range(n_parts)]
    for part, file in enumerate(files):
        file.parent.mkdir(parents=True)
        pq.write_table(table.take(pa.array(range(part, table.num_rows, n_parts), pa.int64())), file)
    return files


def many(n_draws: Sequence[int], *, seed: int) -> Draws:
    """Models with so many draws: leaning coins that sometimes refuse, of two providers, over three days."""
    rng = np.random.default_rng(seed)
    rows = []
    for index, n in enumerate(n_draws):
        for draw, chance in enumerate(rng.random(n).tolist()):
            refused = Rejected(status=Status.REFUSED, reason="x")
            rows.append(
                Draw(
                    model=f"a/model-{index}",
                    draw=draw,
                    labels=("0", "1"),
                    order=draw % 2,
                    result=refused if chance > 0.95 else Outcome(index=int(chance < 0.1 + 0.2 * index)),
                    response=f"Output: {chance}",
                    provider=("A", "B")[int(chance * 1000) % 2],
                    mode=("text", "structured")[draw % 3 == 0],
                    cost_usd=1e-6 * (1 + draw % 7),
                    prompt_tokens=10 + draw % 5,
                    asked_at=f"2026-11-0{1 + draw * 3 // n}T00:00:00Z",
                )
            )
    return collect_draws(rows)


@pytest.mark.slow
@hypothesis(max_examples=40)
@given(rows=many_draws(), n_parts=st.integers(1, 3))
def test_an_engine_counts_what_numpy_counts(
    rows: list[Draw], n_parts: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Any draws, in any number of parts: the tallies are equal to the last picodollar."""
    folder = tmp_path_factory.mktemp("large")
    draws = collect_draws(rows)
    write_draws(folder / "draws.parquet", draws, study="s")
    files = parts_of(folder / "draws.parquet", folder, n_parts)
    assert read_tallies(files) == tally(draws) == read_tallies([folder / "draws.parquet"])


def without_q(evidence: Evidence) -> dict[str, Any]:
    """The halves are cut at the nearest look, and the q-values are of all tests together."""
    tests = {name: getattr(evidence, name) for name in ("succession", "by_provider", "by_day")}
    return {name: test and replace(test, q_value=None) for name, test in tests.items()} | {"by_half": None}


def test_counts_tell_what_rows_tell(tmp_path: Path) -> None:
    """Every test of a model's page comes out the same; what is read are the first draws of each model."""
    draws, study = many([700, 90, 1], seed=5), load_study(CONTROLS)
    write_draws(tmp_path / "draws.parquet", draws, study="s")
    large = read_large(parts_of(tmp_path / "draws.parquet", tmp_path, 4))
    assert large.counts.tallies == tally(draws)
    assert large.counts.asked == ("2026-11-01T00:00:00Z", "2026-11-03T00:00:00Z")
    found, whole = (evidence(study, each) for each in (large.counts, count_study(draws, tally(draws))))
    for model, each in found.items():
        both = (replace(one, **without_q(one)) for one in (each, whole[model]))
        assert next(both) == next(both)
    first = collect_draws(row for row in many_rows(draws) if row.draw < 400)
    assert same(large.first, first)


@pytest.mark.parametrize("n_outcomes", [3, 200])
def test_an_engine_counts_any_number_of_outcomes(n_outcomes: int, tmp_path: Path) -> None:
    """Counts by outcome, arm, provider, day and mode are those that numpy counts."""
    rng = np.random.default_rng(n_outcomes)
    labels = tuple(map(str, range(n_outcomes)))
    draws = collect_draws(
        replace(row, labels=labels, result=Outcome(index=int(rng.integers(n_outcomes))))
        if isinstance(row.result, Outcome)
        else replace(row, labels=labels)
        for row in many_rows(many([500, 40], seed=7))
    )
    write_draws(tmp_path / "draws.parquet", draws, study="s")
    counted = count_study(draws, tally(draws, n_outcomes=n_outcomes), n_outcomes=n_outcomes)
    found = read_large([tmp_path / "draws.parquet"], n_outcomes=n_outcomes).counts
    assert found.tallies == counted.tallies
    assert sum(found.tallies[0].counts) == found.tallies[0].n_valid
    for model, each in counted.models.items():
        other = found.models[model]
        assert sorted(other.shown, key=repr) == sorted(each.shown, key=repr)
        assert (other.by_provider, other.by_day, other.by_mode) == (
            each.by_provider,
            each.by_day,
            each.by_mode,
        )


def test_a_trajectory_is_looked_at_now_and_then(tmp_path: Path) -> None:
    """700 draws in 350 stretches of two: exact counts after each, and each stretch's first draw."""
    draws = many([700, 3], seed=6)
    write_draws(tmp_path / "draws.parquet", draws, study="s")
    counts = read_large([tmp_path / "draws.parquet"]).counts
    outcomes = draws.outcome[draws.rows(0)]
    found, whole = counts.models["a/model-0"].trajectory, Trajectory.of_each(draws)[0]
    assert found.asked.tolist() == list(range(2, 701, 2))
    assert found.counts.table[:, :6].tolist() == whole.counts.table[1::2, :6].tolist()
    assert found.shown.tolist() == outcomes[::2].tolist()
    assert found.stride == 2
    assert counts.models["a/model-1"].trajectory.stride == 1


@given(outcomes=st.lists(st.sampled_from([1, 0, -1]), max_size=9))
def test_neighbours_are_counted_over_gaps(outcomes: list[int]) -> None:
    """A draw without an outcome stands between no two: counted one by one."""
    valid = [outcome for outcome in outcomes if outcome >= 0]
    found = Transitions.of(np.array(outcomes, np.int8))
    pairs = list(pairwise(valid))
    assert found.n_changes == sum(a != b for a, b in pairs)
    assert found.n_both_ones == pairs.count((1, 1))
    assert found.n_end_ones == sum(valid[:1] + valid[-1:])


@pytest.mark.parametrize(
    ("column", "value"), [("outcome", 2), ("outcome", None), ("status", "lost"), ("draw", -1), ("draw", 5)]
)
def test_an_engine_refuses_what_no_snapshot_may_hold(
    tmp_path: Path, column: str, value: int | str | None
) -> None:
    """An outcome of 2, a valid draw without one, an unknown status, a draw number below 0 or there twice."""
    write_draws(tmp_path / "draws.parquet", many([9], seed=1), study="s")
    table = pq.read_table(tmp_path / "draws.parquet")
    place = table.schema.get_field_index(column)
    values = [value if row in (0, 1) else told for row, told in enumerate(table[column].to_pylist())]
    field = table.schema.field(column)
    broken = table.set_column(place, field, pa.array(values, field.type))
    pq.write_table(broken, tmp_path / "broken.parquet")
    with pytest.raises(StoreError, match=f"the column '{column}' holds what no snapshot may"):
        read_tallies([tmp_path / "broken.parquet"])


@pytest.mark.parametrize("n_outcomes", [3, 100])
def test_an_outcome_beyond_the_last_is_refused(tmp_path: Path, n_outcomes: int) -> None:
    """A study of k outcomes whose draws hold one more."""
    labels = tuple(map(str, range(n_outcomes + 1)))
    rows = rows_of({"a/b": [0, n_outcomes]}, labels)
    write_draws(tmp_path / "draws.parquet", collect_draws(rows), study="s")
    assert read_tallies([tmp_path / "draws.parquet"], n_outcomes=n_outcomes + 1)[0].n_valid == 2
    with pytest.raises(StoreError, match="the column 'outcome' holds what no snapshot may"):
        read_tallies([tmp_path / "draws.parquet"], n_outcomes=n_outcomes)


def test_parts_that_another_program_wrote_are_counted(tmp_path: Path) -> None:
    """Whatever its files are called: their columns tell that they are draws."""
    write_draws(tmp_path / "draws.parquet", many([9], seed=1), study="s")
    table = pq.read_table(tmp_path / "draws.parquet").replace_schema_metadata(None)
    part = tmp_path / "draws" / "batch=7" / "draws.parquet"
    part.parent.mkdir(parents=True)
    pq.write_table(table, part)
    assert read_tallies([part]) == tally(many([9], seed=1))


def partitioned(draws: Draws, folder: Path, *columns: str) -> list[Path]:
    """The draws as a Hive-partitioned dataset: these columns stand in the names of folders alone."""
    keys = pa.schema([SCHEMA.field(column) for column in columns])
    ds.write_dataset(
        draws_table(draws, study="s").replace_schema_metadata(None),
        folder,
        format="parquet",
        partitioning=ds.partitioning(keys, flavor="hive"),
    )
    return sorted(folder.rglob("*.parquet"))


def test_folders_may_tell_the_model(tmp_path: Path) -> None:
    """A dataset partitioned by Hive's fashion, as Spark and DuckDB write it: also names like numbers."""
    rows = many_rows(many([60, 9, 5], seed=2))
    draws = collect_draws(replace(row, model=row.model.replace("a/model-2", "007")) for row in rows)
    files = partitioned(draws, tmp_path / "draws", "model", "status", "order")
    assert len(files) > 6
    assert read_tallies(files) == tally(draws) == read_tallies([(tmp_path / "draws").as_uri()])
    found = read_large(files)
    assert found.counts.models["007"].neighbours.n_valid == tally(draws)[0].n_valid
    assert same(found.first, draws)
    assert {model: extent.draws for model, extent in model_extents(files).items()} == {
        one.model: one.n_draws for one in tally(draws)
    }


def many_rows(draws: Draws) -> list[Draw]:
    """Draws as single ones again, in the columns that `many` fills."""
    rows = []
    for index, model in enumerate(draws.models):
        for row in range(*draws.rows(index).indices(len(draws))):
            outcome = int(draws.outcome[row])
            rows.append(
                Draw(
                    model=model,
                    draw=int(draws.draw[row]),
                    labels=("0", "1"),
                    order=int(draws.order[row]),
                    result=Outcome(index=outcome)
                    if outcome >= 0
                    else Rejected(status=Status.REFUSED, reason="x"),
                    response=draws.response[row],
                    provider=draws.provider[row],
                    mode=draws.mode[row],
                    cost_usd=float(draws.cost_usd[row]),
                    prompt_tokens=int(draws.prompt_tokens[row]),
                    asked_at=draws.asked_at[row],
                )
            )
    return rows
