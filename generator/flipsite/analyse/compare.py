"""Two studies of the same models: who moved?

An exact test of each model's change, given how many ones it drew in both studies together, and the false
discovery rate over the models that both share.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from flipsite.analyse.conditional import TwoByTwo, fisher_exact
from flipsite.analyse.estimate import FALSE_DISCOVERY_RATE, benjamini_hochberg
from flipsite.analyse.printed import Fit
from flipsite.domain.estimates import Estimate


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One model in two studies.

    Attributes:
        model: The model.
        before: Its estimate in the first study.
        after: Its estimate in the second study.
        difference: Bias in the second study less that in the first; None where one has none.
        p_value: Fisher's exact test that its share of ones is the same in both. Where a study printed a bias
            alone, the largest over every count that prints so, of either sign. None where a study tells no
            count.
        q_value: Benjamini-Hochberg over the models that both studies share.
        moved: Whether q is below 0.05.
    """

    model: str
    before: Estimate
    after: Estimate
    difference: float | None
    p_value: float | None
    q_value: float | None
    moved: bool


def changes(
    before: Sequence[Estimate],
    after: Sequence[Estimate],
    *,
    fits_before: Mapping[str, Sequence[Fit]] | None = None,
    fits_after: Mapping[str, Sequence[Fit]] | None = None,
) -> tuple[Change, ...]:
    """Compare the models that two studies of one target share.

    Args:
        before: Estimates of the first study.
        after: Estimates of the second.
        fits_before: The counts that fit each printed bias, where the first study is a published one.
        fits_after: The same for the second.

    Returns:
        One change a model, sorted by model; none where the studies share no model.

    Source:
        Fisher (1935), J. R. Statist. Soc. 98, 39-82.
    """
    first = {record.model: record for record in before}
    second = {record.model: record for record in after}
    shared = sorted(first.keys() & second.keys())
    p = [
        _p_value(
            _counts(first[model], (fits_before or {}).get(model, ())),
            _counts(second[model], (fits_after or {}).get(model, ())),
        )
        for model in shared
    ]
    q = benjamini_hochberg(np.array(p, np.float64))
    return tuple(
        Change(
            model=model,
            before=first[model],
            after=second[model],
            difference=_difference(first[model].bias, second[model].bias),
            p_value=p[i],
            q_value=None if p[i] is None else float(q[i]),
            moved=bool(q[i] < FALSE_DISCOVERY_RATE),
        )
        for i, model in enumerate(shared)
    )


def _counts(record: Estimate, ways: Sequence[Fit]) -> list[tuple[int, int]]:
    """Every pair of ones and valid draws that a study allows for a model."""
    if record.ones is not None and record.valid:
        return [(record.ones, record.valid)]
    return [(k, way.n_valid) for way in ways for k in way.ones]


def _p_value(before: Sequence[tuple[int, int]], after: Sequence[tuple[int, int]]) -> float | None:
    """The largest p-value over all counts that are allowed; None where there are none."""
    tables = [
        TwoByTwo(ones_a=ones_a, n_a=n_a, ones_b=ones_b, n_b=n_b)
        for ones_a, n_a in before
        for ones_b, n_b in after
    ]
    return max(map(fisher_exact, tables), default=None)


def _difference(before: float | None, after: float | None) -> float | None:
    return None if before is None or after is None else after - before
