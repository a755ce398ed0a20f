"""A study's draws counted in every way that an analysis asks for, all at hand or too many to hold.

Counts are exact and of all draws. What cannot be counted, such as what a model said, is taken from the
beginning of each model's draws.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np

from flipsite.domain.draws import Codes, Draws, Tally
from flipsite.domain.trajectory import N_COUNTS, RunningCounts, Trajectory

Split = tuple[int, ...]
"""Counts by outcome of some valid draws; of a coin zeros and ones."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PromptArm:
    """Valid draws that were asked alike.

    Attributes:
        labels: JSON text of the labels; empty where they are unknown.
        order: Index of the label named first.
        counts: How many drew each outcome.
    """

    labels: str
    order: int
    counts: Split

    @property
    def zeros(self) -> int:
        """How many drew outcome 0."""
        return self.counts[0]

    @property
    def ones(self) -> int:
        """How many drew outcome 1."""
        return self.counts[1]


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
        """Count a model's transitions; `outcomes` holds −1 where a draw has none."""
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
        """The transitions of each model of a study, in the order of `draws.models`."""
        is_valid, n_models = draws.outcome >= 0, len(draws.models)
        model = np.repeat(np.arange(n_models), np.diff(draws.starts))[is_valid]
        ones = draws.outcome[is_valid] == 1
        n_valid = np.bincount(model, minlength=n_models)
        n_ones = np.bincount(model[ones], minlength=n_models)
        beside = np.flatnonzero(model[1:] == model[:-1])
        left, right = ones[beside], ones[beside + 1]
        drawn = draws.outcome[is_valid]
        n_changes = np.bincount(model[beside[drawn[beside] != drawn[beside + 1]]], minlength=n_models)
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
class ModelCounts:
    """Counts of one model's draws.

    Attributes:
        shown: Valid draws whose order is known, by labels and order.
        by_provider: Counts by outcome of each provider that is named.
        by_day: Of each day that is known.
        by_mode: Of each mode that is known.
        neighbours: Each valid draw beside the next.
        trajectory: Their running counts.
    """

    shown: tuple[PromptArm, ...]
    by_provider: Mapping[str, Split]
    by_day: Mapping[str, Split]
    by_mode: Mapping[str, Split]
    neighbours: Transitions
    trajectory: Trajectory


@dataclass(frozen=True, slots=True, kw_only=True)
class StudyCounts:
    """Counts of a study's draws.

    Attributes:
        tallies: One a model, sorted by model.
        models: The rest, by model.
        asked: When the first and the last draw were asked; None where that is unknown.
    """

    tallies: tuple[Tally, ...]
    models: Mapping[str, ModelCounts]
    asked: tuple[str, str] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PrintedCounts:
    """One model's counts as a source states them, without draws.

    Attributes:
        model: Its name.
        counts: Valid draws by outcome, k counts.
        n_draws: All draws, those without an outcome included.
        source: Where they are stated, such as a table and a row; empty where nothing says.
    """

    model: str
    counts: Split
    n_draws: int
    source: str = ""

    @property
    def tally(self) -> Tally:
        """The counts as a tally; the statuses of draws without an outcome are unknown."""
        return Tally(
            model=self.model,
            n_draws=self.n_draws,
            n_valid=sum(self.counts),
            n_ones=self.counts[1],
            counts=self.counts if len(self.counts) > 2 else (),
        )


def counts_without_draws(tallies: Sequence[Tally]) -> StudyCounts:
    """A study's counts of which nothing but the tallies is known: neither orders, days nor neighbours."""
    by_model = tuple(sorted(tallies, key=lambda tally: tally.model))
    nothing = np.zeros(0, np.int64)
    unknown = ModelCounts(
        shown=(),
        by_provider={},
        by_day={},
        by_mode={},
        neighbours=Transitions.of(nothing),
        trajectory=Trajectory(
            asked=nothing, counts=RunningCounts(table=np.zeros((0, N_COUNTS), np.int64)), shown=nothing
        ),
    )
    models = dict.fromkeys((tally.model for tally in by_model), unknown)
    return StudyCounts(tallies=by_model, models=models, asked=None)


def count_study(draws: Draws, tallies: tuple[Tally, ...], *, n_outcomes: int = 2) -> StudyCounts:
    """Count a study's draws, all of them at hand.

    Args:
        draws: All of the study's.
        tallies: Their tallies, in the order of `draws.models`.
        n_outcomes: k.
    """
    neighbours, trajectories = Transitions.of_each(draws), Trajectory.of_each(draws)
    models = {}
    for index, model in enumerate(draws.models):
        rows = draws.rows(index)
        outcomes = draws.outcome[rows]
        days = [moment and moment[:10] for moment in draws.asked_at[rows]]
        models[model] = ModelCounts(
            shown=prompt_arms(draws, rows, n_outcomes=n_outcomes),
            by_provider=_by_name(draws.provider[rows], outcomes, n_outcomes),
            by_day=_by_name(days, outcomes, n_outcomes),
            by_mode=_by_name(draws.mode[rows], outcomes, n_outcomes),
            neighbours=neighbours[index],
            trajectory=trajectories[index],
        )
    moments = [moment for moment in draws.asked_at if moment]
    asked = (min(moments), max(moments)) if moments else None
    return StudyCounts(tallies=tallies, models=models, asked=asked)


def _by_name(names: Sequence[str | None], outcomes: Codes, n_outcomes: int) -> dict[str, Split]:
    """Counts by outcome of the valid draws of each name that is known."""
    found: dict[str, Split] = {}
    distinct = set(names)
    for name in sorted(each for each in distinct if each):
        named = outcomes if len(distinct) == 1 else outcomes[[each == name for each in names]]
        counts = np.bincount(named[named >= 0], minlength=n_outcomes)
        if counts.any():
            found[name] = tuple(counts.tolist())
    return found


def prompt_arms(draws: Draws, rows: slice, *, n_outcomes: int = 2) -> tuple[PromptArm, ...]:
    """Count a model's valid draws whose order is known by labels and order, in their order."""
    if not np.any((draws.order[rows] >= 0) & (draws.outcome[rows] >= 0)):
        return ()
    counted: dict[tuple[str, int], list[int]] = {}
    asked = zip(draws.labels[rows], draws.order[rows].tolist(), draws.outcome[rows].tolist(), strict=True)
    for labels, order, outcome in asked:
        if order >= 0 and outcome >= 0:
            counted.setdefault((labels or "", order), [0] * n_outcomes)[outcome] += 1
    return tuple(
        PromptArm(labels=labels, order=order, counts=tuple(counts))
        for (labels, order), counts in counted.items()
    )
