"""Count: a study's draws, a row a draw, become one tally a model."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from flipsite.domain.draws import MOST_USD, PICO, STATUSES, Draws, Status, Tally


def tally(draws: Draws) -> tuple[Tally, ...]:
    """Count each model's draws, valid draws, ones, statuses, dollars and tokens.

    Returns:
        One tally a model, in the order of `draws.models`.
    """
    n_models = len(draws.models)
    n_draws = np.diff(draws.starts)
    model = np.repeat(np.arange(n_models), n_draws)
    n_valid = np.bincount(model[draws.outcome >= 0], minlength=n_models)
    n_ones = np.bincount(model[draws.outcome == 1], minlength=n_models)
    by_status = np.bincount(
        model * len(STATUSES) + draws.status.astype(np.int64), minlength=n_models * len(STATUSES)
    ).reshape(n_models, len(STATUSES))
    pico = np.floor(np.minimum(draws.cost_usd, MOST_USD) * PICO + 0.5)
    cost = _sums(pico, draws)
    failed = draws.status != STATUSES.index(Status.VALID)
    failed_cost = _sums(np.where(np.isnan(pico), pico, pico * failed), draws)
    tokens = [
        _sums(each, draws) for each in (draws.prompt_tokens, draws.completion_tokens, draws.reasoning_tokens)
    ]
    return tuple(
        Tally(
            model=name,
            n_draws=int(n_draws[i]),
            n_valid=int(n_valid[i]),
            n_ones=int(n_ones[i]),
            by_status=tuple(by_status[i].tolist()),
            cost_usd=dollars(cost[i]),
            failed_cost_usd=dollars(failed_cost[i]),
            prompt_tokens=tokens[0][i],
            completion_tokens=tokens[1][i],
            reasoning_tokens=tokens[2][i],
        )
        for i, name in enumerate(draws.models)
    )


def dollars(pico: int | None) -> float | None:
    """Picodollars as dollars."""
    return None if pico is None else pico / PICO


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
