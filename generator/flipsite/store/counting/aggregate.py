"""Draws too many to hold: all of them counted by an engine, and the beginning of each model's read."""

import os
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from flipsite.domain.counts import (
    ModelCounts,
    PromptArm,
    Split,
    StudyCounts,
    Transitions,
    prompt_arms,
)
from flipsite.domain.draws import STATUSES, Draws, Tally
from flipsite.domain.engine import EMBEDDED, EngineChoice
from flipsite.domain.money import Usd
from flipsite.domain.study import ModelChoice
from flipsite.domain.trajectory import N_COUNTS, RunningCounts, Trajectory
from flipsite.errors import StoreError
from flipsite.store.counting import queries
from flipsite.store.counting.engine import Engine, engine
from flipsite.store.counting.queries import Expression
from flipsite.store.draws_schema import SCHEMA, WIDE_SCHEMA
from flipsite.store.snapshot.read import draws_of_table, n_draws

LOOKS = 400
"""Most points of a model's running mean, and marks of its strip, as its page shows them."""

FIRST = 400
"""Most draws of a model that are read."""

FEWEST = 50
"""Of either, however many models there are: as many answers as a page shows."""

_LOOKS_IN_ALL = 240_000
_FIRST_IN_ALL = 120_000
_PAIRS = 1_000
"""Label pairs beyond which draws are not counted by them: then each pair is a draw or two."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CountedDraws:
    """A large study's draws: counted, and the first of each model's."""

    counts: StudyCounts
    first: Draws


EVERY_MODEL = ModelChoice()


def read_large(
    places: Sequence[Path | str],
    *,
    choice: EngineChoice = EMBEDDED,
    models: ModelChoice = EVERY_MODEL,
    n_outcomes: int = 2,
) -> CountedDraws:
    """Count a study's draws, and read the first of each model's.

    Args:
        places: Parquet files of tidy draws, in any number of parts; or the address of one folder of them.
        choice: Who counts.
        models: Those it leaves out are not counted.
        n_outcomes: k.

    Raises:
        StoreError: If a file is no such Parquet, a column holds what it may not, or the engine fails.
    """
    with engine(choice) as connected:
        draws = _draws(connected, places, models)
        return _read(connected, draws, name=_name(places), n_outcomes=n_outcomes)


def read_tallies(
    places: Sequence[Path | str],
    *,
    choice: EngineChoice = EMBEDDED,
    models: ModelChoice = EVERY_MODEL,
    n_outcomes: int = 2,
) -> tuple[Tally, ...]:
    """Only a study's tallies; arguments and errors as for `read_large`."""
    with engine(choice) as connected:
        draws = _draws(connected, places, models)
        return _tallies(connected, draws, name=_name(places), n_outcomes=n_outcomes)[0]


def _draws(connected: Engine, places: Sequence[Path | str], models: ModelChoice) -> Expression:
    for place in places:
        if isinstance(place, Path):
            n_draws(place)  # its error names the fault of a file better than an engine's
    draws = connected.draws([str(place) for place in places])
    if not models.has_exceptions:
        return draws
    names = connected.rows(draws.select("model").distinct())["model"].to_pylist()
    left_out = [name for name in names if name is not None and models.leaves_out(name)]
    return draws.filter(draws["model"].notin(left_out) | draws["model"].isnull()) if left_out else draws


def _name(places: Sequence[Path | str]) -> str:
    """The draws' name in an error."""
    return str(places[0]) if len(places) == 1 else os.path.commonpath(places)


def _read(connected: Engine, draws: Expression, *, name: str, n_outcomes: int) -> CountedDraws:
    tallies, rows = _tallies(connected, draws, name=name, n_outcomes=n_outcomes)
    latest = max((row["first"] for row in rows), default=0)
    most_first = min(FIRST, max(FEWEST, _FIRST_IN_ALL // max(1, len(tallies))))
    most_looks = min(LOOKS, max(FEWEST, _LOOKS_IN_ALL // max(1, len(tallies))))
    columns = tuple(column for column in SCHEMA.names if column != "study")
    table = connected.rows(
        queries.beginning(draws, most=most_first, below=latest + most_first, columns=columns)
    )
    table = table.select(columns).cast(pa.schema([WIDE_SCHEMA.field(column) for column in columns]))
    first = draws_of_table(name, table.sort_by([("model", "ascending"), ("draw", "ascending")]))
    (asked_with,) = connected.rows(queries.asked(draws)).to_pylist()
    several = n_outcomes > 2
    shown = (
        _shown(connected.rows(queries.shown(draws, by_outcome=several)), n_outcomes)
        if asked_with["pairs"] <= _PAIRS
        else _shown_first(first, n_outcomes)
    )
    by = {
        each: _splits(connected.rows(queries.splits(draws, each, by_outcome=several)), n_outcomes)
        for each in queries.BY
    }
    beside = _neighbours(connected.rows(queries.neighbours(draws)))
    widths = connected.table(_widths(rows, most=most_looks))
    found = connected.rows(queries.looks(draws, widths))
    trajectories = _trajectories(found, varying_labels=asked_with["pairs"] > 1)
    models = {
        tally.model: ModelCounts(
            shown=shown.get(tally.model, ()),
            by_provider=by["provider"].get(tally.model, {}),
            by_day=by["day"].get(tally.model, {}),
            by_mode=by["mode"].get(tally.model, {}),
            neighbours=beside.get(tally.model, Transitions.of(np.zeros(0, np.int8))),
            trajectory=trajectories[tally.model],
        )
        for tally in tallies
    }
    asked = (asked_with["first"], asked_with["last"]) if asked_with["last"] else None
    return CountedDraws(counts=StudyCounts(tallies=tallies, models=models, asked=asked), first=first)


Rows = Sequence[Mapping[str, Any]]
Integers = NDArray[np.int64]


def _tallies(
    connected: Engine, draws: Expression, *, name: str, n_outcomes: int
) -> tuple[tuple[Tally, ...], Rows]:
    """The tallies, sorted by model, and the rows they come from."""
    rows = connected.rows(queries.tallies(draws, of_coins=n_outcomes == 2)).to_pylist()
    rows.sort(key=lambda row: row["model"] or "")
    if n_outcomes == 2:
        return tuple(_tally(row, name=name, n_outcomes=n_outcomes) for row in rows), rows
    found = _outcomes(connected.rows(queries.outcomes(draws)))
    tallies = []
    for row in rows:
        outcomes, n_valid = found.get(row["model"], (np.zeros(0, np.int64), np.zeros(0, np.int64)))
        bounds = {"lowest": min(outcomes, default=None), "highest": max(outcomes, default=None), "n_ones": 0}
        tally = _tally(row | bounds, name=name, n_outcomes=n_outcomes)
        counts = np.zeros(n_outcomes, np.int64)
        counts[outcomes] = n_valid
        tallies.append(replace(tally, counts=tuple(counts.tolist()), n_ones=int(counts[1])))
    return tuple(tallies), rows


def _outcomes(table: pa.Table) -> dict[str | None, tuple[Integers, Integers]]:
    """The outcomes that each model drew, and how often it drew each."""
    names = table["model"].combine_chunks().dictionary_encode()
    model = names.indices.fill_null(len(names.dictionary)).to_numpy(zero_copy_only=False)
    by_model = np.argsort(model, kind="stable")
    outcome, n_valid = (table[name].to_numpy().astype(np.int64)[by_model] for name in ("outcome", "n_valid"))
    ends = np.searchsorted(model[by_model], np.arange(len(names.dictionary) + 2))
    return {
        name: (outcome[start:end], n_valid[start:end])
        for name, (start, end) in zip([*names.dictionary.to_pylist(), None], pairwise(ends), strict=True)
    }


def _tally(row: Mapping[str, Any], *, name: str, n_outcomes: int) -> Tally:
    model, n_draws = row["model"], row["n_draws"]
    by_status = tuple(int(row[f"status_{status.value}"] or 0) for status in STATUSES)
    faults = {
        "model": model is None,
        "draw": row["n_numbered"] != n_draws or row["first"] < 0 or row["last"] - row["first"] < n_draws - 1,
        "status": sum(by_status) != n_draws,
        "outcome": row["n_unlike"] or (row["lowest"] or 0) < 0 or (row["highest"] or 0) >= n_outcomes,
    }
    for column, broken in faults.items():
        if broken:
            raise StoreError(
                f"{name}: the column {column!r} holds what no snapshot may ({model}); make the snapshot anew"
            )
    priced = row["n_priced"] > 0
    return Tally(
        model=model,
        n_draws=n_draws,
        n_valid=row["n_valid"],
        n_ones=int(row["n_ones"] or 0),
        by_status=by_status,
        cost_usd=Usd(int(row["cost_pico"])) if priced else None,
        failed_cost_usd=Usd(int(row["failed_pico"] or 0)) if priced else None,
        prompt_tokens=_whole(row["prompt_tokens"]),
        completion_tokens=_whole(row["completion_tokens"]),
        reasoning_tokens=_whole(row["reasoning_tokens"]),
    )


def _whole(value: Any) -> int | None:
    return None if value is None else int(value)


def _widths(rows: Sequence[Mapping[str, Any]], *, most: int) -> pa.Table:
    """How wide the stretches of each model's numbers are that are at most so many."""
    columns = {
        "model": pa.array([row["model"] for row in rows], pa.string()),
        "first": pa.array([row["first"] for row in rows], pa.int64()),
        "width": pa.array([(row["last"] - row["first"]) // most + 1 for row in rows], pa.int64()),
    }
    return pa.table(columns)


def _counts(table: pa.Table, by: tuple[str, ...], n_outcomes: int) -> dict[tuple[Any, ...], Split]:
    """Counts by outcome of each group, the groups sorted; of two outcomes a row holds both counts."""
    found: defaultdict[tuple[Any, ...], list[int]] = defaultdict(lambda: [0] * n_outcomes)
    for row in sorted(
        table.to_pylist(), key=lambda row: [row[name] if name == "order" else row[name] or "" for name in by]
    ):
        counts = found[tuple(row[name] for name in by)]
        if "outcome" in row:
            counts[row["outcome"]] += row["n_valid"]
        else:
            counts[:] = row["n_valid"] - int(row["n_ones"]), int(row["n_ones"])
    return {group: tuple(counts) for group, counts in found.items()}


def _splits(table: pa.Table, n_outcomes: int) -> dict[str, dict[str, Split]]:
    found: defaultdict[str, dict[str, Split]] = defaultdict(dict)
    for (model, name), counts in _counts(table, ("model", "name"), n_outcomes).items():
        found[model][name] = counts
    return found


def _shown(table: pa.Table, n_outcomes: int) -> dict[str, tuple[PromptArm, ...]]:
    found: defaultdict[str, list[PromptArm]] = defaultdict(list)
    for (model, labels, order), counts in _counts(table, ("model", "labels", "order"), n_outcomes).items():
        found[model].append(PromptArm(labels=labels or "", order=order, counts=counts))
    return {model: tuple(cells) for model, cells in found.items()}


def _shown_first(first: Draws, n_outcomes: int) -> dict[str, tuple[PromptArm, ...]]:
    return {
        model: prompt_arms(first, first.rows(index), n_outcomes=n_outcomes)
        for index, model in enumerate(first.models)
    }


def _neighbours(table: pa.Table) -> dict[str, Transitions]:
    return {
        row["model"]: Transitions(
            n_valid=row["n_valid"],
            n_ones=int(row["n_ones"]),
            n_changes=int(row["n_changes"] or 0),
            n_both_ones=int(row["n_both_ones"] or 0),
            n_end_ones=int(row["n_end_ones"]),
        )
        for row in table.to_pylist()
    }


def _trajectories(table: pa.Table, *, varying_labels: bool) -> dict[str, Trajectory]:
    """Each model's trajectory, from its stretches; label pairs are not followed."""
    table = table.sort_by([("model", "ascending"), ("look", "ascending")])
    columns = {
        name: np.array([value or 0 for value in table[name].to_pylist()], np.int64)
        for name in ("width", "n_draws", *queries.RUNNING, "head")
    }
    counts = np.zeros((len(table), N_COUNTS), np.int64)
    counts[:, : len(queries.RUNNING)] = np.stack([columns[name] for name in queries.RUNNING], axis=1)
    models = table["model"].to_pylist()
    starts = [i for i, model in enumerate(models) if i == 0 or model != models[i - 1]]
    return {
        models[start]: Trajectory(
            asked=np.cumsum(columns["n_draws"][start:stop]),
            counts=RunningCounts(table=np.cumsum(counts[start:stop], axis=0)),
            clustered=varying_labels,
            shown=columns["head"][start:stop].astype(np.int16),
            stride=int(columns["width"][start]),
        )
        for start, stop in pairwise([*starts, len(models)])
    }
