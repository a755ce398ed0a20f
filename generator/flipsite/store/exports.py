"""Exports of draws as CSV, JSON lines or Parquet: every column of the tidy draws, the same bytes each time.

Missing is an empty cell in CSV and null elsewhere; an empty text is an empty cell in CSV too. Numbers are
written as the shortest text that reads back as the same number; lines end in LF; text is UTF-8.

CSV is opened in spreadsheets: `csv_cells` guards what a model or provider said, and `flipsite import` takes
the guard off again, so a round trip is exact. JSON lines and Parquet hold the text as it is.
"""

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from math import isfinite
from typing import TYPE_CHECKING, Any, BinaryIO, Literal, Self

import numpy as np
from numpy.typing import NDArray

from flipsite.csv_cells import csv_cell
from flipsite.domain.columns import TextColumn
from flipsite.domain.draws import (
    OPTIONAL_CODES,
    OPTIONAL_NUMBERS,
    OPTIONAL_TEXTS,
    STATUSES,
    Codes,
    Draws,
)
from flipsite.domain.progress import Progress, unwatched
from flipsite.store.draws_columns import COUNTS, NUMBERS, TEXTS, columns_with, unicode_text
from flipsite.store.snapshot.assemble import collect_draws, repeated_rows

if TYPE_CHECKING:
    import pyarrow as pa

ExportFormat = Literal["csv", "jsonl", "parquet"]

PLACE = "place"
"""The column of a draw's place in its answer, in an export with a row a draw."""

Places = NDArray[np.int64] | None

_ROWS_A_BLOCK = 8_192

_MOST_JOINED = 4_096
"""Distinct cells that two columns may have when they are joined beforehand."""


def export_draws(draws: Draws, file: BinaryIO, *, study: str, form: ExportFormat) -> None:
    """Write the draws to an open binary file; arguments as for `export_groups`."""
    export_groups([draws], file, study=study, form=form)


def export_groups(
    groups: Iterable[Draws],
    file: BinaryIO,
    *,
    study: str,
    form: ExportFormat,
    flat: bool = False,
    n_all: int = 0,
    progress: Progress = unwatched,
) -> int:
    """Write draws to an open binary file, and never hold more than some of them.

    Args:
        groups: What to write, some draws at a time; all have the same columns.
        file: Where to; written from its present position, not closed.
        study: The study's id, which is in each row.
        form: `csv`, `jsonl` (one JSON object a line) or `parquet` (the snapshot's own form).
        flat: Whether each draw of a sequence has a row of its own, with its `place`.
        n_all: How many draws there are, for the progress; 0 where that is not known.
        progress: Told of the draws that are written.

    Returns:
        How many draws were written.
    """
    n_draws, groups = 0, iter(groups)
    first = next(groups, collect_draws([]))
    optional, groups = first.optional_columns, chain([first], groups)
    if form == "parquet":
        from flipsite.store.snapshot.parquet import ROWS_A_GROUP, parquet_writer  # and Arrow

        with parquet_writer(file, None) as writer:
            for draws in groups:
                writer.write_table(_table(draws, study, flat=flat), row_group_size=ROWS_A_GROUP)
                n_draws += len(draws)
                progress("draw", n_draws, n_all)
        return n_draws
    if form == "csv":
        names = columns_with(optional - {"sequence"} if flat else optional)
        place_at = names.index("draw") + 1
        header = [*names[:place_at], PLACE, *names[place_at:]] if flat else names
        file.write((",".join(header) + "\n").encode())
    for draws in groups:
        rows, place = _flattened(draws) if flat else (draws, None)
        columns = _csv_columns(rows, study, place) if form == "csv" else _json_columns(rows, study, place)
        for number, lines in enumerate(_lines(columns, len(rows)), start=1):
            file.write(lines)
            progress("draw", n_draws + min(number * _ROWS_A_BLOCK, len(draws)), n_all)
        n_draws += len(draws)
    return n_draws


@dataclass(frozen=True, slots=True, kw_only=True)
class _ExportColumn:
    """A column: its distinct cells as they are in the file, and which of them each row has."""

    texts: list[str]
    codes: NDArray[np.integer[Any]]

    @classmethod
    def of(cls, texts: list[str], codes: NDArray[np.integer[Any]]) -> Self:
        """Cells and codes, which take as few bytes as they need; of one text none."""
        if len(texts) == 1:
            return cls(texts=texts, codes=np.broadcast_to(np.uint8(0), codes.shape))
        return cls(texts=texts, codes=codes.astype(np.min_scalar_type(len(texts))))

    def within(self, before: str, after: str) -> "_ExportColumn":
        """Each cell with something before and after it."""
        return replace(self, texts=[before + text + after for text in self.texts])


def _lines(columns: Sequence[_ExportColumn], n_rows: int) -> Iterator[bytes]:
    """Cells joined by commas to rows, and rows to blocks of whole lines."""
    cells = [(np.array(each.texts, np.object_), each.codes) for each in _joined(columns)]
    for start in range(0, n_rows, _ROWS_A_BLOCK):
        block = slice(start, start + _ROWS_A_BLOCK)
        rows = zip(*(texts[codes[block]].tolist() for texts, codes in cells), strict=True)
        yield (unicode_text("\n".join(map(",".join, rows))) + "\n").encode()


def _joined(columns: Sequence[_ExportColumn]) -> list[_ExportColumn]:
    """The columns with neighbours joined to one while their distinct cells, in any combination, are few."""
    joined = [columns[0]]
    for column in columns[1:]:
        last, n_texts = joined[-1], len(column.texts)
        if len(last.texts) * n_texts > _MOST_JOINED:
            joined.append(column)
            continue
        texts = [f"{left},{right}" for left in last.texts for right in column.texts]
        both = last.codes if n_texts == 1 else last.codes.astype(np.int32) * n_texts + column.codes
        joined[-1] = _ExportColumn.of(texts, both)
    return joined


def _table(draws: Draws, study: str, *, flat: bool) -> "pa.Table":
    import pyarrow as pa

    from flipsite.store.snapshot.arrow import draws_table

    if not flat:
        return draws_table(draws, study=study)
    rows, place = _flattened(draws)
    table = draws_table(rows, study=study)
    column = pa.array(place, pa.int64(), mask=place < 0)
    return table.add_column(table.column_names.index("draw") + 1, PLACE, column)


def _csv_columns(draws: Draws, study: str, place: Places) -> list[_ExportColumn]:
    columns = _columns(draws, study, place, text=csv_cell, missing="")
    return list(columns.values())


def _json_columns(draws: Draws, study: str, place: Places) -> list[_ExportColumn]:
    columns = _columns(draws, study, place, text=_json_text, missing="null")
    columns["labels"] = _texts(draws.labels, str, missing="null")  # is JSON already
    if draws.p_labels is not None:
        columns["p_labels"] = _texts(draws.p_labels, str, missing="null")
    first, last = next(iter(columns)), next(reversed(columns))
    return [
        column.within(f'{"{" if name == first else ""}"{name}":', "}" if name == last else "")
        for name, column in columns.items()
    ]


def _flattened(draws: Draws) -> tuple[Draws, NDArray[np.int64]]:
    """Give each draw of a sequence a row of its own.

    The values of the whole answer (its text, tokens, cost and latency) are in its first row alone, so
    that sums over the rows stay true.

    Returns:
        The rows, and the place of each in its answer, from 0; -1 where a row is no draw of a sequence.
    """
    sequences = draws.sequence or [None] * len(draws)
    answers = [[int(index) for index in text.split()] if text else [] for text in sequences]
    lengths = np.array([max(1, len(answer)) for answer in answers], np.int64)
    rows = np.repeat(np.arange(len(draws)), lengths)
    place = np.arange(len(rows)) - np.repeat(np.cumsum(lengths) - lengths, lengths)
    outcome = draws.outcome[rows].astype(np.int16)
    inside = np.array([bool(answer) for answer in answers], np.bool_)[rows]
    outcome[inside] = [index for answer in answers for index in answer]
    flat, later = repeated_rows(draws, rows), place > 0
    numbers: dict[str, Any] = {
        name: np.where(later, np.nan, getattr(flat, name)) for name in (*COUNTS, *NUMBERS)
    }
    said = [None if is_later else text for text, is_later in zip(flat.response, later.tolist(), strict=True)]
    flat = replace(flat, outcome=outcome, sequence=None, response=said, **numbers)
    return flat, np.where(inside, place, -1)


def _columns(
    draws: Draws, study: str, place: Places, *, text: Callable[[str], str], missing: str
) -> dict[str, _ExportColumn]:
    """The columns in order, each distinct value shown once: in a hundred thousand draws there are few."""
    optional = draws.optional_columns
    names = (*TEXTS, *(name for name in OPTIONAL_TEXTS if name in optional))
    floats = (*NUMBERS, *(name for name in OPTIONAL_NUMBERS if name in optional))
    n_of_each = np.diff(draws.starts)
    columns = {
        "study": _ExportColumn.of([text(study)], draws.status),
        "model": _ExportColumn.of(
            [text(model) for model in draws.models], np.repeat(np.arange(len(draws.models)), n_of_each)
        ),
        "status": _ExportColumn.of([text(status) for status in STATUSES], draws.status),
        "draw": _numbers(draws.draw, missing=missing),
    }
    for name in ("order", "outcome"):
        columns[name] = _codes(getattr(draws, name), missing=missing)
    columns |= {name: _texts(getattr(draws, name), text, missing=missing) for name in names}
    columns |= {name: _numbers(getattr(draws, name), missing=missing, show=_whole) for name in COUNTS}
    columns |= {name: _numbers(getattr(draws, name), missing=missing) for name in floats}
    whole = optional.intersection(OPTIONAL_CODES)
    columns |= {name: _numbers(getattr(draws, name), missing=missing, show=_whole) for name in whole}
    ordered = {name: columns[name] for name in columns_with(optional)}
    if place is None:
        return ordered
    places = [str(number) for number in range(int(place.max(initial=-1)) + 1)]
    found = _ExportColumn.of([*places, missing], np.where(place < 0, len(places), place))
    return {
        key: column
        for name, each in ordered.items()
        for key, column in ((name, each), *(((PLACE, found),) if name == "draw" else ()))
    }


def _codes(codes: Codes, *, missing: str) -> _ExportColumn:
    """Indices of outcomes, of which there are few."""
    most = max(int(codes.max(initial=0)) + 1, 2)
    return _ExportColumn.of([*map(str, range(most)), missing], np.where(codes < 0, most, codes))


def _texts(values: Sequence[str | None], show: Callable[[str], str], *, missing: str) -> _ExportColumn:
    column = TextColumn.of(values)
    return _ExportColumn.of(
        [missing if text is None else show(text) for text in column.distinct], column.codes
    )


def _numbers(values: NDArray[Any], *, missing: str, show: Callable[[float], str] = str) -> _ExportColumn:
    bits = values.view(np.int64)  # which distinguish −0.0 from 0.0
    distinct = np.unique(bits)
    shown = [show(value) if isfinite(value) else missing for value in distinct.view(values.dtype).tolist()]
    return _ExportColumn.of(shown, np.searchsorted(distinct, bits) if len(distinct) > 1 else bits)


def _whole(value: float) -> str:
    return str(int(value))


def _json_text(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)
