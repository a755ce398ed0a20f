"""Draws given back as CSV, JSON lines or Parquet: every column of the tidy draws, the same bytes each time.

Missing is an empty cell in CSV and null elsewhere; an empty text is an empty cell in CSV too. Numbers are
written as the shortest text that reads back as the same number; lines end in LF; text is UTF-8.

CSV is opened in spreadsheets: what a model or provider said is guarded (`cells`), and `flipsite import` takes
the guard off again, so that the way there and back is exact. JSON lines and Parquet hold the text as it is.
"""

import json
from collections.abc import Callable, Iterable, Iterator
from math import isfinite
from typing import Any, BinaryIO, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from flipsite.cells import csv_cell
from flipsite.domain import STATUSES, Draws
from flipsite.store.arrow import SCHEMA, draws_table, unicode_text
from flipsite.store.columns import COUNTS, NUMBERS, model_column
from flipsite.store.snapshot import ROWS_A_GROUP, parquet_writer

ExportFormat = Literal["csv", "jsonl", "parquet"]
EXPORT_FORMATS: tuple[ExportFormat, ...] = get_args(ExportFormat)

COLUMNS: tuple[str, ...] = tuple(SCHEMA.names)
"""The header of the tidy draws, in the design's order."""

_ROWS_A_BLOCK = 8_192


def export_draws(draws: Draws, file: BinaryIO, *, study: str, form: ExportFormat) -> None:
    """Write the draws to an open binary file; arguments as for `export_groups`."""
    export_groups([draws], file, study=study, form=form)


def export_groups(groups: Iterable[Draws], file: BinaryIO, *, study: str, form: ExportFormat) -> int:
    """Write draws to an open binary file, and never hold more than some of them.

    Args:
        groups: What to write, some draws at a time.
        file: Where to; written from its present position, not closed.
        study: The study's id, which stands in each row.
        form: `csv`, `jsonl` (one JSON object a line) or `parquet` (the snapshot's own form).

    Returns:
        How many draws were written.
    """
    n_draws = 0
    if form == "parquet":
        with parquet_writer(file, None) as writer:
            for draws in groups:
                writer.write_table(draws_table(draws, study=study), row_group_size=ROWS_A_GROUP)
                n_draws += len(draws)
        return n_draws
    if form == "csv":
        file.write((",".join(COLUMNS) + "\n").encode())
    for draws in groups:
        lines = _csv_lines(draws, study) if form == "csv" else _json_lines(draws, study)
        file.writelines(unicode_text(block).encode() for block in _blocks(lines))
        n_draws += len(draws)
    return n_draws


def _csv_lines(draws: Draws, study: str) -> Iterator[str]:
    shown = {name: _texts(values, csv_cell) for name, values in _text_columns(draws, study).items()}
    shown |= {name: _texts(values, str) for name, values in _number_columns(draws).items()}
    for row in zip(*(shown[name] for name in COLUMNS), strict=True):
        yield ",".join(row) + "\n"


def _json_lines(draws: Draws, study: str) -> Iterator[str]:
    texts, numbers = _text_columns(draws, study), _number_columns(draws)
    shown = {name: _texts(values, _json_text, missing="null") for name, values in texts.items()}
    shown |= {name: _texts(values, str, missing="null") for name, values in numbers.items()}
    shown["labels"] = _texts(draws.labels, str, missing="null")  # is JSON already
    heads = [f'{"{" if name == COLUMNS[0] else ","}"{name}":' for name in COLUMNS]
    for row in zip(*(shown[name] for name in COLUMNS), strict=True):
        yield "".join(part for pair in zip(heads, row, strict=True) for part in pair) + "}\n"


def _text_columns(draws: Draws, study: str) -> dict[str, Iterable[str | None]]:
    statuses = [str(status) for status in STATUSES]
    return {
        "study": [study] * len(draws),
        "model": model_column(draws),
        "labels": draws.labels,
        "status": [statuses[code] for code in draws.status.tolist()],
        "response": draws.response,
        "finish_reason": draws.finish_reason,
        "provider": draws.provider,
        "mode": draws.mode,
        "asked_at": draws.asked_at,
    }


def _number_columns(draws: Draws) -> dict[str, Iterable[float | None]]:
    codes = {name: _present(getattr(draws, name), getattr(draws, name) >= 0) for name in ("order", "outcome")}
    counts = {name: _whole(getattr(draws, name)) for name in COUNTS}
    floats = {name: _present(getattr(draws, name), np.isfinite(getattr(draws, name))) for name in NUMBERS}
    return {"draw": draws.draw.tolist(), **codes, **counts, **floats}


def _present(values: NDArray[Any], present: NDArray[np.bool_]) -> list[float | None]:
    return [value if there else None for value, there in zip(values.tolist(), present.tolist(), strict=True)]


def _whole(values: NDArray[np.float64]) -> list[float | None]:
    return [int(value) if isfinite(value) else None for value in values.tolist()]


def _texts(values: Iterable[Any], show: Callable[[Any], str], *, missing: str = "") -> list[str]:
    return [missing if value is None else show(value) for value in values]


def _json_text(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


def _blocks(lines: Iterable[str]) -> Iterator[str]:
    block: list[str] = []
    for line in lines:
        block.append(line)
        if len(block) == _ROWS_A_BLOCK:
            yield "".join(block)
            block.clear()
    yield "".join(block)
