"""The one leaderboard of a study: rows in the order of their rank, columns, filters.

The page, the embeds and the notebook all show these rows.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from statistics import median_high

from flipsite.analyse.binomial import noise_floor
from flipsite.analyse.outcomes.multinomial import multinomial_noise_floor, total_variation_quantiles
from flipsite.analyse.published.fits import PrintedFit
from flipsite.analyse.ranking import RankEstimate, not_told_from_fair
from flipsite.analyse.report import StudyReport
from flipsite.analyse.sequences.estimates import SequenceEstimate, SequenceVerdict
from flipsite.domain.display import Heading, usd_text
from flipsite.domain.estimates import Estimate, Sway, Verdict
from flipsite.present.outcomes.small import MOST_BARS, SmallOutcomes, small_outcomes
from flipsite.present.sparklines.intervals import (
    RowMark,
    chance_reach,
    outcomes_mark,
    printed_mark,
    reach_in_orders,
    share_mark,
)
from flipsite.present.tables import TOP, by_rank
from flipsite.present.text.features import ROLEPLAY, Filters, Trait, facts, filters, traits
from flipsite.present.text.formats import MISSING, bias_text, count_text, p_text, share_text
from flipsite.present.text.verdicts import flag_text


@dataclass(frozen=True, slots=True, kw_only=True)
class BoardRow:
    """One model.

    Attributes:
        estimate: What is known of it.
        author: The part of its name before the slash, with the slash.
        slug: The rest.
        rank: As text, after an equals sign where others share it; its interval is `rank_range`.
        bias: As text; printed figures as printed.
        valid: Valid draws, as text.
        flag: Why its verdict is not about one coin; empty where nothing is shown.
        mark: The picture; None without a valid draw.
        outcomes: The picture of k > 2 outcomes, which stands in its place.
        sequence: Its answers of several draws; None where each is one draw.
        tied: Whether it cannot be distinguished from a fair coin.
        standing: Its rank and bias with their doubt; None without a valid draw.
        rank_mark: Where its rank's interval begins and how wide it is, in per cent of all ranks.
        traits: What the model is, where that is known.
        facts: Its features by name, for the columns a reader may add: numbers as numbers.
    """

    estimate: Estimate
    author: str
    slug: str
    rank: str
    rank_range: str
    bias: str
    share: str
    valid: str
    p: str
    spend: str
    flag: str
    mark: RowMark | None
    outcomes: SmallOutcomes | None = None
    sequence: SequenceEstimate | None = None
    tied: bool = False
    standing: RankEstimate | None = None
    rank_mark: tuple[float, float] | None = None
    traits: tuple[Trait, ...] = ()
    facts: Mapping[str, float | str] = field(default_factory=dict)


def _rows(report: StudyReport) -> tuple[BoardRow, ...]:
    """All models by rank and then by name; those without a rank last."""
    ranks = Counter(estimate.rank for estimate in report.estimates)
    tied = frozenset(not_told_from_fair(report.estimates))
    rows = _printed_rows(report) if report.printed else _measured_rows(report)
    return tuple(
        replace(
            row,
            rank=f"={row.rank}"
            if row.estimate.rank is not None and ranks[row.estimate.rank] > 1
            else row.rank,
            tied=row.estimate.model in tied,
        )
        for row in rows
    )


def _measured_rows(report: StudyReport) -> list[BoardRow]:
    if not report.study.is_coin:
        return _outcome_rows(report)
    target, n_ranked = report.study.prompt.target, _n_ranked(report)
    return [
        _row(
            report,
            estimate,
            n_ranked=n_ranked,
            bias=bias_text(estimate.ranking_bias),
            valid=_valid_text(estimate),
            mark=share_mark(estimate, target=target),
        )
        for estimate in by_rank(report.estimates)
    ]


def _outcome_rows(report: StudyReport) -> list[BoardRow]:
    prompt = report.study.prompt
    counts = {tally.model: tally.by_outcome for tally in report.tallies}
    sizes = {model: sum(each) for model, each in counts.items()}
    reach = total_variation_quantiles({size for size in sizes.values() if size}, prompt.n_outcomes)
    sequences = report.sequences.sequences if report.sequences else {}
    n_ranked = _n_ranked(report)
    return [
        replace(
            _row(
                report,
                estimate,
                n_ranked=n_ranked,
                bias=bias_text(estimate.ranking_bias),
                valid=_valid_text(estimate),
                mark=outcomes_mark(
                    estimate, widest=prompt.largest_bias, reach=reach.get(sizes[estimate.model], 0.0)
                ),
            ),
            outcomes=small_outcomes(counts[estimate.model], prompt.shares, prompt.outcomes),
            sequence=(found := sequences.get(estimate.model)),
            flag=str(found.verdict)
            if found and found.verdict is not SequenceVerdict.UNDECIDED
            else flag_text(estimate),
        )
        for estimate in by_rank(report.estimates)
    ]


def _printed_rows(report: StudyReport) -> list[BoardRow]:
    printed = report.printed
    assert printed is not None  # noqa: S101 - only asked of a published study
    figures = {row.model: row.figure for row in printed.rows}
    n_ranked = _n_ranked(report)
    return [
        _row(
            report,
            estimate,
            n_ranked=n_ranked,
            bias=figures[estimate.model],
            valid=fits_text(report.fits[estimate.model]),
            mark=printed_mark(
                estimate, report.fits[estimate.model], printed, target=report.study.prompt.target
            ),
            named=(ROLEPLAY,) if estimate.model in printed.roleplay else (),
        )
        for estimate in by_rank(report.estimates)
        if estimate.model in figures
    ]


def fits_text(fits: Sequence[PrintedFit]) -> str:
    """The numbers of draws that print as a figure: `47`, `45 or 47`, `40 to 55`."""
    counts = sorted({fit.n_valid for fit in fits})
    if not counts:
        return "none"
    if len(counts) == 1:
        return str(counts[0])
    if len(counts) == 2:
        return f"{counts[0]} or {counts[1]}"
    step = "" if counts[-1] - counts[0] == len(counts) - 1 else f" ({len(counts)} of them)"
    return f"{counts[0]} to {counts[-1]}{step}"


def _n_ranked(report: StudyReport) -> int:
    """How many models have a rank."""
    if report.printed:
        return report.printed.n_models
    return len(report.standings) or sum(each.rank is not None for each in report.estimates)


def _row(
    report: StudyReport,
    estimate: Estimate,
    *,
    n_ranked: int,
    bias: str,
    valid: str,
    mark: RowMark | None,
    named: tuple[Trait, ...] = (),
) -> BoardRow:
    author, slash, slug = estimate.model.partition("/")
    features = report.features.get(estimate.model, ())
    known = traits(features)
    return BoardRow(
        estimate=estimate,
        author=author + slash if slash else "",
        slug=slug if slash else estimate.model,
        rank=count_text(estimate.rank),
        rank_range=_range_text(estimate),
        bias=bias,
        share=share_text(estimate.mean),
        valid=valid,
        p=p_text(estimate.p_value),
        spend=usd_text(estimate.cost_usd),
        flag=flag_text(estimate),
        mark=mark,
        standing=report.standings.get(estimate.model),
        rank_mark=_rank_mark(estimate, n_ranked),
        traits=(*known, *(trait for trait in named if trait not in known)),
        facts=facts(features),
    )


def _rank_mark(estimate: Estimate, n_ranked: int) -> tuple[float, float] | None:
    if estimate.rank_low is None or estimate.rank_high is None:
        return None
    low, wide = estimate.rank_low - 1, estimate.rank_high - estimate.rank_low + 1
    return round(100 * low / n_ranked, 1), max(1.0, round(100 * wide / n_ranked, 1))


def _range_text(estimate: Estimate) -> str:
    if estimate.rank_low is None or estimate.rank_high is None:
        return ""
    if estimate.rank_low == estimate.rank_high:
        return count_text(estimate.rank_low)
    return f"{count_text(estimate.rank_low)}–{count_text(estimate.rank_high)}"


def _valid_text(estimate: Estimate) -> str:
    if estimate.draws is None or estimate.draws == estimate.valid:
        return count_text(estimate.valid) if estimate.valid is not None else MISSING
    return f"{count_text(estimate.valid)} of {count_text(estimate.draws)}"


VERDICTS = (Verdict.BIASED, Verdict.UNDECIDED, Verdict.FAIR)
"""In the order of the page, from the surest finding to the rarest."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PerfectSampler:
    """What chance alone would show: a computed row, which no model is.

    Attributes:
        draws: Of the typical model: the median of the valid draws, or as the source rounds it.
        bias: Its mean bias at so many draws, the noise floor, in [0, 1].
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

    def least(self, top: int = TOP) -> tuple[BoardRow, ...]:
        """The least biased, least first."""
        return tuple(row for row in self.rows if row.estimate.rank is not None)[:top]

    def most(self, top: int = TOP) -> tuple[BoardRow, ...]:
        """The most biased, most first; ties by name."""
        ranked = [row for row in self.rows if row.estimate.rank is not None]
        return tuple(sorted(ranked, key=lambda row: row.estimate.rank or 0, reverse=True)[:top])


_SHORT = ("rank", "model", "bias", "picture", "verdict")

_RANK = Heading(
    key="rank",
    label="Rank",
    help="By bias, least first; ties share a rank. Below it the rank’s 95 % interval, drawn and in "
    "words; a rank outside of it owes something to luck.",
    numeric=True,
)
_MODEL = Heading(key="model", label="Model")
_BIAS = Heading(key="bias", label="Bias", help="Distance of the share of ones from the target.", numeric=True)
_TV = Heading(
    key="bias",
    label="Bias",
    help="Total variation: the part of the draws that would have to change for the shares to be as asked.",
    numeric=True,
)
_OUTCOMES = Heading(
    key="picture",
    label="What it drew",
    help="How often it drew each outcome; the line is what was asked for. Many outcomes are a grid: the "
    "stronger the colour, the oftener.",
    numeric=True,
)
_TOP_SHARE = Heading(
    key="top_share", label="Says most", help="Its likeliest outcome, with its share.", numeric=True
)
_EFFECTIVE = Heading(
    key="effective",
    label="Effective outcomes",
    help="As many equally likely outcomes would agree as often by chance.",
    numeric=True,
)
_VALID_ANSWERS = Heading(
    key="valid", label="Valid answers", help="Answers of exactly the draws asked for.", numeric=True
)
_ALTERNATION = Heading(
    key="alternation",
    label="Alternation",
    help="Share of draws that differ from the one before them in the answer.",
    numeric=True,
)
_DISPERSION = Heading(
    key="dispersion_own",
    label="Dispersion",
    help="Spread of the counts from answer to answer: 1 for independent draws, less where outcomes are "
    "rationed, more where they stick.",
    numeric=True,
)
_DISTINCT = Heading(
    key="distinct_answers", label="Different answers", help="Among the valid ones.", numeric=True
)
_NULL_OF_ANSWERS = Heading(
    key="p_value", label="p", help="Of the bias, against answers of independent draws.", numeric=True
)
_PEARSON = Heading(key="p_value", label="p", help="Test of the target, in Pearson’s order.", numeric=True)
_SHARE = Heading(key="mean", label="Share of ones", help="Among valid draws.", numeric=True)
_VERDICT = Heading(key="verdict", label="Verdict", help="By the rules of the methods page.")
_VALID = Heading(key="valid", label="Valid draws", help="Draws with an outcome, of all draws.", numeric=True)
_FITS = Heading(
    key="valid", label="Draws that fit", help="Numbers of draws that print as this figure.", numeric=True
)
_P = Heading(key="p_value", label="p", help="Exact two-sided binomial test of the target.", numeric=True)
_MEDIAN = Heading(
    key="bias_median",
    label="Likely bias",
    help="Of the coin itself, not of these draws: as likely above as below (posterior median). In small: the "
    "chance that it is at most 0.1.",
    numeric=True,
)
_SHRUNKEN = Heading(
    key="bias_shrunken",
    label="Shrunken bias",
    help="Of the coin itself, given the draws of all models of the study (posterior mean). In small: the "
    "chance that it is at most 0.1.",
    numeric=True,
)
_LEAST = Heading(
    key="p_least",
    label=f"Among the {TOP} least",
    help=f"Probability that it is one of the {TOP} least biased.",
    numeric=True,
)
_MOST = Heading(
    key="p_most",
    label=f"Among the {TOP} most",
    help=f"Probability that it is one of the {TOP} most biased.",
    numeric=True,
)
_SPEND = Heading(
    key="cost_usd", label="Spend", help="US dollars billed, failed draws included.", numeric=True
)


_EXTRAS = (
    Heading(key="author", label="Author", help="Whoever published the model."),
    Heading(
        key="sway", label="Follows", help="Where a model follows the order or the labels instead of chance."
    ),
    Heading(key="released", label="Released", help="Date of its release."),
    Heading(
        key="price_completion", label="Price", help="US dollars a million completion tokens.", numeric=True
    ),
    Heading(
        key="context_length", label="Context", help="Tokens of prompt and completion together.", numeric=True
    ),
    Heading(key="parameters_total_b", label="Size", help="Parameters, in billions.", numeric=True),
    Heading(key="provider", label="Served by", help="As the catalogue says."),
)
_PRICES = (0.0, 0.5, 2.0, 10.0)


def board(report: StudyReport) -> Board:
    """A study's leaderboard."""
    rows = _rows(report)
    verdicts = Counter(row.estimate.verdict for row in rows)
    sways = Counter(row.estimate.sway for row in rows if row.estimate.sway)
    several = not report.study.is_coin
    return Board(
        columns=_columns(report, rows),
        extras=tuple(heading for heading in _EXTRAS if any(extra(row, heading.key) for row in rows)),
        rows=rows,
        n_tied=sum(row.tied for row in rows),
        fair="a perfect sampler" if several else "a fair coin",
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


def extra(row: BoardRow, key: str) -> float | str | None:
    """What a row shows in a column that a reader may add; None where it is unknown."""
    if key == "author":
        return row.estimate.author or None
    return row.estimate.sway if key == "sway" else row.facts.get(key)


def _columns(report: StudyReport, rows: Sequence[BoardRow]) -> tuple[Heading, ...]:
    drawn = "bias" if report.printed else "share of ones"
    picture = Heading(
        key="picture",
        label="On the ruler",
        help=f"Its {drawn} with its 95 % interval; shaded, what chance allows.",
        numeric=True,
    )
    columns: tuple[Heading, ...] = (
        (_RANK, _MODEL, _BIAS, picture, _VERDICT, _FITS, _P)
        if report.printed
        else (
            *(_RANK, _MODEL, _TV, _OUTCOMES, _VERDICT),
            *(_ALTERNATION, _DISPERSION, _DISTINCT, _VALID_ANSWERS, _NULL_OF_ANSWERS),
        )
        if report.sequences
        else (_RANK, _MODEL, _TV, _OUTCOMES, _VERDICT, _TOP_SHARE, _EFFECTIVE, _VALID, _PEARSON)
        if not report.study.is_coin
        else (_RANK, _MODEL, _BIAS, picture, _VERDICT, _SHARE, _VALID, _P)
    )
    columns += (_MEDIAN,) if report.standings else ()
    columns += (_SHRUNKEN,) if any(row.estimate.bias_shrunken is not None for row in rows) else ()
    columns += (_LEAST, _MOST) if (report.printed or len(report.standings) > TOP) else ()
    return columns + ((_SPEND,) if any(row.estimate.cost_usd is not None for row in rows) else ())


def _sampler(report: StudyReport) -> PerfectSampler | None:
    counts = [each.valid for each in report.estimates if each.valid]
    draws = report.printed.draws_about if report.printed else median_high(counts) if counts else 0
    if not draws:
        return None
    prompt = report.study.prompt
    if not report.study.is_coin:
        draws *= report.study.sampling.per_answer
        floor = float(multinomial_noise_floor(draws, prompt.shares))
        reach = total_variation_quantiles([draws], prompt.n_outcomes)[draws]
        return PerfectSampler(draws=draws, bias=floor, reach=reach, band=None)
    in_orders = any(each.bias_within is not None for each in report.estimates)
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
        bias=float(noise_floor(per_order, prompt.target).mean()),
        reach=within,
        band=(round(100 * ends[0], 1), round(100 * ends[1], 1)),
    )


def _scale(report: StudyReport) -> tuple[str, str, str]:
    prompt = report.study.prompt
    if report.printed:
        return "0", "", f"{prompt.largest_bias:g}"
    if report.study.is_coin:
        return "0", "½", "1"
    if prompt.n_outcomes > MOST_BARS or prompt.labels == "random":
        return "", "", ""
    return shorten(prompt.outcomes[0], 9), "", shorten(prompt.outcomes[-1], 9)


def shorten(label: str, letters: int) -> str:
    """A label of at most so many letters."""
    return label if len(label) <= letters else f"{label[: letters - 1]}…"


def _prices(rows: Sequence[BoardRow]) -> tuple[tuple[float, int], ...]:
    known = [price for row in rows if isinstance(price := row.facts.get("price_completion"), float)]
    counts = [(bound, sum(price <= bound for price in known)) for bound in _PRICES]
    return tuple((bound, n) for bound, n in counts if 0 < n < len(rows))


def _counted(names: Iterable[str]) -> tuple[tuple[str, int], ...]:
    return tuple(sorted(Counter(name for name in names if name).items()))
