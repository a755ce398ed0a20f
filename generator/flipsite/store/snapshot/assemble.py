"""Draws put together in memory: collected, appended, sorted, without some of their rows."""

import json
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import fields, replace
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from flipsite.domain.draws import (
    OPTIONAL,
    OPTIONAL_CODES,
    OPTIONAL_NUMBERS,
    OPTIONAL_TEXTS,
    STATUSES,
    Declined,
    Draw,
    Draws,
    Failed,
    Outcome,
    OutcomeSequence,
    Rejected,
    Status,
)
from flipsite.errors import StoreError
from flipsite.store.draws_columns import CODES, COUNTS, NUMBERS, RESPONSE_CHARACTERS, TEXTS

STATUS_CODE = {status: code for code, status in enumerate(STATUSES)}


def labels_text(labels: Sequence[str]) -> str:
    """A pair of labels as it is in a file: `["0","1"]`."""
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


def collect_draws(draws: Iterable[Draw], *, optional: Collection[str] | None = None) -> Draws:
    """The tidy columns of single draws, whatever order they come in.

    Args:
        draws: The rows.
        optional: The optional columns to hold; None for those that these draws have a use for.

    Raises:
        StoreError: If a model has two draws of one index.
    """
    rows = list(draws)
    if optional is None:
        optional = _used_columns(rows)
    columns: dict[str, Any] = {
        name: [getattr(row, name) for row in rows]
        for name in (*TEXTS, *(name for name in OPTIONAL_TEXTS if name in optional))
        if name != "labels"
    }
    columns["labels"] = [labels_text(row.labels) for row in rows]
    columns["order"] = np.array([row.order for row in rows], np.int16)
    columns["outcome"] = np.array([_outcome(row) for row in rows], np.int16)
    columns["status"] = np.array([STATUS_CODE[_status(row)] for row in rows], np.int8)
    for name in (*COUNTS, *NUMBERS, *(name for name in OPTIONAL_NUMBERS if name in optional)):
        columns[name] = np.array([getattr(row, name) for row in rows], np.float64)
    return assemble([row.model for row in rows], np.array([row.draw for row in rows], np.int64), columns)


def _used_columns(rows: Sequence[Draw]) -> tuple[str, ...]:
    """The optional columns that some draws have a use for."""
    used = {
        "sequence": any(isinstance(row.result, OutcomeSequence) for row in rows),
        "served_model": any(served_otherwise(row.model, row.served_model) for row in rows),
        **dict.fromkeys(("p_labels", "p_cover"), any(row.probabilities for row in rows)),
        **dict.fromkeys(OPTIONAL_CODES, any(row.proposed is not None for row in rows)),
        "seed_text": any(row.seed_text is not None for row in rows),
    }
    return tuple(name for name in OPTIONAL if used[name])


def served_otherwise(model: str, served_model: str | None) -> bool:
    """Whether an answer names another model than the one that was asked."""
    return served_model is not None and served_model != model


def appended(draws: Draws, more: Draws) -> Draws:
    """Both sets of draws as one.

    Raises:
        StoreError: If a model has two draws of one index.
    """
    columns: dict[str, Any] = {name: [*getattr(draws, name), *getattr(more, name)] for name in TEXTS}
    for name in draws.optional_columns | more.optional_columns:
        both = [*_optional(draws, name), *_optional(more, name)]
        columns[name] = np.array(both, np.float64) if name in OPTIONAL_NUMBERS else both
    for name in (*CODES, *COUNTS, *NUMBERS):
        columns[name] = np.concatenate([getattr(draws, name), getattr(more, name)])
    names = model_column(draws) + model_column(more)
    return assemble(names, np.concatenate([draws.draw, more.draw]), columns)


def _optional(draws: Draws, name: str) -> Sequence[str | float | None]:
    """An optional column, without values where the draws lack it."""
    values: Sequence[str | float | None] | None = getattr(draws, name)
    return [None] * len(draws) if values is None else values


def model_column(draws: Draws) -> list[str]:
    """The model of each row."""
    lengths = np.diff(draws.starts).tolist()
    return [name for name, n in zip(draws.models, lengths, strict=True) for _ in range(n)]


def _coded(model: Sequence[str]) -> tuple[tuple[str, ...], NDArray[np.int64]]:
    models = tuple(sorted(set(model)))
    index = {name: code for code, name in enumerate(models)}
    return models, np.fromiter((index[name] for name in model), np.int64, count=len(model))


def without_models(draws: Draws, left_out: Callable[[str], bool]) -> Draws:
    """The draws without some models; the same object where none is left out."""
    dropped = [index for index, model in enumerate(draws.models) if left_out(model)]
    return without_rows(
        draws,
        np.flatnonzero(np.isin(np.repeat(np.arange(len(draws.models)), np.diff(draws.starts)), dropped)),
    )


def without_rows(draws: Draws, dropped: NDArray[np.int64]) -> Draws:
    """The draws without some rows, and without models that have no other; the same object without any."""
    if not len(dropped):
        return draws
    return repeated_rows(draws, np.delete(np.arange(len(draws)), dropped))


def repeated_rows(draws: Draws, rows: NDArray[np.int64]) -> Draws:
    """Some rows of the draws, each as often as it is named, in order; models without a row are gone."""
    model = np.repeat(np.arange(len(draws.models)), np.diff(draws.starts))[rows]
    sizes = np.bincount(model, minlength=len(draws.models))
    columns: dict[str, Any] = {
        field.name: None if (column := getattr(draws, field.name)) is None else _taken(column, rows)
        for field in fields(draws)
        if field.name not in ("models", "starts")
    }
    return Draws(
        models=tuple(name for name, n in zip(draws.models, sizes.tolist(), strict=True) if n),
        starts=np.concatenate([[0], np.cumsum(sizes[sizes > 0])]).astype(np.int64),
        **columns,
    )


def _taken(column: Any, order: NDArray[np.int64]) -> Any:
    if isinstance(column, np.ndarray):
        return column[order]
    texts = column[:]
    return [texts[row] for row in order.tolist()]


def _outcome(draw: Draw) -> int:
    return draw.result.index if isinstance(draw.result, Outcome) else -1


def _status(draw: Draw) -> Status:
    match draw.result:
        case Outcome() | OutcomeSequence() | Declined():
            return Status.VALID
        case Rejected(status=status):
            return status
        case Failed():
            return Status.ERROR
