"""Outcomes of one model for its page: bars with intervals, the draws in their order, places of the list."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from flipsite.analyse.outcomes.by_outcome import OutcomeEstimate, PlaceEffect, outcome_estimates
from flipsite.analyse.outcomes.estimates import ModelOutcomes
from flipsite.analyse.verdict import FALSE_DISCOVERY_RATE
from flipsite.domain.draws import Codes
from flipsite.domain.study import Prompt
from flipsite.present.sparklines.outcomes import (
    MOST_BARS,
    SmallOutcomes,
    grid_axes,
    short_label,
    small_outcomes,
)

MOST_DRAWS = 400
"""Draws that the picture of their order shows."""

LISTED = 20
"""Outcomes in the table of a model with more than MOST_BARS: the likeliest ones."""

_STEP, _LANE = 9, 14


@dataclass(frozen=True, slots=True, kw_only=True)
class OutcomeBar:
    """One outcome; lengths are per cent of the picture's width.

    Attributes:
        outcome: Its estimate.
        width: Of the bar.
        low: Where its interval begins.
        wide: How wide that is.
        target: Where the target line stands.
        differs: `more` or `less` than asked for, under the model's own false discovery allowance; else empty.
    """

    outcome: OutcomeEstimate
    width: float
    low: float
    wide: float
    target: float
    differs: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DrawOrder:
    """Draws as dots from left to right, each at the height of its outcome.

    Attributes:
        path: Of the dots.
        missing: Of the draws without an outcome, below the others.
        width: Of the picture.
        height: Of it.
        n_shown: Draws that are shown.
        lanes: Height and label of each outcome where there are few; else of the first and the last.
    """

    path: str
    missing: str
    width: int
    height: int
    n_shown: int
    lanes: tuple[tuple[float, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class OutcomesView:
    """The outcomes of a model's page where there are more than two.

    Attributes:
        model: What its draws say.
        bars: Its outcomes in their order, or the likeliest of many.
        n_outcomes: k.
        n_differ: How many are drawn more or less often than asked for.
        grid: Where there are many outcomes, all of them.
        rows: Names of the grid's rows.
        columns: Names of its columns; empty where these have nothing in common.
        order: The draws in their order; None without a valid one.
        places: Draws by the place of the label, as bars; empty where one order was asked.
        seldom: How often a perfect sampler is as even as these draws, where that is rare.
    """

    model: ModelOutcomes
    bars: tuple[OutcomeBar, ...]
    n_outcomes: int
    n_differ: int
    grid: SmallOutcomes | None
    rows: tuple[str, ...]
    columns: tuple[str, ...]
    order: DrawOrder | None
    places: tuple[OutcomeBar, ...]
    seldom: float | None


def outcomes_view(prompt: Prompt, model: ModelOutcomes, drawn: Codes | None) -> OutcomesView:
    """The outcomes of a model, for its page.

    Args:
        prompt: The study's.
        model: What the model's draws say.
        drawn: Its outcomes by draw, −1 without one; the first ones where there are too many to hold.
    """
    rows, many = model.outcomes, prompt.n_outcomes > MOST_BARS
    listed = sorted(rows, key=lambda row: -row.count)[:LISTED] if many else list(rows)
    counts = [row.count for row in rows]
    grid = small_outcomes(counts, prompt.shares, prompt.outcomes) if many else None
    in_rows, in_columns = grid_axes(prompt.outcomes) if many else ((), ())
    return OutcomesView(
        model=model,
        bars=_bars(listed),
        n_outcomes=prompt.n_outcomes,
        n_differ=sum(_differs(row) != "" for row in rows),
        grid=grid,
        rows=in_rows,
        columns=in_columns,
        order=None if drawn is None else draw_order(drawn, [row.label for row in rows]),
        places=_place_bars(model.places),
        seldom=model.p_even if model.p_even < FALSE_DISCOVERY_RATE else None,
    )


def _bars(rows: Sequence[OutcomeEstimate]) -> tuple[OutcomeBar, ...]:
    top = max((max(row.high or 0.0, row.target) for row in rows), default=1.0)

    def place(share: float | None) -> float:
        return round(100 * (share or 0.0) / top, 1)

    return tuple(
        OutcomeBar(
            outcome=row,
            width=place(row.share),
            low=place(row.low),
            wide=round(place(row.high) - place(row.low), 1),
            target=place(row.target),
            differs=_differs(row),
        )
        for row in rows
    )


def _differs(row: OutcomeEstimate) -> str:
    if row.q_value is None or row.share is None or row.q_value >= FALSE_DISCOVERY_RATE:
        return ""
    return "more" if row.share > row.target else "less"


def _place_bars(places: PlaceEffect | None) -> tuple[OutcomeBar, ...]:
    if places is None or len(places.places) > MOST_BARS:
        return ()
    k = len(places.places)
    names = ["first", *(f"position {j + 1}" for j in range(1, k - 1)), "last"]
    return _bars(outcome_estimates(places.places, labels=names, shares=(1 / k,) * k))


def draw_order(drawn: Codes, labels: Sequence[str]) -> DrawOrder | None:
    """The first draws of a model in their order; None without a valid one."""
    shown = np.asarray(drawn[:MOST_DRAWS], np.int64)
    if not np.any(shown >= 0):
        return None
    k = len(labels)
    lane = _LANE if k <= MOST_BARS else max(1.5, 14 * MOST_BARS / k / 2)
    heights = [round((j + 0.5) * lane, 1) for j in range(k)]
    bottom = round((k + 0.5) * lane + 6, 1) if np.any(shown < 0) else k * lane
    step = max(2, min(_STEP, 760 // len(shown)))
    dots = [f"M{step * i + step} {heights[j]:g}h0" for i, j in enumerate(shown.tolist()) if j >= 0]
    gaps = [f"M{step * i + step} {bottom:g}h0" for i, j in enumerate(shown.tolist()) if j < 0]
    named = range(k) if k <= MOST_BARS else (0, k - 1)
    return DrawOrder(
        path="".join(dots),
        missing="".join(gaps),
        width=step * (len(shown) + 1),
        height=round(bottom + 8),
        n_shown=len(shown),
        lanes=tuple((heights[j], short_label(labels[j], most=11)) for j in named),
    )
