"""Tallies of a study's draws, and what each model cost."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from flipsite.domain.draws import STATUSES, Draws, Status, Tally
from flipsite.domain.money import NOTHING, Usd, column_pico, total


def tally(draws: Draws, *, n_outcomes: int = 2) -> tuple[Tally, ...]:
    """Count each model's draws, valid draws, outcomes, statuses, dollars and tokens.

    Args:
        draws: Of the study.
        n_outcomes: k.

    Returns:
        One tally a model, in the order of `draws.models`.
    """
    n_models = len(draws.models)
    n_draws = np.diff(draws.starts)
    model = np.repeat(np.arange(n_models), n_draws)
    n_valid = np.bincount(model[draws.outcome >= 0], minlength=n_models)
    n_ones = np.bincount(model[draws.outcome == 1], minlength=n_models)
    counts = _by_outcome(draws, model, n_outcomes) if n_outcomes > 2 else None
    by_status = np.bincount(
        model * len(STATUSES) + draws.status.astype(np.int64), minlength=n_models * len(STATUSES)
    ).reshape(n_models, len(STATUSES))
    pico = column_pico(draws.cost_usd)
    cost = _sums(pico, draws)
    failed = draws.status != STATUSES.index(Status.VALID)
    failed_cost = _sums(np.where(np.isnan(pico), pico, pico * failed), draws)
    tokens = [
        _sums(each, draws) for each in (draws.prompt_tokens, draws.completion_tokens, draws.reasoning_tokens)
    ]
    drawn, valid, ones, statuses = (each.tolist() for each in (n_draws, n_valid, n_ones, by_status))
    return tuple(
        Tally(
            model=name,
            n_draws=drawn[i],
            n_valid=valid[i],
            n_ones=ones[i],
            counts=() if counts is None else tuple(counts[i].tolist()),
            by_status=tuple(statuses[i]),
            cost_usd=_money(cost[i]),
            failed_cost_usd=_money(failed_cost[i]),
            prompt_tokens=tokens[0][i],
            completion_tokens=tokens[1][i],
            reasoning_tokens=tokens[2][i],
        )
        for i, name in enumerate(draws.models)
    )


def _by_outcome(draws: Draws, model: NDArray[np.int64], n_outcomes: int) -> NDArray[np.int64]:
    """Valid draws by model and outcome, shape (n_models, k)."""
    valid = draws.outcome >= 0
    cell = model[valid] * n_outcomes + draws.outcome[valid].astype(np.int64)
    n_models = len(draws.models)
    return np.bincount(cell, minlength=n_models * n_outcomes).reshape(n_models, n_outcomes)


def _money(pico: int | None) -> Usd | None:
    return None if pico is None else Usd(pico)


def _sums(values: NDArray[np.float64], draws: Draws) -> list[int | None]:
    """Sum of each model's known whole values; None for a model without one."""
    known = ~np.isnan(values)
    whole = np.where(known, values, 0.0).astype(np.int64)
    if np.abs(whole).sum(dtype=np.float64) > np.iinfo(np.int64).max:
        whole = whole.astype(object)
    totals, counts = _by_model(whole, draws), _by_model(known.astype(np.int64), draws)
    return [int(total) if count else None for total, count in zip(totals, counts, strict=True)]


def _by_model(values: NDArray[Any], draws: Draws) -> NDArray[Any]:
    """Sums over each model's rows, of which there may be none."""
    return np.diff(np.concatenate([[0], np.cumsum(values)])[draws.starts])


@dataclass(frozen=True, slots=True, kw_only=True)
class SpendRow:
    """One row of `spend.csv`: what one model cost; None is unknown, never NaN.

    Attributes:
        draws: All of them, failed and lost ones included.
        valid: Those with an outcome.
        cost_usd: Billed for all draws; a draw without a known price counts at its worst case.
        cost_per_valid_usd: For each valid draw; None without one.
        share: Of the study's cost, between 0 and 1; 0 where nothing cost anything.
        failed_usd: What draws without an outcome cost.
        prompt_tokens: Sum over the draws that report it.
        completion_tokens: Sum over the draws that report it, reasoning included.
        reasoning_tokens: Sum over the draws that report it.
        estimated_usd: The cost of the draws as estimated by the catalogue's prices.
    """

    model: str
    draws: int
    valid: int
    cost_usd: Usd
    cost_per_valid_usd: Usd | None
    share: float
    failed_usd: Usd
    prompt_tokens: int | None
    completion_tokens: int | None
    reasoning_tokens: int | None
    estimated_usd: Usd | None


def spend(
    tallies: Sequence[Tally], *, estimated_draw_usd: Mapping[str, Usd] | None = None
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
    whole = total(tally.cost_usd or NOTHING for tally in tallies)
    rows = [
        _row(tally, tally.cost_usd, whole=whole, estimated_usd=estimated.get(tally.model))
        for tally in tallies
        if tally.cost_usd is not None
    ]
    return tuple(sorted(rows, key=lambda row: (-row.cost_usd, row.model)))


def _row(tally: Tally, cost_usd: Usd, *, whole: Usd, estimated_usd: Usd | None) -> SpendRow:
    return SpendRow(
        model=tally.model,
        draws=tally.n_draws,
        valid=tally.n_valid,
        cost_usd=cost_usd,
        cost_per_valid_usd=cost_usd / tally.n_valid if tally.n_valid else None,
        share=cost_usd / whole if whole else 0.0,
        failed_usd=tally.failed_cost_usd or NOTHING,
        prompt_tokens=tally.prompt_tokens,
        completion_tokens=tally.completion_tokens,
        reasoning_tokens=tally.reasoning_tokens,
        estimated_usd=None if estimated_usd is None else estimated_usd * tally.n_draws,
    )
