"""A sheet's rows as draws: every cell read or missing, every row that cannot be read told with its line."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from flipsite.domain.draws import STATUSES, Draws, Status
from flipsite.errors import UsageError
from flipsite.store.exports import COLUMNS
from flipsite.store.imports.cells import (
    Pair,
    is_missing,
    moment_of,
    name_of,
    number_of,
    pair_of,
    pair_of_two,
    text_of,
    whole_of,
)
from flipsite.store.imports.codings import check_coding
from flipsite.store.imports.columns import ImportOptions, wanted_rows
from flipsite.store.imports.files import Sheet
from flipsite.store.imports.outcomes import RowOutcomes, read_drawn
from flipsite.store.snapshot.columns import COUNTS, NUMBERS, STATUS_CODE, assemble, labels_text

LONGEST_NAME, LONGEST_WORD = 300, 200
"""Letters of a model's name at most, and of what else stands beside a draw; a longer word is cut."""

WORDS = ("finish_reason", "provider", "mode")

READ: dict[str, tuple[Callable[[Any], Any], str]] = {
    **dict.fromkeys(COUNTS, (whole_of, "no whole number")),
    **dict.fromkeys(NUMBERS, (number_of, "no number")),
    "asked_at": (moment_of, "no ISO 8601 time"),
}
"""Columns whose cells stand for themselves: how one is read, and what it is where it cannot be."""

AMOUNTS = ("asked_at", *NUMBERS)
"""Of these, a cell that cannot be read is an error: spending that is half missing looks small."""


def reader_of(ours: str, options: ImportOptions) -> Callable[[Any], Any]:
    """The function that reads a cell of a column in READ."""
    if ours in NUMBERS and options.decimal != ".":
        return partial(number_of, decimal=options.decimal)
    return READ[ours][0]


def unread_amount(path: Path, place: str, *, ours: str, fault: str, n_cells: int, comma: bool) -> UsageError:
    """Build the error for money or times that cannot be read.

    Args:
        path: The file.
        place: Where the first such cell is, as `line 2`.
        ours: Our column.
        fault: What is wrong with that cell.
        n_cells: How many such cells there are.
        comma: Whether a decimal comma would make it a number.
    """
    cells = "the only such cell" if n_cells == 1 else f"{n_cells:,} such cells"
    remedy = "write times as 2026-10-31T14:15:00Z" if ours == "asked_at" else "write plain numbers"
    remedy = "--decimal , reads decimal commas" if comma else remedy
    return UsageError(f"{path}: {place}: {fault} ({cells}); {remedy}, or leave it out with --column {ours}=")


_VALID, _UNPARSED = STATUS_CODE[Status.VALID], STATUS_CODE[Status.UNPARSED]


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Problem:
    """What could not be read: its line (in Parquet its row) and why."""

    line: int
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Rows:
    """The draws of one file, and how the reading went.

    Attributes:
        draws: All rows that were wanted and name a model.
        drawn: How the outcomes were understood.
        n_read: Rows of the file, those that are no row at all included.
        n_filtered: Rows that `--where` left out.
        n_lost: Rows that name no model, and lines that are no row.
        problems: Everything that could not be read, by line.
        numbered: Whether the draws carry the file's own numbers.
    """

    draws: Draws
    drawn: RowOutcomes
    n_read: int
    n_filtered: int
    n_lost: int
    problems: tuple[Problem, ...]
    numbered: bool


def rows_of(sheet: Sheet, options: ImportOptions) -> Rows:
    """Read the wanted rows of a sheet whose columns were checked.

    Raises:
        UsageError: If not one of them can be read.
    """
    reader = Reader(sheet=sheet, options=options)
    wanted = wanted_rows(sheet, options)
    reader.rows = wanted
    names = [name_of(cell, exact=reader.tidy) for cell in reader.cells("model")]
    reader.rows = [row for row, name in zip(wanted, names, strict=True) if 0 < len(name) <= LONGEST_NAME]
    for row, name in zip(wanted, names, strict=True):
        if fault := name_fault(name):
            reader.tell(row, fault)
    model = [name for name in names if 0 < len(name) <= LONGEST_NAME]
    drawn, status, n_readable = reader.outcomes()
    if not n_readable:
        raise UsageError(_unreadable(sheet, reader, n_rows=len(wanted)))
    draw = reader.numbers_of_draws(model)
    columns = reader.columns() | {
        "labels": [None if pair is None else labels_text(pair) for pair in drawn.labels],
        "order": reader.orders() if "order" in reader.there else drawn.order,
        "status": status,
        "outcome": np.where(status == _VALID, drawn.outcome, -1).astype(np.int8),
    }
    numbered = draw is not None
    lost = [Problem(line=line, text=text) for line, text in sheet.lost]
    return Rows(
        draws=assemble(model, _file_order(model) if draw is None else draw, columns),
        drawn=drawn,
        n_read=len(sheet.lines) + len(lost),
        n_filtered=len(sheet.lines) - len(wanted),
        n_lost=len(wanted) - len(model) + len(lost),
        problems=tuple(sorted([*reader.problems, *lost])),
        numbered=numbered,
    )


@dataclass(slots=True, kw_only=True)
class Reader:
    """Reads columns of the wanted rows, and remembers what it could not read.

    Attributes:
        sheet: The file's columns.
        options: Which of them mean what.
        rows: The indices of the wanted rows.
        weights: How many rows of the file each of them stands for; None for one.
        problems: What could not be read so far.
    """

    sheet: Sheet
    options: ImportOptions
    rows: list[int] = field(default_factory=list)
    weights: Sequence[int] | None = None
    problems: list[Problem] = field(default_factory=list)

    @property
    def tidy(self) -> bool:
        """Whether the file has the header of `flipsite export`, which leaves text as it is."""
        return self.sheet.names == COLUMNS

    @property
    def there(self) -> dict[str, tuple[str, ...]]:
        """Our columns that the file has, and theirs."""
        mapping = self.options.mapping
        return {
            ours: mapping[ours] for ours in mapping if mapping[ours] and mapping[ours][0] in self.sheet.cells
        }

    def cells(self, ours: str, index: int = 0) -> list[Any]:
        """The cells of one of our columns at the wanted rows; all missing where the file has none."""
        theirs = self.there.get(ours)
        if theirs is None:
            return [None] * len(self.rows)
        column = self.sheet.cells[theirs[index]]
        return [column[row] for row in self.rows]

    def tell(self, row: int, text: str) -> None:
        """Note what could not be read of a row."""
        self.problems.append(Problem(line=self.sheet.lines[row], text=text))

    def outcomes(self) -> tuple[RowOutcomes, NDArray[np.int8], int]:
        """Outcomes, the code of each row's status, and how many rows could be read."""
        cells = self.cells("outcome")
        by_place = len(self.there.get("labels", ())) == 2
        drawn = read_drawn(
            cells,
            self.pairs(),
            responses=self.cells("response") if "response" in self.there else None,
            by_place=by_place and "order" not in self.there,
            codes_first="labels" in self.there and not by_place,
            weights=self.weights,
        )
        said = [_STATUS_OF.get(str(cell).strip().casefold()) for cell in self.cells("status")]
        status = np.full(len(self.rows), _UNPARSED, np.int8)
        if self.options.labels is None and "labels" not in self.there:
            self._check_coding(cells, said, drawn.outcome.tolist())
        n_readable = 0
        for index, (row, own, outcome) in enumerate(
            zip(self.rows, said, drawn.outcome.tolist(), strict=True)
        ):
            fault = self.sheet.faults.get(row)
            if fault is None and own not in {None, _VALID}:
                status[index] = own
            elif fault is None and outcome >= 0:
                status[index] = _VALID
            else:
                self.tell(row, fault or _no_outcome(cells[index]))
                continue
            n_readable += 1
        return drawn, status, n_readable

    def _check_coding(self, cells: list[Any], own: list[int | None], outcomes: list[int]) -> None:
        judged = [index for index, status in enumerate(own) if status in {None, _VALID}]
        check_coding(
            self.sheet.path,
            [cells[index] for index in judged],
            is_read=[outcomes[index] >= 0 for index in judged],
            weights=None if self.weights is None else [self.weights[index] for index in judged],
        )

    def pairs(self) -> list[Pair | None]:
        """Each row's labels, as the file or `--labels` names them."""
        if self.options.labels is not None:
            return [self.options.labels] * len(self.rows)
        if len(self.there.get("labels", ())) == 2:
            return [
                pair_of_two(*pair) for pair in zip(self.cells("labels"), self.cells("labels", 1), strict=True)
            ]
        return self._each("labels", pair_of, "no pair of labels")

    def orders(self) -> NDArray[np.int8]:
        """The index of the label named first, or -1."""
        read = self._each("order", lambda cell: whole_of(cell, most=1), "neither 0 nor 1")
        return np.array([-1 if order is None else order for order in read], np.int8)

    def numbers_of_draws(self, model: Sequence[str]) -> NDArray[np.int64] | None:
        """The file's own numbers, if every row has one and no model has one twice."""
        if "draw" not in self.there:
            return None
        numbers = [whole_of(cell, most=2**62) for cell in self.cells("draw")]
        known = [number for number in numbers if number is not None]
        if len(known) < len(model) or len(set(zip(model, known, strict=True))) < len(model):
            return None
        return np.array(known, np.int64)

    def columns(self) -> dict[str, Any]:
        """The columns that need no more than their own cells."""
        columns: dict[str, Any] = {}
        for name, most in (("response", None), *((name, LONGEST_WORD) for name in WORDS)):
            columns[name] = [None if cell is None else text_of(cell)[:most] for cell in self.cells(name)]
        for name, (_, fault) in READ.items():
            values = self._each(name, reader_of(name, self.options), fault)
            columns[name] = values if name == "asked_at" else np.array(values, np.float64)
        return columns

    def _each(self, ours: str, read: Callable[[Any], Any], fault: str) -> list[Any]:
        """Read every cell of a column, and a text once. What cannot be read is missing and noted.

        Raises:
            UsageError: If it is one of AMOUNTS.
        """
        if ours not in self.there:
            return [None] * len(self.rows)
        known: dict[Any, Any] = {}
        values: list[Any] = []
        unread: list[tuple[int, Any]] = []
        for row, cell in zip(self.rows, self.cells(ours), strict=True):
            if cell is None:
                values.append(None)
                continue
            key = cell if isinstance(cell, str) else repr(cell)
            if key not in known:
                known[key] = read(cell)
            if known[key] is None and not is_missing(cell):
                unread.append((row, cell))
            values.append(known[key])
        if unread and ours in AMOUNTS:
            row, cell = unread[0]
            raise unread_amount(
                self.sheet.path,
                f"{self.sheet.unit} {self.sheet.lines[row]}",
                ours=ours,
                fault=cell_fault(ours, cell, fault),
                n_cells=len(unread),
                comma=ours in NUMBERS and number_of(cell, decimal=",") is not None,
            )
        for row, cell in unread:
            self.tell(row, cell_fault(ours, cell, fault))
        return values


_STATUS_OF = {str(status): code for code, status in enumerate(STATUSES)}


def name_fault(name: str) -> str | None:
    """Why a text is no model's name; None where it is one."""
    if not name:
        return "names no model"
    if len(name) > LONGEST_NAME:
        return f"names a model with {len(name):,} letters; {LONGEST_NAME} are the most"
    return None


def cell_fault(ours: str, cell: Any, fault: str) -> str:
    """What to say of a cell that is none of what its column holds."""
    return f"{ours} {_shown(cell)} is {fault}"


def _file_order(model: Sequence[str]) -> NDArray[np.int64]:
    """Draws numbered within each model as they stand in the file."""
    seen: dict[str, int] = {}
    numbers = []
    for name in model:
        number = seen.get(name, 0)
        seen[name] = number + 1
        numbers.append(number)
    return np.array(numbers, np.int64)


def _unreadable(sheet: Sheet, reader: Reader, *, n_rows: int) -> str:
    first = min(reader.problems, default=None)
    if first is None:
        return none_wanted(sheet.path, len(sheet.lines))
    return none_readable(sheet, first, n_rows=n_rows)


def none_wanted(path: Path, n_rows: int) -> str:
    """What to say of a file of whose rows not one is wanted."""
    if not n_rows:
        return f"{path}: no rows; export the file anew"
    return f"{path}: no row of {n_rows:,} fits --where; check the values"


def none_readable(sheet: Sheet, first: Problem, *, n_rows: int) -> str:
    """What to say of a file of whose wanted rows not one could be read."""
    return (
        f"{sheet.path}: not one of {n_rows:,} rows could be read ({sheet.unit} {first.line} {first.text}); "
        "name the column of the outcome with --column outcome=… or its labels with --labels A,B"
    )


def _no_outcome(cell: Any) -> str:
    return "has no outcome" if cell is None or not str(cell).strip() else f"has the outcome {_shown(cell)}"


def _shown(cell: Any) -> str:
    text = str(cell)
    return repr(text if len(text) <= 40 else text[:39] + "…")
