"""Count: what each model cost, what that bought, and what it had been estimated to cost."""

from collections.abc import Mapping
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from flipsite.domain import STATUSES, Draws, Status


@dataclass(frozen=True, slots=True, kw_only=True)
class SpendRow:
    """One row of `spend.csv`: what one model cost; None is unknown, never NaN.

    Attributes:
        draws: All of them, failed and lost ones included.
        valid: Those with an outcome.
        cost_usd: Billed for all draws; a draw whose price was never told counts at its worst case.
        cost_per_valid_usd: Dollars for each valid draw; None without one.
        share: Of all dollars of the study, between 0 and 1; 0 where nothing cost anything.
        failed_usd: What draws without an outcome cost.
        prompt_tokens: Sum over the draws that told.
        completion_tokens: Sum over the draws that told, reasoning included.
        reasoning_tokens: Sum over the draws that told.
        estimated_usd: What so many draws were estimated to cost, by the catalogue's prices.
    """

    model: str
    draws: int
    valid: int
    cost_usd: float
    cost_per_valid_usd: float | None
    share: float
    failed_usd: float
    prompt_tokens: int | None
    completion_tokens: int | None
    reasoning_tokens: int | None
    estimated_usd: float | None


SPEND_COLUMNS: tuple[str, ...] = tuple(field.name for field in fields(SpendRow))
"""The columns of `spend.csv`, in order."""


def spend(draws: Draws, *, estimated_draw_usd: Mapping[str, float] | None = None) -> tuple[SpendRow, ...]:
    """Add up what each model cost.

    Args:
        draws: The study's.
        estimated_draw_usd: What one draw of a model was estimated to cost, where that is known.

    Returns:
        One row a model that has a price, the most expensive first; equal ones by name. Failed and lost draws
        are counted. Empty where no draw of the study has a price.
    """
    estimated = estimated_draw_usd or {}
    total = float(np.nansum(draws.cost_usd))
    rows = [
        _row(draws, index, total=total, estimated_usd=estimated.get(model))
        for index, model in enumerate(draws.models)
        if not np.isnan(draws.cost_usd[draws.rows(index)]).all()
    ]
    return tuple(sorted(rows, key=lambda row: (-row.cost_usd, row.model)))


def _row(draws: Draws, index: int, *, total: float, estimated_usd: float | None) -> SpendRow:
    rows = draws.rows(index)
    cost = draws.cost_usd[rows]
    valid = draws.status[rows] == STATUSES.index(Status.VALID)
    cost_usd, n_valid = float(np.nansum(cost)), int(valid.sum())
    return SpendRow(
        model=draws.models[index],
        draws=len(cost),
        valid=n_valid,
        cost_usd=cost_usd,
        cost_per_valid_usd=cost_usd / n_valid if n_valid else None,
        share=cost_usd / total if total else 0.0,
        failed_usd=float(np.nansum(cost[~valid])),
        prompt_tokens=_sum(draws.prompt_tokens[rows]),
        completion_tokens=_sum(draws.completion_tokens[rows]),
        reasoning_tokens=_sum(draws.reasoning_tokens[rows]),
        estimated_usd=None if estimated_usd is None else estimated_usd * len(cost),
    )


def _sum(tokens: NDArray[np.float64]) -> int | None:
    """Sum of what is known; None where nothing is."""
    known = tokens[~np.isnan(tokens)]
    return int(known.sum()) if len(known) else None
