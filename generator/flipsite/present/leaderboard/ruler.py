"""The picture above a leaderboard: every model on one ruler of the bias, the models at either end named."""

from dataclasses import dataclass
from math import floor

from flipsite.analyse.report import StudyReport
from flipsite.present.leaderboard.board import Board
from flipsite.present.leaderboard.rows import BoardRow
from flipsite.present.sparklines.dots import MARGIN, Dot, place, stacked

MOST_DOTS = 300
"""Models on the ruler of a page; more would weigh more than the picture is worth."""


_DOT_EM, _HIGHEST_EM = 0.98, 11.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Extreme:
    """The models at one end of the ruler: the first by name, and how many share its bias."""

    row: BoardRow
    n_others: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Ruler:
    """All models of a study by bias.

    Attributes:
        study: Its id.
        dots: The models.
        levels: How high they are stacked.
        ticks: (text, position in per cent) of the ruler's numbers.
        reach: Where 95 of 100 tries of a perfect sampler end, in per cent; None if unknown.
        least: The least biased.
        most: The most biased.
    """

    study: str
    dots: tuple[Dot, ...]
    levels: int
    ticks: tuple[tuple[str, float], ...]
    reach: float | None
    least: Extreme
    most: Extreme

    @property
    def start(self) -> float:
        """Where the ruler begins, in per cent."""
        return MARGIN

    @property
    def step_em(self) -> float:
        """From one level to the next; dots overlap where there are many."""
        return min(_DOT_EM, _HIGHEST_EM / self.levels)

    @property
    def height_em(self) -> float:
        """From the ruler to above the highest dot."""
        return self.levels * self.step_em + 1


def ruler(report: StudyReport, made: Board) -> Ruler | None:
    """A study's models on a ruler; None where there are fewer than two with a bias, or too many to draw."""
    ranked = made.least(len(made.rows))
    if not 2 <= len(ranked) <= MOST_DOTS:
        return None
    widest = report.study.prompt.largest_bias
    dots = stacked(((row.estimate.ranking_bias or 0.0, row.estimate) for row in ranked), widest=widest)
    return Ruler(
        study=report.study.id,
        dots=dots,
        levels=max(dot.level for dot in dots) + 1,
        ticks=_ticks(widest),
        reach=place(min(made.sampler.reach, widest), widest) if made.sampler else None,
        least=_extreme(ranked, made.least(1)[0]),
        most=_extreme(ranked, made.most(1)[0]),
    )


def _ticks(widest: float) -> tuple[tuple[str, float], ...]:
    tenths = 1 if widest <= 0.6 else 2
    marks = [each / 10 for each in range(0, floor(10 * widest + 1e-9) + 1, tenths)]
    return tuple((f"{mark:g}", place(mark, widest)) for mark in marks)


def _extreme(ranked: tuple[BoardRow, ...], row: BoardRow) -> Extreme:
    sharing = sum(other.estimate.rank == row.estimate.rank for other in ranked)
    return Extreme(row=row, n_others=sharing - 1)
