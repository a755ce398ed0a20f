"""Models as dots on a ruler of the bias, stacked where they would touch.

Positions are per cent of the picture's width and levels are counted from the ruler, so that the picture needs
no script and keeps the size of its dots on every screen.
"""

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass
from heapq import heappop, heappush

from flipsite.domain.estimates import Estimate, Verdict

MARGIN = 2.5
"""Room at either end of the ruler, in per cent."""

_NARROWEST_PX, _DOT_PX = 300, 8
"""The picture's width on the narrowest screen, and a dot's there: dots nearer than this are stacked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Dot:
    """A model on the ruler; level 0 is next to it."""

    model: str
    bias: float
    verdict: Verdict
    page: str
    at: float
    level: int


def place(bias: float, widest: float) -> float:
    """Where a bias is on a ruler from 0 to the widest one, in per cent of the picture's width."""
    return round(MARGIN + (100 - 2 * MARGIN) * bias / widest, 2)


def stacked(known: Iterable[tuple[float, Estimate]], *, widest: float) -> tuple[Dot, ...]:
    """Each model on the lowest level where it touches none; least biased first, ties by name."""
    apart = (100 - 2 * MARGIN) * _DOT_PX / _NARROWEST_PX
    free: list[int] = []  # levels on which a dot touches none, a heap
    taken = deque[tuple[float, int]]()  # by the last dot's place
    dots = []
    for bias, estimate in sorted(known, key=lambda pair: (pair[0], pair[1].model)):
        at = place(bias, widest)
        while taken and at - taken[0][0] >= apart:
            heappush(free, taken.popleft()[1])
        level = heappop(free) if free else len(taken)
        taken.append((at, level))
        dots.append(
            Dot(
                model=estimate.model,
                bias=bias,
                verdict=estimate.verdict,
                page=estimate.page,
                at=at,
                level=level,
            )
        )
    return tuple(dots)
