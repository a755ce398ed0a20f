"""Running counts: the order of a model's draws, as far as a rule that looks at them again and again needs it.

A model that always takes the first-named label, or one word of each pair, shows an even share in total. So
draws are counted in each order, and fresh label pairs by whether their two draws agree.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from flipsite.domain.columns import TextColumn
from flipsite.domain.draws import Codes, Draws

MOST_LOOKS = 2_000
"""After so many of a model's draws it is asked whether they settle it; of more, after some."""

N_COUNTS = 9
"""Columns of running counts."""

Integers = NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True)
class RunningCounts:
    """Valid draws counted at some looks.

    Attributes:
        table: A row a look, N_COUNTS columns: ones and valid draws in total, with label 0 named first, and
            with label 1 named first; then label pairs asked twice whose draws are both 0, both 1, or differ.
            Whole numbers of any width, which are counted with as int64.
    """

    table: NDArray[np.integer[Any]]

    @property
    def ones(self) -> Integers:
        """Ones among all valid draws, shape (n,)."""
        return self._column(0)

    @property
    def valid(self) -> Integers:
        """Valid draws, shape (n,)."""
        return self._column(1)

    def in_order(self, order: int) -> tuple[Integers, Integers]:
        """Ones and valid draws with the label of this index named first, shape (n,) each."""
        return self._column(2 + 2 * order), self._column(3 + 2 * order)

    @property
    def concordant(self) -> tuple[Integers, Integers]:
        """Label pairs of two zeros, and of two ones, shape (n,) each."""
        return self._column(6), self._column(7)

    @property
    def discordant(self) -> Integers:
        """Label pairs of a zero and a one, shape (n,)."""
        return self._column(8)

    def _column(self, number: int) -> Integers:
        return self.table[:, number].astype(np.int64)


class DrawCounter:
    """One model's draws counted as they come."""

    def __init__(self) -> None:
        """Begin without a draw."""
        self.counts = [0] * N_COUNTS
        self._single: dict[str, int] = {}

    def add(self, labels: str, order: int, outcome: int | None) -> None:
        """Count a draw; without an outcome it counts as nothing."""
        if outcome is None:
            return
        is_one = int(outcome == 1)
        for column in (0, *((2 + 2 * order,) if order < 2 else ())):
            self.counts[column] += is_one
            self.counts[column + 1] += 1
        other = self._single.pop(labels, None)
        if other is None:
            self._single[labels] = is_one
        else:
            self.counts[6 + (is_one if other == is_one else 2)] += 1


@dataclass(frozen=True, slots=True, kw_only=True)
class OutcomeCounts:
    """Valid draws from k outcomes at a look.

    Attributes:
        outcomes: By outcome, shape (k,).
        places: By the place of what was drawn in the prompt, shape (k,).
        firsts: The first of each set of labels by outcome, shape (k,).
        n_alike: Sets of labels whose first two draws are alike.
        n_pairs: Sets of labels with two draws or more.
    """

    outcomes: Sequence[int]
    places: Sequence[int]
    firsts: Sequence[int] = ()
    n_alike: int = 0
    n_pairs: int = 0

    @classmethod
    def of(cls, counts: Sequence[int], n_outcomes: int) -> Self:
        """Take apart the counts of an `OutcomeCounter`."""
        k = n_outcomes
        n_alike, n_pairs = counts[3 * k :]
        return cls(
            outcomes=counts[:k],
            places=counts[k : 2 * k],
            firsts=counts[2 * k : 3 * k],
            n_alike=n_alike,
            n_pairs=n_pairs,
        )


class OutcomeCounter:
    """One model's draws from k outcomes counted as they come, a set of labels after the other."""

    def __init__(self, n_outcomes: int) -> None:
        """Begin without a draw."""
        self.counts = [0] * (3 * n_outcomes + 2)
        self._k = n_outcomes
        self._labels: str | None = None
        self._drawn: list[int] = []

    def add(self, labels: str, order: int, outcome: int | None) -> None:
        """Count a draw; without an outcome it counts as nothing."""
        if outcome is None:
            return
        self.counts[outcome] += 1
        self.counts[self._k + (outcome - order) % self._k] += 1
        if labels != self._labels:
            self._labels, self._drawn = labels, []
        if len(self._drawn) < 2:
            self._drawn.append(outcome)
            self._count_set()

    def _count_set(self) -> None:
        """Count the first draw of a set of labels, and whether the second is alike."""
        first = self._drawn[0]
        if len(self._drawn) == 1:
            self.counts[2 * self._k + first] += 1
        else:
            self.counts[-2] += first == self._drawn[1]
            self.counts[-1] += 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Trajectory:
    """A model's draws in their order: the counts at some looks, and some of the draws.

    Attributes:
        asked: Draws up to each look, ascending; the last look is after all of them.
        counts: Of the valid draws among them.
        clustered: Whether draws share label pairs in a way that `counts.pairs` does not show.
        shown: Outcome of every `stride`-th draw, −1 without one.
        stride: Distance between shown draws; 1 shows all.
    """

    asked: Integers
    counts: RunningCounts
    shown: Codes
    clustered: bool = False
    stride: int = 1

    @property
    def both_orders(self) -> bool:
        """Whether there are valid draws in either order."""
        return bool(len(self.asked)) and bool(self.counts.table[-1, 3] and self.counts.table[-1, 5])

    @property
    def fresh_labels(self) -> bool:
        """Whether label pairs were asked twice each, in both orders."""
        return self.both_orders and bool(self.counts.table[-1, 6:].any())

    @classmethod
    def of_each(cls, draws: Draws) -> list[Self]:
        """A trajectory for each of `draws.models`, in their order, with at most MOST_LOOKS checkpoints."""
        pair_ends, clustered = _pairs(draws)
        is_one, is_valid = draws.outcome == 1, draws.outcome >= 0
        marks = [is_one, is_valid]
        marks += [each & (draws.order == order) for order in (0, 1) for each in (is_one, is_valid)]
        marks += [pair_ends == kind for kind in (0, 1, 2)]
        n_of_each = np.diff(draws.starts)
        most = int(n_of_each.max(initial=0))
        running = np.empty((len(draws), N_COUNTS), np.min_scalar_type(most))  # of all draws that are held
        for column, mark in enumerate(marks):
            total = np.concatenate([[0], np.cumsum(mark)])
            running[:, column] = total[1:] - np.repeat(total[draws.starts[:-1]], n_of_each)
        asked = np.arange(1, most + 1)
        return [
            cls._of_running(asked[: end - begin], running[begin:end], draws.outcome[begin:end], each)
            for (begin, end), each in zip(pairwise(draws.starts.tolist()), clustered, strict=True)
        ]

    @classmethod
    def _of_running(
        cls, asked: Integers, running: NDArray[np.integer[Any]], outcomes: Codes, clustered: bool
    ) -> Self:
        if len(asked) > MOST_LOOKS:
            looks = np.linspace(0, len(asked) - 1, MOST_LOOKS).round().astype(np.int64)
            asked, running = asked[looks], running[looks]
        return cls(asked=asked, counts=RunningCounts(table=running), shown=outcomes, clustered=clustered)


def _pairs(draws: Draws) -> tuple[Codes, list[bool]]:
    """The place of a label pair's second valid draw, and which models were asked a pair more than twice.

    Returns:
        0 at a draw that makes a pair of two zeros, 1 of two ones, 2 of a zero and a one, else −1; all are −1
        where a model has one label pair. And a truth a model.
    """
    ends = np.full(len(draws), -1, np.int16)
    n_models = len(draws.models)
    labels = TextColumn.of(draws.labels)
    n_names = len(labels.distinct)
    rows = np.flatnonzero(draws.outcome >= 0)
    if n_names < 2:
        return ends, [False] * n_models
    model = np.repeat(np.arange(n_models), np.diff(draws.starts))[rows]
    key = model * n_names + labels.codes[rows].astype(np.int64)
    by_key = np.argsort(key, kind="stable")
    kinds, begins, sizes = np.unique(key[by_key], return_index=True, return_counts=True)
    owner = kinds // n_names
    varies = np.bincount(owner, minlength=n_models) > 1
    twice = begins[(sizes == 2) & varies[owner]]
    first, second = (draws.outcome[rows[by_key[twice + step]]] for step in (0, 1))
    ends[rows[by_key[twice + 1]]] = np.where(first == second, first == 1, 2)
    often = np.bincount(owner[sizes > 2], minlength=n_models) > 0
    return ends, (often & varies).tolist()
