"""The coin that a reader flips on the page: where the models lie, and what fair coins do beside them.

Positions are per cent of the picture's width and heights are in em, so that the picture needs no script and
keeps the size of its coins on every screen.
"""

from dataclasses import dataclass
from itertools import groupby, pairwise

from flipsite.analyse.binomial import binomial_probability
from flipsite.analyse.noise_floor import chance_within
from flipsite.analyse.report import StudyReport
from flipsite.present.sparklines.dots import MARGIN, Dot, place, stacked
from flipsite.present.tables import TOP

TALLEST_EM = 8.5
"""Height of the likeliest bias of fair coins; what the reader flips is drawn to the same scale."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pile:
    """One bias that a number of flips can show, with how often fair coins show it."""

    bias: float
    at: float
    probability: float
    height_em: float


@dataclass(frozen=True, slots=True, kw_only=True)
class CoinGame:
    """The picture and the rules of the coin game.

    Attributes:
        study: The models' study, by its id.
        draws: Flips of one try.
        target: Probability of heads.
        coins: The models, but for those that follow the order or the labels: their bias is not a coin's.
        n_swayed: How many of these there are.
        piles: What fair coins do, by bias.
        pile_width: In per cent.
        near: The widest bias among the least biased models of the study.
        near_edge: Where the part of the ruler ends that holds them: short of the next pile.
        n_near: How many models are at or below it, of those in the study's table.
        chance: How often a fair coin is at or below it.
        floor: The noise floor: the mean bias of fair coins.
        ticks: (text, position) of the ruler's numbers.
        levels: How deep the models' coins hang.
    """

    study: str
    draws: int
    target: float
    coins: tuple[Dot, ...]
    n_swayed: int
    piles: tuple[Pile, ...]
    pile_width: float
    near: float
    near_edge: float
    n_near: int
    chance: float
    floor: float
    ticks: tuple[tuple[str, float], ...]
    levels: int

    @property
    def rules(self) -> dict[str, object]:
        """The data of the game's script."""
        return {
            "draws": self.draws,
            "target": self.target,
            "near": self.near,
            "nNear": self.n_near,
            "chance": self.chance,
            "scale": TALLEST_EM / max(pile.probability for pile in self.piles),
            "width": self.pile_width,
            "piles": [[round(pile.bias, 9), pile.at] for pile in self.piles],
        }


def coin_game(report: StudyReport) -> CoinGame | None:
    """The game of a study of coins whose models have a bias; None without one."""
    if not report.study.is_coin:
        return None
    target = report.study.prompt.target
    draws = report.printed.draws_about if report.printed else report.study.sampling.draws
    widest = report.study.prompt.largest_bias
    known = ((e.bias, e) for e in report.estimates if e.bias is not None and e.sway is None)
    coins = stacked(known, widest=widest)
    if not coins:
        return None
    near = coins[min(TOP, len(coins)) - 1].bias
    piles = _piles(draws, target)
    width = round(0.72 * min((b.at - a.at for a, b in pairwise(piles)), default=2 * MARGIN), 2)
    floor = sum(pile.bias * pile.probability for pile in piles)
    return CoinGame(
        study=report.study.id,
        n_swayed=sum(e.sway is not None for e in report.estimates),
        draws=draws,
        target=target,
        coins=coins,
        piles=piles,
        pile_width=width,
        near=near,
        near_edge=round(_near_edge(piles, near, width), 2),
        n_near=sum(coin.bias <= near for coin in coins),
        chance=round(chance_within(near, draws, target), 4),
        floor=floor,
        ticks=tuple(
            (f"{tenth / 10:.1f}".rstrip("0").rstrip("."), place(tenth / 10, widest)) for tenth in range(6)
        ),
        levels=max(coin.level for coin in coins) + 1,
    )


def _near_edge(piles: tuple[Pile, ...], near: float, width: float) -> float:
    """Right end of the tinted part: just before the first pile that lies beyond."""
    beyond = next((pile.at for pile in piles if pile.bias > near), 100.0)
    return beyond - width / 2 - 0.1


def _piles(draws: int, target: float) -> tuple[Pile, ...]:
    """Every bias that so many flips can show, with its probability at the target."""
    chances = binomial_probability(range(draws + 1), draws, target=target).tolist()
    by_bias = sorted((round(abs(k / draws - target), 9), chance) for k, chance in enumerate(chances))
    summed = [
        (bias, sum(probability for _, probability in group))
        for bias, group in groupby(by_bias, key=lambda pair: pair[0])
    ]
    tallest = max(probability for _, probability in summed)
    return tuple(
        Pile(
            bias=bias,
            at=place(bias, max(target, 1 - target)),
            probability=probability,
            height_em=round(TALLEST_EM * probability / tallest, 3),
        )
        for bias, probability in summed
    )
