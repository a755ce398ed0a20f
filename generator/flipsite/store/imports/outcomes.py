"""Which side a row of somebody's file says was drawn.

An outcome cell is a code (0/1, 0.0/1.0, true/false) or the text of a label. A row may name its labels by
place: the one named first in the prompt and the other. Then a code can mean the label or the place, and which
label is 1 is not said; where the file has the models' own words, they decide.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from flipsite.store.imports.cells import Labels, number_of

_CODES = {"true": 1, "false": 0}
_WRAPPING = " \t\r\n*_`\"'“”‘’«»."
_BITS: Labels = ("0", "1")


@dataclass(frozen=True, slots=True, kw_only=True)
class RowOutcomes:
    """The draws of every row.

    Attributes:
        outcome: 0, 1, or -1 where the cell names neither side.
        labels: The labels of outcome 0 and outcome 1, or None.
        order: Index of the label named first, or -1.
        n_contradictions: Rows whose response names the other side.
        reading: How the outcome column was understood, in words.
    """

    outcome: NDArray[np.int16]
    labels: list[Labels | None]
    order: NDArray[np.int16]
    n_contradictions: int
    reading: str


def decide(
    labels: Sequence[Labels | None],
    *,
    named: NDArray[np.int16],
    codes: NDArray[np.int16],
    said: NDArray[np.int16] | None = None,
    by_place: bool = False,
    codes_first: bool = False,
    weights: NDArray[np.int64] | None = None,
) -> RowOutcomes:
    """Decide how an outcome column is to be read, by what most of its rows are.

    Args:
        labels: Each row's labels: those of outcome 0, 1 and so on, or, with `by_place`, the one named first
            and the other.
        named: The index of the label that the outcome cell names, or -1.
        codes: The outcome that the cell is as a code, or -1.
        said: The index of the label that the response names, or -1; None where the file has no responses.
        by_place: Whether the labels are in the order in which they were named in the prompt.
        codes_first: Whether a column that reads as codes and as labels alike (labels `1` and `0`) is codes.
        weights: How many rows of the file each row represents; one where it is not said.

    Returns:
        The outcomes as indices of labels. By place, the first pair of the file gives labels 0
        and 1 (`0` and `1` themselves stay what they are), unless the responses show a code to mean otherwise.
    """
    weight = np.ones(len(labels), np.int64) if weights is None else weights
    rows = _Rows.of(labels, weight, by_place=by_place)
    n_named, n_codes = int(weight[named >= 0].sum()), int(weight[codes >= 0].sum())
    if n_named and n_codes and not by_place and not _any_code(labels):
        both = np.where(named >= 0, named, codes)
        return rows.drawn(both, both, "the label's text, or 0 and 1", _n_different(rows, both, said))
    if not n_named or n_named < n_codes or (n_named == n_codes and codes_first):
        return _by_code(rows, codes, said)
    by_text = _by_text(rows, named, said)
    if n_named > n_codes or said is None:
        return by_text
    return min(by_text, _by_code(rows, codes, said), key=lambda drawn: drawn.n_contradictions)


class LabelReader:
    """Reads which of some labels a text is: the whole of it, or its last line.

    Blanks, quotes, markdown's marks and a full stop around it are no part of it; case matters only where it
    tells two labels apart; where all labels are numbers, `+1`, `01` and `1.0` are 1. The last line is the
    last that has text and is no code fence.
    """

    def __init__(self) -> None:
        self._forms: dict[Labels, _Forms] = {}

    def __call__(self, cell: str | None, pair: Labels | None) -> int:
        """The label's index in the pair, or -1."""
        if pair is None or cell is None:
            return -1
        forms = self._forms.get(pair)
        if forms is None:
            forms = self._forms.setdefault(pair, _Forms.of(pair))
        return self._read(cell, forms)

    def _read(self, text: str, forms: "_Forms") -> int:
        lines = [line for line in text.split("\n") if line.strip() and not line.lstrip().startswith("```")]
        for part in (text, *lines[-1:]):
            for form in (part.strip(), part.strip(_WRAPPING)):
                index = forms.exact.get(form, forms.folded.get(form.casefold()))
                if index is None and forms.numbers and (number := number_of(form)) is not None:
                    index = forms.numbers.get(number)
                if index is not None:
                    return index
        return -1


@dataclass(frozen=True, slots=True, kw_only=True)
class _Forms:
    """The forms that each of some labels may have: as it is, in lower case, as a number."""

    exact: dict[str, int]
    folded: dict[str, int]
    numbers: dict[float, int]

    @classmethod
    def of(cls, labels: Labels) -> "_Forms":
        exact = {label.strip(): index for index, label in enumerate(labels)}
        if len(exact) < len(labels) or "" in exact:
            return cls(exact={}, folded={}, numbers={})
        folded = {label.casefold(): index for label, index in exact.items()}
        found = ((number_of(label), index) for label, index in exact.items())
        numbers = {number: index for number, index in found if number is not None}
        return cls(
            exact=exact,
            folded=folded if len(folded) == len(labels) else {},
            numbers=numbers if len(numbers) == len(labels) else {},
        )


@dataclass(slots=True, kw_only=True)
class _Rows:
    """The rows' pairs: which distinct pair each has, and whether it is reversed."""

    canonical: list[Labels]
    key: NDArray[np.int64]
    reversed: NDArray[np.int16]
    weight: NDArray[np.int64]
    by_place: bool
    swapped: NDArray[np.int16] = field(init=False)

    def __post_init__(self) -> None:
        self.swapped = np.zeros(len(self.canonical) + 1, np.int16)

    @classmethod
    def of(cls, pairs: Sequence[Labels | None], weight: NDArray[np.int64], *, by_place: bool) -> "_Rows":
        index: dict[Labels, int] = {}
        canonical: list[Labels] = []
        for pair in dict.fromkeys(pairs):
            if pair is not None and pair not in index:
                first = _BITS if by_place and set(pair) == set(_BITS) else pair
                index[first] = len(canonical)
                if by_place:
                    index[first[::-1]] = len(canonical)
                canonical.append(first)
        key = np.array([-1 if pair is None else index[pair] for pair in pairs], np.int64)
        turned = [pair is not None and pair != canonical[index[pair]] for pair in pairs]
        return cls(
            canonical=canonical,
            key=key,
            reversed=np.array(turned, np.int16),
            weight=weight,
            by_place=by_place,
        )

    def drawn(
        self, outcome: NDArray[np.int16], known: NDArray[np.int16], reading: str, n_contradictions: int = 0
    ) -> RowOutcomes:
        """The rows' outcomes, missing where `known` is; labels and orders as the pairs are by now."""
        ends = [
            pair[::-1] if swap else pair for pair, swap in zip(self.canonical, self.swapped, strict=False)
        ]
        labels: list[Labels | None] = [ends[key] if key >= 0 else None for key in self.key.tolist()]
        order = self.reversed ^ self.swapped[self.key]
        placed = (self.key >= 0) & self.by_place
        return RowOutcomes(
            outcome=np.where(known >= 0, outcome, -1).astype(np.int16),
            labels=labels,
            order=np.where(placed, order, -1).astype(np.int16),
            n_contradictions=n_contradictions,
            reading=reading,
        )


def _by_text(rows: _Rows, named: NDArray[np.int16], said: NDArray[np.int16] | None) -> RowOutcomes:
    outcome = named ^ rows.reversed if rows.by_place else named
    return rows.drawn(outcome, named, "the label's text", _n_different(rows, named, said))


def _by_code(rows: _Rows, codes: NDArray[np.int16], said: NDArray[np.int16] | None) -> RowOutcomes:
    if said is None or not rows.by_place:
        return rows.drawn(codes, codes, "0 and 1", _n_different(rows, codes, said))
    return _by_response(rows, codes, said)


def _by_response(rows: _Rows, codes: NDArray[np.int16], said: NDArray[np.int16]) -> RowOutcomes:
    """Take the meaning of the codes that the fewest responses contradict; a label's before a place's."""
    both = (codes >= 0) & (said >= 0) & (rows.key >= 0)
    key, weight = rows.key[both], rows.weight[both]
    other_label = (said ^ codes ^ rows.reversed)[both]
    n_keys = len(rows.canonical)
    against = np.bincount(key, weights=other_label * weight, minlength=n_keys)
    agreeing = np.bincount(key, weights=weight, minlength=n_keys) - against
    by_label = int(np.minimum(against, agreeing).sum())
    not_first = int(((said ^ codes)[both] * weight).sum())
    by_place, turn, reading = min(
        (not_first, 0, "0 is the label named first, 1 the other"),
        (int(weight.sum()) - not_first, 1, "1 is the label named first, 0 the other"),
    )
    if by_label <= by_place:
        rows.swapped[:n_keys] = agreeing < against
        return rows.drawn(codes, codes, "0 and 1 are labels, whatever their place", by_label)
    placed = np.where(rows.key >= 0, codes ^ rows.reversed ^ np.int16(turn), codes)
    return rows.drawn(placed, codes, reading, by_place)


def _n_different(rows: _Rows, read: NDArray[np.int16], said: NDArray[np.int16] | None) -> int:
    return 0 if said is None else int(rows.weight[(read != said) & (read >= 0) & (said >= 0)].sum())


def _any_code(pairs: Sequence[Labels | None]) -> bool:
    """Whether a label is itself a code, so that a cell with it could mean either."""
    return any(code_of(label) >= 0 for pair in set(pairs) if pair is not None for label in pair)


def code_of(cell: str | None, n_outcomes: int = 2) -> int:
    """The outcome that a cell is as a code: 0, 1 and so on, or true and false; -1 where it is none."""
    number = number_of(cell)
    if number is not None:
        return int(number) if number in range(n_outcomes) else -1
    return _CODES.get(cell.strip().casefold(), -1) if cell and n_outcomes == 2 else -1
