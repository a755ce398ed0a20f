"""A model's draws as a CSV file of its own, beside its page.

It is written column by column, and a value that a whole column shares is written once: two thousand models
have a hundred thousand draws, and a dictionary for each takes longer than their pages.
"""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from flipsite.csv_cells import csv_cell
from flipsite.domain.display import encoded
from flipsite.domain.draws import OPTIONAL_CODES, STATUSES, Draws
from flipsite.domain.urls import model_folder
from flipsite.files import Content

DRAW_KEYS: Final = (
    *("draw", "labels", "order", "outcome", "sequence", "status", "response", "finish_reason", "provider"),
    *("served_model", "mode", "p_labels", "p_cover", "proposed", "accepted", "seed_text", "prompt_tokens"),
    *("completion_tokens", "reasoning_tokens", "cost_usd", "latency_s", "asked_at"),
)
"""Columns, those of the tidy draws but for study and model."""

_CODES: Final = ("order", "outcome")
_COUNTS: Final = (*OPTIONAL_CODES, "prompt_tokens", "completion_tokens", "reasoning_tokens")
_STATUS_NAMES: Final = tuple(status.value for status in STATUSES)


_MODELS = 480
"""In a batch."""


def csv_batches(
    study: str, draws: Draws, *, standing: Callable[[str], Content | None]
) -> list[Callable[[], dict[str, Content]]]:
    """The functions that make these files, each of some models.

    Args:
        study: The study's id.
        draws: All of its draws.
        standing: Gives a file of the last site that is still good, by its path.
    """

    def files(models: Sequence[int]) -> dict[str, Content]:
        paths = {index: f"{model_folder(study, draws.models[index])}/draws.csv" for index in models}
        return {path: standing(path) or model_csv(draws, draws.rows(index)) for index, path in paths.items()}

    models = np.flatnonzero(np.diff(draws.starts)).tolist()
    return [partial(files, models[first : first + _MODELS]) for first in range(0, len(models), _MODELS)]


def model_csv(draws: Draws, rows: slice) -> bytes:
    """All draws of the model whose rows these are; text that a spreadsheet would run is disarmed."""
    keys = [key for key in DRAW_KEYS if getattr(draws, key) is not None]
    columns = [_cells(key, getattr(draws, key)[rows]) for key in keys]
    return encoded(f"{','.join(keys)}\n{_lines(columns)}")


def _cells(key: str, column: Any) -> list[str]:
    if key == "draw":
        return [str(number) for number in column.tolist()]
    if key == "status":
        return [_STATUS_NAMES[code] for code in column.tolist()]
    if key in _CODES:
        return _codes(column)
    if key in _COUNTS:
        return _numbers(column, "%d")
    return _numbers(column, "%r") if isinstance(column, np.ndarray) else _texts(column)


def _lines(columns: Sequence[Sequence[str]]) -> str:
    """One line a row; columns of one and the same text are part of the form that the others fill."""
    form, filled = [], []
    for column in columns:
        if column.count(column[0]) == len(column):
            form.append(column[0].replace("%", "%%"))
        else:
            form.append("%s")
            filled.append(column)
    line = ",".join(form) + "\n"
    if not filled:
        return (line % ()) * len(columns[0])
    return "".join([line % row for row in zip(*filled, strict=True)])


def _texts(column: Sequence[str | None]) -> list[str]:
    if column.count(column[0]) == len(column):
        return [csv_cell(column[0])] * len(column)
    cells = {text: csv_cell(text) for text in set(column)}
    return [cells[text] for text in column]


def _codes(column: NDArray[Any]) -> list[str]:
    values = column.tolist()
    cells = {value: str(value) if value >= 0 else "" for value in set(values)}
    return [cells[value] for value in values]


def _numbers(column: NDArray[Any], form: str) -> list[str]:
    values = column.tolist()
    if len(values) > 1 and values.count(values[0]) == len(values):
        return [form % values[0]] * len(values)
    return [form % value if value == value else "" for value in values]  # noqa: PLR0124 (NaN)
