"""Counts by model for the likelihood; a printed figure stands for every count that prints as it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from flipsite.analyse.published.possible_counts import PrintedFit, printed_counts
from flipsite.domain.draws import Tally
from flipsite.domain.estimates import Printed
from flipsite.domain.urls import author_of
from flipsite.fit.selection import Selection

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True)
class FlipCounts:
    """Ones among valid draws, a row a reading: a measured model has one, a printed figure may have many.

    A model’s likelihood is the sum over its readings, each with its weight.

    Attributes:
        models: Names, one a model.
        authors: Names, one an author, sorted.
        author: Each model's author, an index into `authors` (n_models).
        model: Each row's model, an index into `models` (n_rows), ascending.
        ones: Ones (n_rows).
        valid: Valid draws (n_rows), at least 1.
        log_weight: Logarithm of the probability, before any data, that this reading is the one (n_rows).
        target: Probability of a one that was asked for.
        signed: False where the readings come in pairs to either side of the target.
        bias: |share of ones − target| of each model, as measured or printed (n_models).
        selection: The counts with which a model is in the data at all; None where every model is.
    """

    models: tuple[str, ...]
    authors: tuple[str, ...]
    author: Ints
    model: Ints
    ones: Ints
    valid: Ints
    log_weight: Floats
    target: float
    signed: bool
    bias: Floats
    selection: Selection | None = None

    @property
    def typical_valid(self) -> Ints:
        """One number of valid draws a model: the middle one of its readings (n_models)."""
        readings = (np.sort(self.valid[self.model == index]) for index in range(len(self.models)))
        return np.array([valid[len(valid) // 2] for valid in readings])


def counts_of_draws(tallies: Iterable[Tally], *, target: float) -> FlipCounts:
    """Measured models with at least one valid draw, one reading each."""
    drawn = [tally for tally in tallies if tally.n_valid]
    ones, valid = (
        np.array([getattr(tally, name) for tally in drawn], dtype=np.int64) for name in ("n_ones", "n_valid")
    )
    return _counts(
        [tally.model for tally in drawn],
        model=np.arange(len(drawn)),
        ones=ones,
        valid=valid,
        log_weight=np.zeros(len(drawn)),
        target=target,
        signed=True,
        bias=np.abs(ones / np.maximum(1, valid) - target),
    )


def counts_of_printed(
    printed: Printed, fits: Mapping[str, Sequence[PrintedFit]], *, target: float
) -> FlipCounts:
    """Printed models, a reading for each count that prints as the model's figure.

    Before the data every number of valid draws within the study's bounds is equally probable, and either
    direction of the bias. For a target of one half the two directions stay equally probable whatever the
    parameters, because the forms of unsigned data are symmetric about it: one reading of double weight stands
    for both.

    Where only part of the models was printed, `selection` holds every count that would have been.
    """
    rows = sorted((row for row in printed.rows if fits.get(row.model)), key=lambda row: row.model)
    even = target == 0.5
    readings = [
        (index, ones, fit.n_valid, len(fit.ones) if even else 1)
        for index, row in enumerate(rows)
        for fit in fits[row.model]
        for ones in (fit.ones[-1:] if even else fit.ones)
    ]
    model, ones, valid, double = np.array(readings, dtype=np.int64).reshape(-1, 4).T
    numbers = printed.draws_high - printed.draws_low + 1
    return _counts(
        [row.model for row in rows],
        model=model,
        ones=ones,
        valid=valid,
        log_weight=np.log(double / numbers),
        target=target,
        signed=False,
        bias=np.array([float(row.figure) for row in rows]),
        selection=_selection(printed, target=target),
    )


def _selection(printed: Printed, *, target: float) -> Selection | None:
    counts = printed_counts(printed, target=target)
    if not counts:
        return None
    ones, valid = np.array(counts, dtype=np.int64).T
    numbers = printed.draws_high - printed.draws_low + 1
    return Selection(ones=ones, valid=valid, log_weight=np.full(len(counts), -np.log(numbers)))


def _counts(
    models: Sequence[str],
    *,
    model: Ints,
    ones: Ints,
    valid: Ints,
    log_weight: Floats,
    target: float,
    signed: bool,
    bias: Floats,
    selection: Selection | None = None,
) -> FlipCounts:
    authors = tuple(sorted({author_of(name) for name in models}))
    return FlipCounts(
        models=tuple(models),
        authors=authors,
        author=np.array([authors.index(author_of(name)) for name in models], dtype=np.int64),
        model=model,
        ones=ones,
        valid=valid,
        log_weight=log_weight,
        target=target,
        signed=signed,
        bias=bias,
        selection=selection,
    )
