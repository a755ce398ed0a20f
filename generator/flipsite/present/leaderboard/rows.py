"""A study's models as rows with a picture of their doubt: columns, orders, and what is counted of them.

The rows of a leaderboard: what is shown of each model, by bias.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from flipsite.analyse.outcomes.multinomial import total_variation_quantiles
from flipsite.analyse.ranking import RankEstimate, not_told_from_fair
from flipsite.analyse.report import StudyReport
from flipsite.analyse.sequences.estimates import SequenceEstimate, SequenceVerdict
from flipsite.domain.display import Heading
from flipsite.domain.estimates import Estimate, PrintedBias, Verdict
from flipsite.present.leaderboard.tables import TOP, fits_text
from flipsite.present.outcomes.small import MOST_BARS, SmallOutcomes, small_outcomes
from flipsite.present.sparklines.intervals import RowMark, outcomes_mark, printed_mark, share_mark
from flipsite.present.text.features import ROLEPLAY, Filters, Trait, filters, traits
from flipsite.present.text.formats import MISSING, bias_text, count_text, p_text, share_text, usd_text
from flipsite.present.text.verdicts import flag_text


@dataclass(frozen=True, slots=True, kw_only=True)
class BoardRow:
    """One model.

    Attributes:
        estimate: What is known of it.
        author: The part of its name before the slash, with the slash.
        slug: The rest.
        rank: As text, with its interval in `rank_range` where there is one.
        bias: As text; printed figures as printed.
        valid: Valid draws, as text.
        flag: Why its verdict is not about one coin; empty where nothing is shown.
        mark: The picture; None without a valid draw.
        outcomes: The picture of k > 2 outcomes, which stands in its place.
        sequence: What its answers of several draws say; None where each is one draw.
        standing: Its rank and bias with their doubt; None without a valid draw.
        rank_mark: Where its rank's interval begins and how wide it is, in per cent of all ranks.
        traits: What the model is, where that is known.
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
    standing: RankEstimate | None = None
    rank_mark: tuple[float, float] | None = None
    traits: tuple[Trait, ...] = ()


def measured_rows(report: StudyReport) -> list[BoardRow]:
    """A study's models with draws by bias, least first; those without an outcome last."""
    target = report.study.prompt.target
    ordered = sorted(report.estimates, key=lambda e: (e.rank is None, e.rank or 0, e.model))
    if not report.study.is_coin:
        return _outcome_rows(report, ordered)
    return [
        _row(
            report,
            estimate,
            bias=bias_text(estimate.ranking_bias),
            valid=_valid_text(estimate),
            mark=share_mark(estimate, target=target),
        )
        for estimate in ordered
    ]


def _outcome_rows(report: StudyReport, ordered: Sequence[Estimate]) -> list[BoardRow]:
    prompt = report.study.prompt
    counts = {tally.model: tally.by_outcome for tally in report.tallies}
    sizes = {model: sum(each) for model, each in counts.items()}
    reach = total_variation_quantiles({size for size in sizes.values() if size}, prompt.n_outcomes)
    sequences = report.sequences.sequences if report.sequences else {}
    return [
        replace(
            _row(
                report,
                estimate,
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
        for estimate in ordered
    ]


def printed_rows(report: StudyReport) -> list[BoardRow]:
    """A published study's models by bias, least first; within a rank as printed."""
    printed = report.printed
    if printed is None:
        return []
    record_of = {record.model: record for record in report.estimates}
    pairs: list[tuple[PrintedBias, Estimate]] = [(row, record_of[row.model]) for row in printed.rows]
    # The article prints its least biased table from the widest down to 0.0: within a rank its order stays.
    pairs.sort(key=lambda pair: (pair[1].rank or 0, pair[0].position))
    return [
        _row(
            report,
            estimate,
            bias=row.figure,
            valid=fits_text(report.fits[row.model]),
            mark=printed_mark(estimate, report.fits[row.model], printed, target=report.study.prompt.target),
            named=(ROLEPLAY,) if row.model in printed.roleplay else (),
        )
        for row, estimate in pairs
    ]


def _row(
    report: StudyReport,
    estimate: Estimate,
    *,
    bias: str,
    valid: str,
    mark: RowMark | None,
    named: tuple[Trait, ...] = (),
) -> BoardRow:
    author, slash, slug = estimate.model.partition("/")
    known = traits(report.features.get(estimate.model, ()))
    ranked = sum(each.rank is not None for each in report.estimates)
    n_ranked = report.printed.n_models if report.printed else len(report.standings) or ranked
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
"""In the order in which they are told, from the surest finding to the rarest."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Board:
    """A study's models.

    Attributes:
        columns: What each cell of a row is; `picture` is the drawn one.
        rows: All models: first those tied with fair coins, by name, for no other order of theirs
            means anything; then the biased, least biased first; last those without a bias.
        by_bias: The same in the order of their bias.
        n_tied: How many stand in that first group.
        signed: Whether pictures are drawn on the share of ones, from 0 to 1.
        sampler: What a fair one is called, with its article.
        scale: What stands below the head of the pictures: at their left end, middle and right end.
        authors: Each author with the number of its models, by name.
        verdicts: Each verdict with the number of its models.
        filters: By group of traits, each trait with the number of its models.
        not_shown: Models that were asked and not printed.
    """

    columns: tuple[Heading, ...]
    rows: tuple[BoardRow, ...]
    by_bias: tuple[BoardRow, ...]
    n_tied: int
    signed: bool
    sampler: str
    scale: tuple[str, str, str]
    authors: tuple[tuple[str, int], ...]
    verdicts: tuple[tuple[Verdict, int], ...]
    filters: Filters
    not_shown: int = 0

    @property
    def short_columns(self) -> tuple[Heading, ...]:
        """The columns of the tables of either end."""
        return tuple(heading for heading in self.columns if heading.key in _SHORT)

    def least(self, top: int = TOP) -> tuple[BoardRow, ...]:
        """The least biased, least first."""
        return tuple(row for row in self.by_bias if row.estimate.bias is not None)[:top]

    def most(self, top: int = TOP) -> tuple[BoardRow, ...]:
        """The most biased, most first; ties keep the order of the tables."""
        known = [row for row in self.by_bias if row.estimate.bias is not None]
        return tuple(sorted(known, key=lambda row: row.estimate.ranking_bias or 0.0, reverse=True)[:top])


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


def board(report: StudyReport) -> Board:
    """A study's models, each with its picture."""
    by_bias = tuple(printed_rows(report) if report.printed else measured_rows(report))
    row_of = {row.estimate.model: row for row in by_bias}
    tied = {model: row_of[model] for model in not_told_from_fair(report.estimates)}
    rows = (*tied.values(), *(row for row in by_bias if row.estimate.model not in tied))
    several = not report.study.is_coin
    priced = any(row.estimate.cost_usd is not None for row in rows)
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
        if several
        else (_RANK, _MODEL, _BIAS, picture, _VERDICT, _SHARE, _VALID, _P)
    )
    columns += (_MEDIAN,) if report.standings else ()
    columns += (_LEAST, _MOST) if (report.printed or len(report.standings) > TOP) else ()
    columns += (_SPEND,) if priced else ()
    verdicts = Counter(row.estimate.verdict for row in rows)
    return Board(
        columns=columns,
        rows=rows,
        by_bias=by_bias,
        n_tied=len(tied),
        signed=not report.printed and not several,
        sampler="a perfect sampler" if several else "a fair coin",
        scale=_scale(report),
        authors=_counted(row.estimate.author for row in rows),
        verdicts=tuple((verdict, verdicts[verdict]) for verdict in VERDICTS),
        filters=filters([row.traits for row in rows]),
        not_shown=max(0, report.printed.n_models - len(rows)) if report.printed else 0,
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


def _counted(names: Iterable[str]) -> tuple[tuple[str, int], ...]:
    return tuple(sorted(Counter(name for name in names if name).items()))
