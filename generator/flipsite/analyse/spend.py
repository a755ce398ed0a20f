"""Count: what each model cost, what that bought, and what it had been estimated to cost."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from math import fsum

from flipsite.domain.draws import Tally


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


def spend(
    tallies: Sequence[Tally], *, estimated_draw_usd: Mapping[str, float] | None = None
) -> tuple[SpendRow, ...]:
    """Add up what each model cost.

    Args:
        tallies: The study's.
        estimated_draw_usd: What one draw of a model was estimated to cost, where that is known.

    Returns:
        One row a model that has a price, the most expensive first; equal ones by name. Failed and lost draws
        are counted. Empty where no draw of the study has a price.
    """
    estimated = estimated_draw_usd or {}
    total = fsum(tally.cost_usd or 0.0 for tally in tallies)
    rows = [
        _row(tally, tally.cost_usd, total=total, estimated_usd=estimated.get(tally.model))
        for tally in tallies
        if tally.cost_usd is not None
    ]
    return tuple(sorted(rows, key=lambda row: (-row.cost_usd, row.model)))


def _row(tally: Tally, cost_usd: float, *, total: float, estimated_usd: float | None) -> SpendRow:
    return SpendRow(
        model=tally.model,
        draws=tally.n_draws,
        valid=tally.n_valid,
        cost_usd=cost_usd,
        cost_per_valid_usd=cost_usd / tally.n_valid if tally.n_valid else None,
        share=cost_usd / total if total else 0.0,
        failed_usd=tally.failed_cost_usd or 0.0,
        prompt_tokens=tally.prompt_tokens,
        completion_tokens=tally.completion_tokens,
        reasoning_tokens=tally.reasoning_tokens,
        estimated_usd=None if estimated_usd is None else estimated_usd * tally.n_draws,
    )
