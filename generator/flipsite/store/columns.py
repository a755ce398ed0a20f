"""Draws put together column by column: sorted, counted, and checked for doubles."""

import json
from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from flipsite.domain.draws import STATUSES, Draw, Draws, Failed, Outcome, Rejected, Status
from flipsite.errors import StoreError

TEXTS = ("labels", "response", "finish_reason", "provider", "mode", "asked_at")
"""Columns of `Draws` that are text, None where missing."""

CODES = ("outcome", "status", "order")
"""Columns of `Draws` that are small codes, -1 where missing."""

COUNTS = ("prompt_tokens", "completion_tokens", "reasoning_tokens")
"""Columns of `Draws` that are whole numbers kept as float64, NaN where missing."""

NUMBERS = ("cost_usd", "latency_s")
"""Columns of `Draws` that are float64, NaN where missing."""

RESPONSE_CHARACTERS = 4_000
"""A longer response is cut to this many characters in the snapshot."""

STATUS_CODE = {status: code for code, status in enumerate(STATUSES)}


def labels_text(labels: Sequence[str]) -> str:
    """A pair of labels as it stands in a file: `["0","1"]`."""
    return _labels_text(tuple(labels))


@lru_cache(maxsize=1024)  # most studies have one
def _labels_text(labels: tuple[str, ...]) -> str:
    return json.dumps(list(labels), ensure_ascii=False, separators=(",", ":"))


def brief(draw: Draw) -> Draw:
    """The draw without what the snapshot has no room for: thousands of long ones would not fit in memory."""
    if draw.response is None or len(draw.response) <= RESPONSE_CHARACTERS:
        return draw
    return replace(draw, response=draw.response[:RESPONSE_CHARACTERS])


def assemble(model: Sequence[str], draw: NDArray[np.int64], columns: dict[str, Any]) -> Draws:
    """Sort rows by model (code point) and draw into the snapshot in memory.

    Args:
        model: Each row's model.
        draw: Each row's index within its model.
        columns: The other columns of `Draws`, as they are in it.

    Raises:
        StoreError: If a model has two draws of one index.
    """
    models, code = _coded(model)
    order = np.lexsort((draw, code))
    code, draw = code[order], draw[order]
    double = np.flatnonzero((code[1:] == code[:-1]) & (draw[1:] == draw[:-1]))
    if double.size:
        row = int(double[0])
        raise StoreError(f"{models[code[row]]}: draw {draw[row]} is there twice; keep one of the two")
    return Draws(
        models=models,
        starts=np.searchsorted(code, np.arange(len(models) + 1)).astype(np.int64),
        draw=draw,
        **{name: _taken(column, order) for name, column in columns.items()},
    )


def collect_draws(draws: Iterable[Draw]) -> Draws:
    """The tidy columns of single draws, whatever order they come in.

    Raises:
        StoreError: If a model has two draws of one index.
    """
    rows = list(draws)
    columns: dict[str, Any] = {
        name: [getattr(row, name) for row in rows] for name in TEXTS if name != "labels"
    }
    columns["labels"] = [labels_text(row.labels) for row in rows]
    columns["order"] = np.array([row.order for row in rows], np.int8)
    columns["outcome"] = np.array([_outcome(row) for row in rows], np.int8)
    columns["status"] = np.array([STATUS_CODE[_status(row)] for row in rows], np.int8)
    for name in (*COUNTS, *NUMBERS):
        columns[name] = np.array([getattr(row, name) for row in rows], np.float64)
    return assemble([row.model for row in rows], np.array([row.draw for row in rows], np.int64), columns)


def appended(draws: Draws, more: Draws, *, renumber: bool) -> Draws:
    """Both sets of draws as one.

    Args:
        draws: What is there; it stays as it is.
        more: What is added. Where one of a model's numbers is taken, all its new draws follow the old.
        renumber: Whether they follow the old in any case.
    """
    shift = np.zeros(len(more), np.int64)
    for index, model in enumerate(more.models):
        place = bisect_left(draws.models, model)
        if draws.models[place : place + 1] != (model,):
            continue
        old, new = draws.draw[draws.rows(place)], more.draw[more.rows(index)]
        if renumber or np.intersect1d(old, new).size:
            shift[more.rows(index)] = old.max() + 1
    columns: dict[str, Any] = {name: [*getattr(draws, name), *getattr(more, name)] for name in TEXTS}
    for name in (*CODES, *COUNTS, *NUMBERS):
        columns[name] = np.concatenate([getattr(draws, name), getattr(more, name)])
    names = model_column(draws) + model_column(more)
    return assemble(names, np.concatenate([draws.draw, more.draw + shift]), columns)


def following(draws: Draws, last: Mapping[str, int], *, renumber: bool) -> Draws:
    """The draws with numbers that are free.

    Args:
        draws: What is added to a study.
        last: The last number that each model's draws have there. Where one of a model's new numbers is not
            beyond it, all of them follow it.
        renumber: Whether they follow it in any case.
    """
    shift = np.zeros(len(draws), np.int64)
    for index, model in enumerate(draws.models):
        rows = draws.rows(index)
        if model in last and (renumber or draws.draw[rows].min() <= last[model]):
            shift[rows] = last[model] + 1
    return replace(draws, draw=draws.draw + shift)


def model_column(draws: Draws) -> list[str]:
    """The model of each row."""
    lengths = np.diff(draws.starts).tolist()
    return [name for name, n in zip(draws.models, lengths, strict=True) for _ in range(n)]


def _coded(model: Sequence[str]) -> tuple[tuple[str, ...], NDArray[np.int64]]:
    models = tuple(sorted(set(model)))
    index = {name: code for code, name in enumerate(models)}
    return models, np.fromiter((index[name] for name in model), np.int64, count=len(model))


def _taken(column: Any, order: NDArray[np.int64]) -> Any:
    return column[order] if isinstance(column, np.ndarray) else [column[row] for row in order.tolist()]


def _outcome(draw: Draw) -> int:
    return draw.result.index if isinstance(draw.result, Outcome) else -1


def _status(draw: Draw) -> Status:
    match draw.result:
        case Outcome():
            return Status.VALID
        case Rejected(status=status):
            return status
        case Failed():
            return Status.ERROR
