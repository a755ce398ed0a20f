"""Count: a study's draws, a row a draw, become one tally a model."""

import numpy as np
from numpy.typing import NDArray

from flipsite.domain import STATUSES, Draws, Status, Tally


def tally(draws: Draws) -> tuple[Tally, ...]:
    """Count each model's draws, valid draws, ones, statuses and dollars.

    Returns:
        One tally a model, in the order of `draws.models`. Its costs are None where no draw of the model has a
        price; `failed_cost_usd` is what the draws without an outcome cost.
    """
    n_models = len(draws.models)
    model = np.repeat(np.arange(n_models), np.diff(draws.starts))
    valid = draws.outcome >= 0
    n_draws = np.diff(draws.starts)
    n_valid = np.bincount(model[valid], minlength=n_models)
    n_ones = np.bincount(model[draws.outcome == 1], minlength=n_models)
    by_status = np.bincount(
        model * len(STATUSES) + draws.status.astype(np.int64), minlength=n_models * len(STATUSES)
    ).reshape(n_models, len(STATUSES))
    cost = _sums(draws.cost_usd, model, n_models=n_models)
    failed = draws.status != STATUSES.index(Status.VALID)
    failed_cost = _sums(draws.cost_usd * failed, model, n_models=n_models)  # an unknown price stays unknown
    return tuple(
        Tally(
            model=name,
            n_draws=int(n_draws[i]),
            n_valid=int(n_valid[i]),
            n_ones=int(n_ones[i]),
            by_status=tuple(by_status[i].tolist()),
            cost_usd=cost[i],
            failed_cost_usd=failed_cost[i],
        )
        for i, name in enumerate(draws.models)
    )


def _sums(values: NDArray[np.float64], model: NDArray[np.int64], *, n_models: int) -> list[float | None]:
    """Sum of each model's known values; None for a model without one."""
    known = ~np.isnan(values)
    counts = np.bincount(model[known], minlength=n_models)
    totals = np.bincount(model[known], weights=values[known], minlength=n_models)
    return [float(total) if count else None for total, count in zip(totals, counts, strict=True)]
