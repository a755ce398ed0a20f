"""Rows of a sheet as draws: a cell is read or missing, a row that cannot be read noted with its line."""

from collections.abc import Callable, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from flipsite.domain.draws import (
    OPTIONAL,
    OPTIONAL_CODES,
    STATUSES,
    Status,
    probabilities_of,
    probabilities_text,
)
from flipsite.errors import UsageError
from flipsite.store.draws_columns import COUNTS, NUMBERS, RESPONSE_CHARACTERS
from flipsite.store.imports.cells import Labels, is_missing, moment_of, number_of, rounded, whole_of
from flipsite.store.imports.columns import ImportOptions
from flipsite.store.imports.duplicate_draws import Fingerprints
from flipsite.store.imports.problems import Problem, Problems, cell_fault, shown
from flipsite.store.imports.sheet import Batch, Sheet
from flipsite.store.imports.sorted_runs import ROWS_A_RUN, Runs
from flipsite.store.imports.survey import (
    UNPARSED,
    AnswerReader,
    Codes,
    Ints,
    Kinds,
    Layout,
    Survey,
    distinct,
    take,
)

LONGEST_WORD = 200
"""Letters of a word beside a draw; a longer one is cut."""

AMOUNTS = ("asked_at", *NUMBERS)
"""Of these, a cell that cannot be read is an error: spending that is half missing looks small."""

_WORDS = ("finish_reason", "provider", "mode", "served_model")
_MOST_NARROW = 128


@dataclass(frozen=True, slots=True, kw_only=True)
class Rows:
    """The draws of one file, and how the reading went.

    Attributes:
        models: Sorted.
        n_draws: Of each model.
        by_status: Draws by status.
        labels: The labels in them.
        orders: Their orders; -1 where unknown.
        first_asked: When the first was asked; None where that is not stated.
        reading: How the outcome column was understood.
        from_answers: Whether outcomes were read from the models' answers.
        n_contradictions: Rows whose response names another side.
        n_rounded: Rows whose outcome was rounded to a whole number.
        n_filtered: Rows that `--where` left out.
        n_lost: Rows that name no model, and texts that are no row.
        problems: What could not be read.
        numbered: Whether the draws carry the file's own numbers.
        n_repeated: Rows that repeat a draw of the file, left out.
        notes: Sentences on how the draws were numbered.
        per_answer: Draws in an answer, as most answers have them.
        runs: The draws, sorted by model and number.
    """

    models: tuple[str, ...]
    n_draws: tuple[int, ...]
    by_status: Mapping[Status, int]
    labels: frozenset[Labels]
    orders: frozenset[int]
    first_asked: str | None
    reading: str
    from_answers: bool
    n_contradictions: int
    n_rounded: int
    n_filtered: int
    n_lost: int
    problems: Problems
    numbered: bool
    n_repeated: int
    notes: tuple[str, ...]
    per_answer: int
    runs: Runs


def rows_of(
    sheet: Sheet,
    options: ImportOptions,
    *,
    read_answer: AnswerReader | None = None,
    labels: Labels | None = None,
    per_answer: int = 1,
    rows_a_run: int = ROWS_A_RUN,
) -> Rows:
    """Read the wanted rows of a sheet whose columns were checked.

    Args:
        sheet: The file's columns.
        options: Which of them mean what.
        read_answer: Reads the answers of a file that has no outcomes, or has them in the outcomes' place.
        labels: The labels of answers that come without.
        per_answer: Draws in each answer that is read.
        rows_a_run: Rows that are sorted together.

    Raises:
        UsageError: If not one of them can be read, most are in another coding, or money or a time cannot be
            read.
    """
    layout = Layout.of(sheet, options, read_answer, labels, per_answer)
    survey, kinds = _surveyed(sheet, layout)
    if not survey.n_wanted:
        raise UsageError(_none_wanted(sheet))
    if (answers := layout.with_answers()) and 2 * kinds.n_valid < survey.n_wanted:
        again, read = _surveyed(sheet, answers)
        if read.n_valid > 2 * kinds.n_valid:
            layout, survey, kinds = answers, again, read
    survey.check_coding(sheet)
    models = tuple(sorted(survey.models))
    reader = _DrawReader(sheet=sheet, layout=layout, survey=survey, kinds=kinds, models=models)
    numbered = reader.numbered(rows_a_run)
    n_draws = np.bincount(_models_of_rows(survey, models), minlength=len(models))
    n_lost = sheet.n_lost + survey.n_wanted - int(n_draws.sum())
    for line, text in sheet.lost:
        survey.problems.add(line, text)
    survey.problems.n += sheet.n_lost - len(sheet.lost)
    by_status = {one: int(kinds.n_rows[kinds.status == code].sum()) for code, one in enumerate(STATUSES)}
    return Rows(
        models=models,
        n_draws=tuple(n_draws.tolist()),
        by_status={one: n for one, n in by_status.items() if n},
        labels=frozenset(each for each in kinds.drawn.labels if each is not None),
        orders=frozenset(kinds.order.tolist()),
        first_asked=reader.first_asked,
        reading=kinds.drawn.reading,
        from_answers=layout.answers,
        n_contradictions=kinds.drawn.n_contradictions,
        n_rounded=survey.n_rounded,
        n_filtered=sheet.n_rows - survey.n_wanted,
        n_lost=n_lost,
        problems=survey.problems,
        numbered=numbered.by_file,
        n_repeated=numbered.n_repeated,
        notes=numbered.notes,
        per_answer=survey.lengths.most_common(1)[0][0] if survey.lengths else 1,
        runs=numbered.runs,
    )


def place_of(models: Sequence[str]) -> dict[str, int]:
    """The place of each model."""
    return {name: index for index, name in enumerate(models)}


def _surveyed(sheet: Sheet, layout: Layout) -> tuple[Survey, Kinds]:
    survey = Survey(layout=layout)
    for batch in sheet.batches():
        survey.add(batch)
    return survey, survey.kinds()


def _models_of_rows(survey: Survey, models: Sequence[str]) -> Codes:
    """The place of each row's model among the sorted ones."""
    place = place_of(models)
    sorted_place = np.array([place[name] for name in survey.models], np.min_scalar_type(len(models)))
    return np.concatenate([sorted_place[:0], *(sorted_place[each] for each in survey.model)])


def _numbers_of_file(survey: Survey) -> Ints | None:
    """Each row's number in the file, moved out of the survey; None where a row has none."""
    if not survey.draw:
        return None
    draw = np.concatenate(survey.draw)
    survey.draw.clear()
    return None if (draw < 0).any() else draw


def _places(model: Codes, n_models: int) -> Ints:
    """Each row's place among the rows of its model."""
    draw, n_before = np.empty(len(model), np.int64), np.zeros(n_models, np.int64)
    for start in range(0, len(model), ROWS_A_RUN):
        some = model[start : start + ROWS_A_RUN]
        order = np.argsort(some, kind="stable")
        n_rows = np.bincount(some, minlength=n_models)
        first = np.cumsum(n_rows) - n_rows - n_before
        draw[start : start + len(some)][order] = np.arange(len(some)) - first[some[order]]
        n_before += n_rows
    return draw


@dataclass(frozen=True, slots=True, kw_only=True)
class _Numbered:
    """Draws with their numbers.

    Attributes:
        runs: The draws.
        by_file: Whether the numbers are the file's own.
        n_repeated: Rows that repeat a draw, left out.
        notes: Sentences on the numbers.
    """

    runs: Runs
    by_file: bool
    n_repeated: int = 0
    notes: tuple[str, ...] = ()


@dataclass(slots=True, kw_only=True)
class _DrawReader:
    """The second pass over a file: its rows as draws."""

    sheet: Sheet
    layout: Layout
    survey: Survey
    kinds: Kinds
    models: tuple[str, ...]
    first_asked: str | None = None

    def read(self, rows_a_run: int, draw: Ints | None = None) -> Runs:
        """All draws, with these numbers, or numbered in the order of their rows.

        Raises:
            UsageError: As `rows_of`.
        """
        model = _models_of_rows(self.survey, self.models)
        runs = Runs(model, _places(model, len(self.models)) if draw is None else draw)
        try:
            self._read(runs, rows_a_run)
        except BaseException:
            runs.close()
            raise
        return runs

    def numbered(self, rows_a_run: int) -> "_Numbered":
        """All draws, with the file's numbers where each row has one and none means two different draws."""
        draw = _numbers_of_file(self.survey)
        if draw is None:
            runs = self.read(rows_a_run)
            given = "draw" in self.layout.there
            note = "Not every row has a number of its draw; draws were numbered in the order of the rows."
            return _Numbered(runs=runs, by_file=False, notes=(note,) if given else ())
        problems = deepcopy(self.survey.problems)
        runs = self.read(rows_a_run, draw)
        if not runs.has_repeats():
            return _Numbered(runs=runs, by_file=True)
        none = np.zeros(len(self.models), np.int64)
        found = Fingerprints.of(runs.tables(study="", shift=none), place_of(self.models))
        number, content = found.repeats()
        if (number == content).all():
            runs.keep(~content)
            return _Numbered(runs=runs, by_file=True, n_repeated=int(content.sum()))
        runs.close()
        self.survey.problems = problems
        row = int(np.flatnonzero(number & ~content)[0])
        note = (
            f"The file has draw {found.draw[row]} of {self.models[found.model[row]]} twice, with other "
            "content; draws were numbered in the order of the rows."
        )
        return _Numbered(runs=self.read(rows_a_run), by_file=False, notes=(note,))

    def _read(self, runs: Runs, rows_a_run: int) -> None:
        unread = {name: _Unread() for name in AMOUNTS}
        waiting, n_waiting = list[pa.Table](), 0
        for index, batch in enumerate(self.sheet.batches("draw")):
            kept = self.survey.rows[index]
            some = batch if kept is None else take(batch, kept)
            self._tell_outcomes(some, self.survey.kind[index])
            table = self._table(some, index, unread)
            if self.layout.sequences:
                table = table.append_column("sequence", self.survey.sequence[index])
            waiting.append(table)
            n_waiting += len(table)
            if n_waiting >= rows_a_run:
                runs.add(pa.concat_tables(waiting))
                waiting, n_waiting = [], 0
        if n_waiting:
            runs.add(pa.concat_tables(waiting))
        self._refuse_unreadable()
        for name, cells in unread.items():
            cells.refuse(self.sheet, name)

    def _refuse_unreadable(self) -> None:
        unread = (self.kinds.status == UNPARSED) & (not self.layout.answers)
        problems = [*self.survey.problems.first, *(Problem(line=n, text=text) for n, text in self.sheet.lost)]
        if self.kinds.n_rows[~unread].sum() or not problems:  # a file may say itself that all are unparsed
            return
        first = min(problems)
        raise UsageError(
            f"{self.sheet.path}: not one of {self.survey.n_wanted:,} rows could be read "
            f"({self.sheet.unit} {first.line} {first.text}); name the column of the outcome with "
            "--column outcome=… or its labels with --labels A,B"
        )

    def _tell_outcomes(self, batch: Batch, kind: Codes) -> None:
        if self.layout.answers:
            return
        own_words = self.kinds.status[kind] == UNPARSED
        rows = np.flatnonzero(own_words)
        if not len(rows):
            return
        theirs = "sequence" if self.layout.sequences else "outcome"
        cells = self.layout.column(batch, theirs).take(pa.array(rows)).to_pylist()
        states = self.layout.column(batch, "status").take(pa.array(rows)).to_pylist()
        for row, cell, state in zip(rows.tolist(), cells, states, strict=True):
            if row in batch.faults:
                self.survey.problems.add(int(batch.lines[row]), batch.faults[row])
            elif (state or "").strip().casefold() != Status.UNPARSED:
                text = f"has the {theirs} {shown(cell)}" if (cell or "").strip() else f"has no {theirs}"
                text += (
                    ", a real number; --round takes the nearest whole one" if self._rounds_to(cell) else ""
                )
                self.survey.problems.add(int(batch.lines[row]), text)

    def _rounds_to(self, cell: str | None) -> bool:
        """Whether --round would make an outcome of a cell that is none."""
        options = self.layout.options
        return rounded(cell, decimal=options.decimal) in (options.labels or ()) and not options.rounds

    def _table(self, batch: Batch, index: int, unread: "Mapping[str, _Unread]") -> pa.Table:
        layout, kinds = self.layout, self.kinds
        model, kind = self.survey.model[index], self.survey.kind[index]
        widest = max((len(each) for each in kinds.drawn.labels if each), default=2)
        code = pa.int16() if widest > _MOST_NARROW else pa.int8()
        order, outcome = kinds.order[kind], kinds.outcome[kind]
        columns: dict[str, Any] = {
            "model": pa.array(list(self.survey.models), pa.string()).take(pa.array(model)),
            "labels": pa.array(kinds.labels, pa.string()).take(pa.array(kind)),
            "order": pa.array(order, code, mask=order < 0),
            "outcome": pa.array(outcome, code, mask=outcome < 0),
            "status": pa.array([str(one) for one in STATUSES]).take(pa.array(kinds.status[kind])),
            "response": _cut(layout.column(batch, "response"), RESPONSE_CHARACTERS),
        }
        for name in _WORDS:
            if name in layout.there or name not in OPTIONAL:
                columns[name] = _cut(layout.column(batch, name), LONGEST_WORD)
        for name in COUNTS:
            columns[name] = self._read_column(batch, name, whole_of, pa.int64(), fault="no whole number")
        if "p_labels" in layout.there:
            read_p = partial(_probabilities, n_outcomes=widest)
            columns["p_labels"] = self._read_column(
                batch, "p_labels", read_p, pa.string(), fault="no list of probabilities"
            )
        for name in OPTIONAL_CODES:
            if name in layout.there:
                read_code = partial(whole_of, most=1)
                columns[name] = self._read_column(batch, name, read_code, pa.int8(), fault="neither 0 nor 1")
        if "seed_text" in layout.there:
            columns["seed_text"] = _cut(layout.column(batch, "seed_text"), RESPONSE_CHARACTERS)
        if "p_cover" in layout.there:
            cover = self._read_column(batch, "p_cover", _probability, pa.float64(), fault="no share")
            within = pc.and_(pc.greater_equal(cover, 0.0), pc.less_equal(cover, 1.0))
            columns["p_cover"] = pc.if_else(within, cover, None)
        for name in NUMBERS:
            read = partial(_amount, decimal=layout.options.decimal)
            cells, is_plain = layout.column(batch, name), layout.options.decimal == "."
            columns[name], bad = _parsed(cells, read, pa.float64(), is_plain=is_plain)
            unread[name].add(batch, bad)
        columns["asked_at"], bad = _parsed(layout.column(batch, "asked_at"), moment_of, pa.string())
        unread["asked_at"].add(batch, bad)
        earliest = pc.min(columns["asked_at"]).as_py()
        if earliest is not None and (self.first_asked is None or earliest < self.first_asked):
            self.first_asked = earliest
        return pa.table(columns)

    def _read_column(
        self, batch: Batch, name: str, read: Callable[[str], Any], kind: pa.DataType, *, fault: str
    ) -> pa.Array:
        """A column's values; a cell that cannot be read is missing, and counted as a problem."""
        values, bad = _parsed(self.layout.column(batch, name), read, kind)
        for row, cell in bad:
            self.survey.problems.add(int(batch.lines[row]), cell_fault(name, cell, fault))
        return values


def _amount(cell: str, *, decimal: str) -> float | None:
    number = number_of(cell, decimal=decimal)
    return number if number is not None and number >= 0 else None


def _probabilities(cell: str, *, n_outcomes: int) -> str | None:
    p = probabilities_of(cell)
    return probabilities_text(p) if p is not None and len(p) == n_outcomes else None


def _probability(cell: str) -> float | None:
    p = probabilities_of(f"[{cell}]")
    return p[0] if p else None


class _Unread:
    """The cells of one column that could not be read."""

    def __init__(self) -> None:
        self._n_cells = 0
        self._first: tuple[int, str] = (0, "")

    def add(self, batch: Batch, cells: list[tuple[int, str]]) -> None:
        if cells and not self._n_cells:
            row, cell = cells[0]
            self._first = int(batch.lines[row]), cell
        self._n_cells += len(cells)

    def refuse(self, sheet: Sheet, ours: str) -> None:
        """Raise a UsageError if there are any, with the option that reads them."""
        if not self._n_cells:
            return
        line, cell = self._first
        number = number_of(cell)
        kind = "a negative number" if number is not None and number < 0 else "no number"
        fault = cell_fault(ours, cell, "no ISO 8601 time" if ours == "asked_at" else kind)
        remedy = "write times as 2026-10-31T14:15:00Z" if ours == "asked_at" else "write plain numbers"
        if number is None and ours in NUMBERS and number_of(cell, decimal=",") is not None:
            remedy = "--decimal , reads decimal commas"
        cells = "the only such cell" if self._n_cells == 1 else f"{self._n_cells:,} such cells"
        raise UsageError(
            f"{sheet.path}: {sheet.unit} {line}: {fault} ({cells}); {remedy}, "
            f"or leave it out with --column {ours}="
        )


def _parsed(
    column: pa.Array, read: Callable[[str], Any], kind: pa.DataType, *, is_plain: bool = False
) -> tuple[pa.Array, list[tuple[int, str]]]:
    """A column's values, null where a cell is missing or unreadable; and the unreadable cells by row.

    Args:
        column: Its cells.
        read: Reads one.
        kind: The type of the values.
        is_plain: Whether the cells may all be plain numbers, which are read together.
    """
    if column.null_count == len(column):
        return pa.nulls(len(column), kind), []
    if is_plain:
        try:
            values = column.cast(kind)
        except pa.ArrowInvalid:
            pass
        else:
            if pc.all(pc.and_(pc.is_finite(values), pc.greater_equal(values, 0.0))).as_py():
                return values, []
    cells, codes = distinct(column)
    found = [None if cell is None else read(cell) for cell in cells]
    bad = [value is None and not is_missing(cell) for cell, value in zip(cells, found, strict=True)]
    rows = np.flatnonzero(np.array(bad)[codes]).tolist() if any(bad) else []
    return pa.array(found, kind).take(pa.array(codes)), [(row, cells[codes[row]] or "") for row in rows]


def _cut(column: pa.Array, longest: int) -> pa.Array:
    return pc.utf8_slice_codeunits(column, 0, longest)


def _none_wanted(sheet: Sheet) -> str:
    if not sheet.n_rows:
        return f"{sheet.path}: no rows; export the file anew"
    return f"{sheet.path}: no row of {sheet.n_rows:,} fits --where; check the values"


def targets_of(sheet: Sheet, column: str, options: ImportOptions) -> dict[float, str]:
    """Find the shares of ones that the wanted rows' cells ask for, each with the first text that says so.

    Values of which one is above 1 are read as per cent.

    Args:
        sheet: The file's columns.
        column: As the file spells it.
        options: Which rows are wanted, in the file's spelling.

    Raises:
        UsageError: If a wanted row's target is no share, or no row is wanted.
    """
    texts: dict[str, int] = {}
    survey = Survey(layout=Layout.of(sheet, options, None, None, 1))
    for batch in sheet.batches():
        rows = survey.wanted(batch)
        cells, codes = distinct(batch.column(column).take(pa.array(rows)))
        first = {int(code): index for index, code in reversed(list(enumerate(codes.tolist())))}
        for code, cell in enumerate(cells):
            if code in first:
                texts.setdefault((cell or "").strip(), int(batch.lines[rows[first[code]]]))
    if not texts:
        raise UsageError(_none_wanted(sheet))
    values = {text: number_of(text) for text in texts}
    unit = 100.0 if any(value is not None and value > 1 for value in values.values()) else 1.0
    targets: dict[float, str] = {}
    for text, value in values.items():
        if value is None or not 0 <= value <= unit:
            place = f"{sheet.path}: {sheet.unit} {texts[text]}"
            raise UsageError(f"{place}: {column} is {text!r}; expected a share or per cent")
        targets.setdefault(value / unit, text)
    return targets
