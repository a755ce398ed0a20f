"""A study's draws counted in every way that an analysis asks for: what is known of draws too many to hold.

Counts are exact and of all draws. What cannot be counted, such as what a model said, is taken from the
beginning of each model's draws.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Self

import numpy as np
from numpy.typing import NDArray

from flipsite.domain.draws import Codes, Draws, Tally

MOST_LOOKS = 2_000
"""After so many of a model's draws it is asked whether they settle it; of more, after some."""

Split = tuple[int, int]
"""Zeros and ones among some valid draws."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PromptArm:
    """Valid draws that were asked alike.

    Attributes:
        labels: JSON text of the pair; empty where it is unknown.
        order: Index of the label named first, 0 or 1.
        zeros: How many drew outcome 0.
        ones: How many drew outcome 1.
    """

    labels: str
    order: int
    zeros: int
    ones: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Transitions:
    """Each valid draw of a model beside the next one.

    Attributes:
        n_valid: Valid draws.
        n_ones: Ones among them.
        n_changes: Neighbours that differ.
        n_both_ones: Neighbours that are both ones.
        n_end_ones: Ones among the first draw and the last, 0 to 2.
    """

    n_valid: int
    n_ones: int
    n_changes: int
    n_both_ones: int
    n_end_ones: int

    @classmethod
    def of(cls, outcomes: Codes) -> Self:
        """Of a model's outcomes by draw; −1 where there is none."""
        valid = outcomes[outcomes >= 0].astype(np.int64)
        ends = valid[[0, -1]] if len(valid) else valid
        return cls(
            n_valid=len(valid),
            n_ones=int(valid.sum()),
            n_changes=int((valid[1:] != valid[:-1]).sum()),
            n_both_ones=int((valid[1:] * valid[:-1]).sum()),
            n_end_ones=int(ends.sum()),
        )

    @classmethod
    def of_each(cls, draws: Draws) -> list[Self]:
        """Of each model of a study, in the order of `draws.models`."""
        is_valid, n_models = draws.outcome >= 0, len(draws.models)
        model = np.repeat(np.arange(n_models), np.diff(draws.starts))[is_valid]
        ones = draws.outcome[is_valid] == 1
        n_valid = np.bincount(model, minlength=n_models)
        n_ones = np.bincount(model[ones], minlength=n_models)
        beside = np.flatnonzero(model[1:] == model[:-1])
        left, right = ones[beside], ones[beside + 1]
        n_changes = np.bincount(model[beside[left != right]], minlength=n_models)
        n_both_ones = np.bincount(model[beside[left & right]], minlength=n_models)
        ends = np.cumsum(n_valid)
        first, last = np.append(ones, False)[[ends - n_valid, ends - 1]].astype(np.int64)
        n_end_ones = np.where(n_valid > 0, first + last, 0)
        columns = (n_valid, n_ones, n_changes, n_both_ones, n_end_ones)
        return [
            cls(n_valid=valid, n_ones=one, n_changes=changes, n_both_ones=both, n_end_ones=end)
            for valid, one, changes, both, end in zip(*(each.tolist() for each in columns), strict=True)
        ]


@dataclass(frozen=True, slots=True, kw_only=True)
class Trajectory:
    """How a model's draws ran, in their order: the counts at some looks, and some of the draws.

    Attributes:
        asked: Draws up to each look, ascending; the last look is after all of them.
        valid: Valid draws among them.
        ones: Ones among these.
        shown: Outcome of every `stride`-th draw, −1 without one.
        stride: Distance between shown draws; 1 shows all.
    """

    asked: NDArray[np.int64]
    valid: NDArray[np.int64]
    ones: NDArray[np.int64]
    shown: Codes
    stride: int

    @classmethod
    def of(cls, outcomes: Codes) -> Self:
        """Of a model's outcomes by draw, each of them a look; of more than MOST_LOOKS, so many of them."""
        valid, ones = (np.cumsum(each, dtype=np.int64) for each in (outcomes >= 0, outcomes == 1))
        return cls._looked_at(outcomes, valid, ones)

    @classmethod
    def of_each(cls, draws: Draws) -> list[Self]:
        """Of each model of a study, in the order of `draws.models`."""
        found = []
        valid, ones = (
            np.cumsum(np.append(False, each), dtype=np.int64)
            for each in (draws.outcome >= 0, draws.outcome == 1)
        )
        for begin, end in pairwise(draws.starts.tolist()):
            counted = (each[begin + 1 : end + 1] - each[begin] for each in (valid, ones))
            found.append(cls._looked_at(draws.outcome[begin:end], *counted))
        return found

    @classmethod
    def _looked_at(cls, outcomes: Codes, valid: NDArray[np.int64], ones: NDArray[np.int64]) -> Self:
        asked = np.arange(1, len(outcomes) + 1)
        if len(asked) > MOST_LOOKS:
            looks = np.linspace(0, len(asked) - 1, MOST_LOOKS).round().astype(np.int64)
            asked, valid, ones = asked[looks], valid[looks], ones[looks]
        return cls(asked=asked, valid=valid, ones=ones, shown=outcomes, stride=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelCounts:
    """The counts of one model's draws.

    Attributes:
        shown: Valid draws whose order is known, by labels and order.
        by_provider: Zeros and ones of each provider that is named.
        by_day: Of each day that is known.
        by_mode: Of each mode that is known.
        neighbours: Each valid draw beside the next.
        course: How they ran.
    """

    shown: tuple[PromptArm, ...]
    by_provider: Mapping[str, Split]
    by_day: Mapping[str, Split]
    by_mode: Mapping[str, Split]
    neighbours: Transitions
    course: Trajectory


@dataclass(frozen=True, slots=True, kw_only=True)
class StudyCounts:
    """The counts of a study's draws.

    Attributes:
        tallies: One a model, sorted by model.
        models: The rest, by model.
        asked: When the first and the last draw were asked; None where that was never told.
    """

    tallies: tuple[Tally, ...]
    models: Mapping[str, ModelCounts]
    asked: tuple[str, str] | None


def prompt_arms(draws: Draws, rows: slice) -> tuple[PromptArm, ...]:
    """A model's valid draws whose order is known, those shown alike counted together, in their order."""
    if not np.any((draws.order[rows] >= 0) & (draws.outcome[rows] >= 0)):
        return ()
    counted: dict[tuple[str, int], list[int]] = {}
    told = zip(draws.labels[rows], draws.order[rows].tolist(), draws.outcome[rows].tolist(), strict=True)
    for labels, order, outcome in told:
        if order >= 0 and outcome >= 0:
            counted.setdefault((labels or "", order), [0, 0])[outcome] += 1
    return tuple(
        PromptArm(labels=labels, order=order, zeros=zeros, ones=ones)
        for (labels, order), (zeros, ones) in counted.items()
    )
