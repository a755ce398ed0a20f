"""The one leaderboard of a study: its rows, columns and filters, and the row of a perfect sampler.

The page, the embeds and the notebook all show it.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median_high

from flipsite.analyse.outcomes.multinomial import total_variation_quantiles
from flipsite.analyse.outcomes.within_orders import balanced, chance_within_orders, sampler_noise_floor
from flipsite.analyse.report import StudyReport
from flipsite.domain.display import Heading
from flipsite.domain.estimates import Sway, Verdict
from flipsite.domain.study import Prompt
from flipsite.present.leaderboard.columns import columns, extra_columns
from flipsite.present.leaderboard.rows import BoardRow, board_rows
from flipsite.present.outcomes.words import sampler_text
from flipsite.present.sparklines.intervals import chance_reach, reach_in_orders
from flipsite.present.sparklines.outcomes import MOST_BARS
from flipsite.present.tables import TOP
from flipsite.present.text.features import Filters, filters

VERDICTS = (Verdict.BIASED, Verdict.UNDECIDED, Verdict.FAIR)
"""In the order of the page, from the surest finding to the rarest."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PerfectSampler:
    """The row of a perfect sampler: computed, and no model.

    Attributes:
        draws: Of the typical model: the median of the valid draws, or as the source rounds it.
        bias: Its mean bias with as many draws, the noise floor, in [0, 1].
        reach: The bias that it stays within in 95 of 100 tries, in [0, 1].
        band: Where it stays in 95 of 100 tries, left to right in per cent of the picture; None if k > 2.
    """

    draws: int
    bias: float
    reach: float
    band: tuple[float, float] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Board:
    """A study's models.

    Attributes:
        columns: Each cell of a row; `picture` is the drawn one.
        extras: Columns that a reader may add.
        rows: All models, by rank and then by name; last those without a bias.
        n_tied: How many of them cannot be distinguished from a perfect sampler.
        fair: What a perfect sampler is called, with its article.
        sampler: The computed row; None before the first valid draw.
        signed: Whether pictures are drawn on the share of ones, from 0 to 1.
        scale: The words below the head of the pictures: at their left end, middle and right end.
        authors: Each author with the number of its models, by name.
        verdicts: Each verdict with the number of its models.
        sways: Likewise each thing that models follow.
        filters: By group of traits, each trait with the number of models that have it.
        prices: Upper bounds of price worth a filter, with the number of models within.
        not_shown: Models that were asked and not printed.
    """

    columns: tuple[Heading, ...]
    extras: tuple[Heading, ...]
    rows: tuple[BoardRow, ...]
    n_tied: int
    fair: str
    sampler: PerfectSampler | None
    signed: bool
    scale: tuple[str, str, str]
    authors: tuple[tuple[str, int], ...]
    verdicts: tuple[tuple[Verdict, int], ...]
    sways: tuple[tuple[Sway, int], ...]
    filters: Filters
    prices: tuple[tuple[float, int], ...]
    not_shown: int = 0

    @property
    def short_columns(self) -> tuple[Heading, ...]:
        """The columns of the tables of either end."""
        return tuple(heading for heading in self.columns if heading.key in _SHORT)

    @property
    def n_ranked(self) -> int:
        """How many models have a rank."""
        return sum(row.estimate.rank is not None for row in self.rows)

    def least(self, top: int = TOP) -> tuple[BoardRow, ...]:
        """The least biased, least first."""
        return tuple(row for row in self.rows if row.estimate.rank is not None)[:top]

    def most(self, top: int = TOP) -> tuple[BoardRow, ...]:
        """The most biased, most first; ties by name."""
        ranked = [row for row in self.rows if row.estimate.rank is not None]
        return tuple(sorted(ranked, key=lambda row: row.estimate.rank or 0, reverse=True)[:top])


_SHORT = ("rank", "model", "bias", "picture", "verdict")


def board(report: StudyReport, *, asked_in: Mapping[str, int] | None = None) -> Board:
    """A study's leaderboard.

    Args:
        report: The study's.
        asked_in: In how many studies each model was asked; not given, there is no such column.
    """
    rows = board_rows(report, asked_in or {})
    verdicts = Counter(row.estimate.verdict for row in rows)
    sways = Counter(row.estimate.sway for row in rows if row.estimate.sway)
    several = not report.study.is_coin
    return Board(
        columns=columns(report, rows),
        extras=extra_columns(rows),
        rows=rows,
        n_tied=sum(row.tied for row in rows),
        fair=sampler_text(report.study),
        sampler=_sampler(report),
        signed=not report.printed and not several,
        scale=_scale(report),
        authors=_counted(row.estimate.author for row in rows),
        verdicts=tuple((verdict, verdicts[verdict]) for verdict in VERDICTS),
        sways=tuple((sway, sways[sway]) for sway in Sway if sways[sway]),
        filters=filters([row.traits for row in rows]),
        prices=_prices(rows),
        not_shown=max(0, report.printed.n_models - len(rows)) if report.printed else 0,
    )


_PRICES = (0.0, 0.5, 2.0, 10.0)


def _sampler(report: StudyReport) -> PerfectSampler | None:
    counts = [each.valid for each in report.estimates if each.valid]
    draws = report.printed.draws_about if report.printed else median_high(counts) if counts else 0
    if not draws:
        return None
    study, prompt = report.study, report.study.prompt
    in_orders = any(each.bias_within is not None for each in report.estimates)
    bias = sampler_noise_floor(study, draws, in_orders=in_orders)
    if not study.is_coin:
        draws *= study.sampling.per_answer
        reach = _outcome_reach(prompt, draws, in_orders=in_orders)
        return PerfectSampler(draws=draws, bias=bias, reach=reach, band=None)
    per_order = [draws // 2, draws - draws // 2] if in_orders and draws > 1 else [draws]
    reach, widest = chance_reach(draws, prompt.target), prompt.largest_bias
    within = reach_in_orders(*per_order, prompt.target) if len(per_order) == 2 else reach
    ends = (
        (0.0, reach / widest)
        if report.printed
        else (max(0.0, prompt.target - reach), min(1.0, prompt.target + reach))
    )
    return PerfectSampler(
        draws=draws,
        bias=bias,
        reach=within,
        band=(round(100 * ends[0], 1), round(100 * ends[1], 1)),
    )


def _outcome_reach(prompt: Prompt, draws: int, *, in_orders: bool) -> float:
    if in_orders:
        return chance_within_orders(prompt.shares, balanced(draws, prompt.n_outcomes)).reach
    return total_variation_quantiles([draws], prompt.n_outcomes)[draws]


def _scale(report: StudyReport) -> tuple[str, str, str]:
    prompt = report.study.prompt
    if report.printed:
        return "0", "", f"{prompt.largest_bias:g}"
    if report.study.is_coin:
        return "0", "½", "1"
    if prompt.n_outcomes > MOST_BARS or prompt.labels == "random":
        return "", "", ""
    return _shorten(prompt.outcomes[0]), "", _shorten(prompt.outcomes[-1])


def _shorten(label: str) -> str:
    return label if len(label) <= 9 else f"{label[:8]}…"


def _prices(rows: Sequence[BoardRow]) -> tuple[tuple[float, int], ...]:
    known = [price for row in rows if isinstance(price := row.facts.get("price_completion"), float)]
    counts = [(bound, sum(price <= bound for price in known)) for bound in _PRICES]
    return tuple((bound, n) for bound, n in counts if 0 < n < len(rows))


def _counted(names: Iterable[str]) -> tuple[tuple[str, int], ...]:
    return tuple(sorted(Counter(name for name in names if name).items()))
