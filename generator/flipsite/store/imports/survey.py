"""The first pass over a file: what its rows say about outcomes, each row kept as a few small numbers.

How an outcome column is to be read depends on all of its rows. So all rows are looked at once, those that say
the same are counted together, and the decision is made for each such kind of row.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from flipsite.domain.draws import STATUSES, Status
from flipsite.errors import UsageError
from flipsite.store.draws_columns import HEADERS
from flipsite.store.imports.cells import (
    Labels,
    is_missing,
    labels_of,
    labels_of_two,
    name_of,
    number_of,
    rounded,
    whole_of,
)
from flipsite.store.imports.codings import Codings
from flipsite.store.imports.columns import ImportOptions, matches, reads_answers, reads_sequences
from flipsite.store.imports.outcomes import LabelReader, RowOutcomes, code_of, decide
from flipsite.store.imports.problems import Problems, cell_faults, name_fault
from flipsite.store.imports.sequences import joined, read_sequence
from flipsite.store.imports.sheet import Batch, Sheet
from flipsite.store.snapshot.arrow import numbers
from flipsite.store.snapshot.assemble import STATUS_CODE, labels_text

AnswerReader = Callable[[str, Labels, str | None, int], tuple[int | str, Status]]
"""Reads an answer: its text, the labels and the finish reason → the outcome or -1, and the status."""

Ints = NDArray[np.int64]
Codes = NDArray[np.integer[Any]]
"""Small numbers, in as few bytes as hold them: there is one for each row of a file."""


VALID, UNPARSED = STATUS_CODE[Status.VALID], STATUS_CODE[Status.UNPARSED]

_BARE = 6
"""Beside the codes of statuses, for a valid row without an outcome: of several draws, or a declined one."""

_RADIX = 1026
_MOST_LABELS = 400_000
BITS: Labels = ("0", "1")
_STATUS_OF = {str(status): code for code, status in enumerate(STATUSES)}

_NEUTRAL = frozenset({"", "success", "successful", "succeeded", "ok", "200", "complete", "completed", "done"})
"""Words that say no more than that a request was answered."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """Which of a file's columns mean what.

    Attributes:
        options: As they were given, in the file's spelling of its columns.
        there: Our columns that the file has, and theirs.
        answers: Whether outcomes are read from the answers.
        sequences: Whether answers have several draws.
        tidy: Whether the file has the header of `flipsite export`, which leaves text as it is.
        read_answer: Reads an answer.
        labels: The labels of answers that come without.
        per_answer: Draws in each answer that is read.
    """

    options: ImportOptions
    there: Mapping[str, tuple[str, ...]]
    answers: bool
    sequences: bool
    tidy: bool
    read_answer: AnswerReader | None
    labels: Labels
    per_answer: int

    @classmethod
    def of(
        cls,
        sheet: Sheet,
        options: ImportOptions,
        read_answer: AnswerReader | None,
        labels: Labels | None,
        per_answer: int,
    ) -> "Layout":
        """The layout of a file whose columns were checked."""
        names = set(sheet.names)
        there = {ours: theirs for ours, theirs in options.mapping.items() if theirs and theirs[0] in names}
        answers = reads_answers(options, sheet.names)
        return cls(
            options=options,
            there=there,
            answers=answers,
            sequences=reads_sequences(options, sheet.names) or (answers and per_answer > 1),
            tidy=sheet.names in HEADERS,
            read_answer=read_answer,
            labels=options.labels or labels or BITS,
            per_answer=per_answer,
        )

    def with_answers(self) -> "Layout | None":
        """The layout that takes the outcome column for answers; None where it cannot hold them."""
        if (
            self.answers
            or self.sequences
            or self.read_answer is None
            or "response" in self.there
            or "outcome" not in self.there
        ):
            return None
        there = {**self.there, "response": self.there["outcome"]}
        del there["outcome"]
        return replace(self, there=there, answers=True)

    @property
    def by_place(self) -> bool:
        """Whether two columns hold the label named first and the other."""
        return len(self.there.get("labels", ())) == 2 and "order" not in self.there

    def column(self, batch: Batch, ours: str, index: int = 0) -> pa.Array:
        """The cells of one of our columns."""
        theirs = self.there.get(ours)
        return batch.column(theirs[index] if theirs else None)


def distinct(column: pa.Array) -> tuple[list[str | None], Ints]:
    """The distinct cells of a column in their first order, and each row's index into them."""
    encoded = column.dictionary_encode(null_encoding="encode")
    codes = numbers(pa.chunked_array([encoded.indices]), np.int32, missing=0)
    return encoded.dictionary.to_pylist(), codes.astype(np.int64)


@dataclass(frozen=True, slots=True, kw_only=True)
class Kinds:
    """The kinds of rows that a file has: rows of one kind say the same about their outcome.

    Attributes:
        drawn: The outcome, labels and order of each kind.
        order: The order of each, the file's own where it has one; -1 where unknown.
        status: The code of the status of each.
        n_rows: How many rows are of each.
    """

    drawn: RowOutcomes
    order: NDArray[np.int16]
    status: NDArray[np.int8]
    n_rows: Ints

    @property
    def n_valid(self) -> int:
        """How many rows have an outcome."""
        return int(self.n_rows[self.status == VALID].sum())

    @property
    def outcome(self) -> NDArray[np.int16]:
        """The outcome of each; -1 where it is not valid."""
        return np.where(self.status == VALID, self.drawn.outcome, -1).astype(np.int16)

    @property
    def labels(self) -> list[str | None]:
        """The labels of each, as a snapshot has them."""
        return [None if labels is None else labels_text(labels) for labels in self.drawn.labels]


@dataclass(slots=True, kw_only=True)
class Survey:
    """Rows looked at so far; those that are not wanted, or name no model, are counted and left out.

    Attributes:
        layout: Which columns mean what.
        rows: For each batch, the rows that are kept; None for all.
        model: For each batch, the place in `models` of each row that is kept.
        kind: Likewise its kind.
        draw: Likewise its number in the file, -1 without one; empty where the file has no numbers.
        models: The models' names, in their first order in the file.
        n_wanted: Rows that fit `--where`.
        problems: What could not be read so far.
        sequence: For each batch, the draws of each row's answer, where answers have several.
        lengths: How many answers have how many draws.
        n_rounded: Rows whose outcome was rounded to a whole number.
    """

    layout: Layout
    rows: list[Ints | None] = field(default_factory=list)
    model: list[Codes] = field(default_factory=list)
    kind: list[Codes] = field(default_factory=list)
    draw: list[Ints] = field(default_factory=list)
    models: dict[str, int] = field(default_factory=dict)
    n_wanted: int = 0
    problems: Problems = field(default_factory=Problems)
    sequence: list[pa.Array] = field(default_factory=list)
    lengths: Counter[int] = field(default_factory=Counter)
    n_rounded: int = 0
    _labels: dict[Labels | None, int] = field(default_factory=dict)
    _kinds: dict[int, int] = field(default_factory=dict)
    _n_rows: list[int] = field(default_factory=list)
    _codings: Codings = field(default_factory=Codings)
    _read_label: LabelReader = field(default_factory=LabelReader)

    def add(self, batch: Batch) -> None:
        """Look at some rows."""
        wanted = self.wanted(batch)
        self.n_wanted += len(wanted)
        model = self._models_of(batch, wanted)
        kept, model = wanted[model >= 0], model[model >= 0]
        is_whole = len(kept) == len(batch.lines)
        some = batch if is_whole else take(batch, kept)
        self.rows.append(None if is_whole else kept)
        self.model.append(model.astype(np.min_scalar_type(len(self.models))))
        kinds = self._kinds_of(some)
        self.kind.append(kinds.astype(np.min_scalar_type(len(self._kinds))))
        if "draw" in self.layout.there:
            cells, codes = distinct(self.layout.column(some, "draw"))
            found = [whole_of(cell, most=2**62) if cell else None for cell in cells]
            self.draw.append(np.array([-1 if each is None else each for each in found], np.int64)[codes])

    def kinds(self) -> Kinds:
        """Decide how the outcomes are to be read.

        Raises:
            UsageError: If most of what cannot be read is another coding.
        """
        by_labels = sorted(self._kinds.items(), key=lambda each: each[0] // (16 * _RADIX**4))
        place = np.empty(len(by_labels), np.min_scalar_type(len(by_labels)))
        place[[kind for _, kind in by_labels]] = np.arange(len(by_labels))
        self.kind = [place[kinds] for kinds in self.kind]
        weights = np.array(self._n_rows, np.int64)[[kind for _, kind in by_labels]]
        keys = np.array([key for key, _ in by_labels], np.int64)
        keys, flawed = np.divmod(keys, 2)
        keys, own = np.divmod(keys, 8)
        keys, order = np.divmod(keys, _RADIX)
        keys, said = np.divmod(keys, _RADIX)
        keys, code = np.divmod(keys, _RADIX)
        label_id, named = np.divmod(keys, _RADIX)
        labels = list(self._labels)
        layout = self.layout
        place_pairs = len(layout.there.get("labels", ())) == 2
        drawn = decide(
            [labels[each] for each in label_id.tolist()],
            named=(named - 1).astype(np.int16),
            codes=(code - 1).astype(np.int16),
            said=(said - 1).astype(np.int16) if "response" in layout.there and not layout.answers else None,
            by_place=layout.by_place,
            codes_first="labels" in layout.there and not place_pairs,
            weights=weights,
        )
        own = own - 1
        status = np.where(
            flawed == 1,
            UNPARSED,
            np.where(
                (own >= 0) & (own != VALID) & (own != _BARE),
                own,
                np.where((drawn.outcome >= 0) | (own == _BARE), VALID, UNPARSED),
            ),
        )
        return Kinds(
            drawn=drawn,
            order=(order - 1).astype(np.int16) if "order" in layout.there else drawn.order,
            status=status.astype(np.int8),
            n_rows=weights,
        )

    def check_coding(self, sheet: Sheet) -> None:
        """Refuse an outcome column in another coding, unless labels say what is an outcome.

        Raises:
            UsageError: Naming the option that reads it.
        """
        layout = self.layout
        if not layout.answers and layout.options.labels is None and "labels" not in layout.there:
            self._codings.check(sheet.path)

    def wanted(self, batch: Batch) -> Ints:
        """The rows that fit `--where`."""
        wanted = np.ones(len(batch.lines), np.bool_)
        for name, value in self.layout.options.where:
            cells, codes = distinct(batch.column(name))
            wanted &= np.array([matches(cell, value) for cell in cells], np.bool_)[codes]
        return np.flatnonzero(wanted)

    def _models_of(self, batch: Batch, rows: Ints) -> Ints:
        """The place of each row's model, or -1; a row without one is a problem."""
        if self.layout.options.model is not None:
            self.models.setdefault(self.layout.options.model, 0)
            return np.zeros(len(rows), np.int64)
        cells, codes = distinct(self.layout.column(batch, "model").take(pa.array(rows)))
        exact = self.layout.tidy
        names = ["" if is_missing(cell) and not exact else name_of(cell, exact=exact) for cell in cells]
        faults = [name_fault(name, exact=exact) for name in names]
        places = [
            -1 if fault else self.models.setdefault(name, len(self.models))
            for name, fault in zip(names, faults, strict=True)
        ]
        model = np.array(places, np.int64)[codes] if len(rows) else np.zeros(0, np.int64)
        for index in np.flatnonzero(model < 0).tolist():
            self.problems.add(int(batch.lines[rows[index]]), faults[codes[index]] or "")
        return model

    def _kinds_of(self, batch: Batch) -> Ints:
        layout, n_rows = self.layout, len(batch.lines)
        labels = self._labels_of(batch)
        states, codes = distinct(layout.column(batch, "status"))
        words = ["" if is_missing(cell) else str(cell).strip().casefold() for cell in states]
        read = [-1 if word in _NEUTRAL else _STATUS_OF.get(word) for word in words]
        self._tell(batch, codes, cell_faults("status", states, read, f"none of {', '.join(_STATUS_OF)}"))
        own = np.array([-1 if each is None else each for each in read], np.int64)[codes]
        flawed = np.zeros(n_rows, np.int64)
        flawed[list(batch.faults)] = 1
        said = np.full(n_rows, -1, np.int64)
        if layout.answers:
            named, code, own = self._answers(batch, labels, own)
        else:
            named, code = self._outcomes(batch, labels, own)
            if "response" in layout.there:
                said = self._each(layout.column(batch, "response"), labels, self._read_label)
        if layout.sequences and not layout.answers:
            own = np.where(self._sequences(batch, labels) & ((own < 0) | (own == VALID)), _BARE, own)
        if "accepted" in layout.there:
            answers, place = distinct(layout.column(batch, "accepted"))
            declined = np.array([whole_of(cell, most=1) == 0 if cell else False for cell in answers])[place]
            own = np.where(declined & (own == VALID), _BARE, own)
        order = self._orders(batch)
        key = labels
        for value in (named, code, said, order):
            key = key * _RADIX + value + 1
        key = (key * 8 + own + 1) * 2 + flawed
        found, inverse, counts = np.unique(key, return_inverse=True, return_counts=True)
        kinds = [self._kinds.setdefault(each, len(self._kinds)) for each in found.tolist()]
        self._n_rows += [0] * (len(self._kinds) - len(self._n_rows))
        for kind, n in zip(kinds, counts.tolist(), strict=True):
            self._n_rows[kind] += n
        return np.array(kinds, np.int64)[inverse] if n_rows else np.zeros(0, np.int64)

    def _labels_of(self, batch: Batch) -> Ints:
        """The place in `_labels` of each row's labels, as the file or `--labels` names them."""
        layout, n_rows = self.layout, len(batch.lines)
        if layout.options.labels is not None or "labels" not in layout.there:
            fixed = layout.labels if layout.answers else layout.options.labels
            return np.full(n_rows, self._labels.setdefault(fixed, len(self._labels)), np.int64)
        if len(layout.there["labels"]) == 2:
            firsts, first = distinct(layout.column(batch, "labels"))
            others, other = distinct(layout.column(batch, "labels", 1))
            found, at, inverse = np.unique(
                first * len(others) + other, return_index=True, return_inverse=True
            )
            pairs = [
                labels_of_two(firsts[each // len(others)], others[each % len(others)])
                for each in found.tolist()
            ]
            places = np.zeros(len(found), np.int64)
            for index in np.argsort(at).tolist():
                places[index] = self._place_of(pairs[index])
            return places[inverse] if n_rows else np.zeros(0, np.int64)
        cells, codes = distinct(layout.column(batch, "labels"))
        read = [labels_of(cell) for cell in cells]
        self._tell(batch, codes, cell_faults("labels", cells, read, "no list of labels"))
        if layout.answers:
            read = [layout.labels if each is None else each for each in read]
        return np.array([self._place_of(each) for each in read], np.int64)[codes]

    def _sequences(self, batch: Batch, labels: Ints) -> NDArray[np.bool_]:
        """Whether each row holds several draws; the texts of these are kept."""
        layout = self.layout
        cells, codes = distinct(joined([batch.column(name) for name in layout.there["sequence"]]))
        names = list(self._labels)
        found, inverse = np.unique(codes * len(names) + labels, return_inverse=True)
        read_label = None if "labels" in layout.there else self._read_label
        texts = [
            read_sequence(cells[each // len(names)], names[each % len(names)], read_label=read_label)
            for each in found.tolist()
        ]
        self._keep_sequences(texts, inverse)
        return np.array([text is not None for text in texts], np.bool_)[inverse]

    def _keep_sequences(self, texts: list[str | None], place: Ints) -> None:
        self.sequence.append(pa.array(texts, pa.string()).take(pa.array(place)))
        for text, n in zip(texts, np.bincount(place, minlength=len(texts)).tolist(), strict=True):
            if text:
                self.lengths[text.count(" ") + 1] += n

    def _place_of(self, labels: Labels | None) -> int:
        if len(self._labels) > _MOST_LABELS:
            raise UsageError("the file names too many different labels; split it, and import its pieces")
        return self._labels.setdefault(labels, len(self._labels))

    def _orders(self, batch: Batch) -> Ints:
        if "order" not in self.layout.there:
            return np.full(len(batch.lines), -1, np.int64)
        cells, codes = distinct(self.layout.column(batch, "order"))
        most = max([2, *(len(labels) for labels in self._labels if labels)]) - 1
        read = [whole_of(cell, most=most) if cell else None for cell in cells]
        fault = "neither 0 nor 1" if most == 1 else f"no whole number up to {most}"
        self._tell(batch, codes, cell_faults("order", cells, read, fault))
        return np.array([-1 if each is None else each for each in read], np.int64)[codes]

    def _tell(self, batch: Batch, codes: Ints, faults: Sequence[str | None]) -> None:
        """Note the faults of some cells, by each row's index into them."""
        if any(faults):
            for row in np.flatnonzero(np.array([bool(fault) for fault in faults])[codes]).tolist():
                self.problems.add(int(batch.lines[row]), faults[codes[row]] or "")

    def _outcomes(self, batch: Batch, labels: Ints, own: Ints) -> tuple[Ints, Ints]:
        column = self.layout.column(batch, "outcome")
        if self.layout.options.rounds:
            column = self._rounded(column)
        if self.layout.options.decimal == ",":
            column = pc.replace_substring_regex(column, r"^\s*([+-]?\d+),(0*)\s*$", r"\1.\2")
        named = self._each(column, labels, self._read_label)
        code = self._each(column, labels, lambda cell, names: code_of(cell, len(names) if names else 2))
        cells, codes = distinct(column.filter(pa.array((own < 0) | (own == VALID))))
        self._codings.add(cells, np.bincount(codes, minlength=len(cells)).tolist())
        return named, code

    def _rounded(self, column: pa.Array) -> pa.Array:
        """The outcomes, real numbers among them rounded to whole ones."""
        cells, codes = distinct(column)
        decimal = self.layout.options.decimal
        real = [
            number is not None and number % 1 != 0
            for number in map(partial(number_of, decimal=decimal), cells)
        ]
        self.n_rounded += int(np.array(real, np.bool_)[codes].sum())
        whole = [rounded(cell, decimal=decimal) for cell in cells]
        return pa.array(whole, pa.string()).take(pa.array(codes))

    def _each(self, column: pa.Array, labels: Ints, read: Callable[[str | None, Labels | None], int]) -> Ints:
        """Read each cell with its row's labels, and what is there twice once."""
        cells, codes = distinct(column)
        names = list(self._labels)
        found, inverse = np.unique(codes * len(names) + labels, return_inverse=True)
        values = [read(cells[each // len(names)], names[each % len(names)]) for each in found.tolist()]
        return np.array(values, np.int64)[inverse] if len(codes) else np.zeros(0, np.int64)

    def _answers(self, batch: Batch, labels: Ints, own: Ints) -> tuple[Ints, Ints, Ints]:
        read_answer = self.layout.read_answer
        if read_answer is None:
            raise UsageError("the file has answers and no outcomes; name the column of the outcome")
        reasons, reason = distinct(self.layout.column(batch, "finish_reason"))
        cells, codes = distinct(self.layout.column(batch, "response"))
        names = list(self._labels)
        n_names, n_reasons = len(names), len(reasons)
        found, inverse = np.unique((codes * n_reasons + reason) * n_names + labels, return_inverse=True)
        outcome, status = np.full(len(found), -1, np.int64), np.zeros(len(found), np.int64)
        texts: list[str | None] = [None] * len(found)
        for index, key in enumerate(found.tolist()):
            (cell, why), label = divmod(key // n_names, n_reasons), names[key % n_names]
            stated, read = read_answer(
                cells[cell] or "", label or self.layout.labels, reasons[why], self.layout.per_answer
            )
            if isinstance(stated, str):
                texts[index], status[index] = stated, _BARE
            else:
                outcome[index], status[index] = stated, STATUS_CODE[read]
        if self.layout.sequences:
            self._keep_sequences(texts, inverse)
        if not len(codes):
            return own, own, own
        named, status = outcome[inverse], status[inverse]
        return named, np.full(len(named), -1, np.int64), np.where((own < 0) | (own == VALID), status, own)


def take(batch: Batch, rows: Ints) -> Batch:
    """Some rows of a batch."""
    places = pa.array(rows)
    faults = {index: batch.faults[row] for index, row in enumerate(rows.tolist()) if row in batch.faults}
    cells = {name: column.take(places) for name, column in batch.cells.items()}
    return Batch(lines=batch.lines[rows], cells=cells, faults=faults if batch.faults else {})
