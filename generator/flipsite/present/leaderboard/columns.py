"""The columns of a leaderboard: their headings, their help, and which of them a study shows."""

from collections.abc import Sequence

from flipsite.analyse.report import StudyReport
from flipsite.domain.display import Heading
from flipsite.present.leaderboard.rows import BoardRow
from flipsite.present.tables import TOP


def columns(report: StudyReport, rows: Sequence[BoardRow]) -> tuple[Heading, ...]:
    """The columns of a study's leaderboard, in their order; `picture` is the drawn one."""
    drawn = "bias" if report.printed else "share of ones"
    picture = Heading(
        key="picture",
        label="On the ruler",
        help=f"Its {drawn} with its 95 % interval; shaded, what chance allows.",
        numeric=True,
    )
    shown: tuple[Heading, ...] = (
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
    shown += (_MEDIAN,) if report.rank_estimates else ()
    shown += (_SHRUNKEN,) if any(row.estimate.bias_shrunken is not None for row in rows) else ()
    shown += (_LEAST, _MOST) if (report.printed or len(report.rank_estimates) > TOP) else ()
    return shown + ((_SPEND,) if any(row.estimate.cost_usd is not None for row in rows) else ())


def extra_columns(rows: Sequence[BoardRow]) -> tuple[Heading, ...]:
    """The columns that a reader may add: those in which some row has a value."""
    return tuple(heading for heading in _EXTRAS if any(extra(row, heading.key) for row in rows))


def extra(row: BoardRow, key: str) -> float | str | None:
    """The value of a row in a column that a reader may add; None where it is unknown."""
    if key == "author":
        return row.estimate.author or None
    return row.estimate.sway if key == "sway" else row.facts.get(key)


_RANK = Heading(
    key="rank",
    label="Rank",
    help="By bias, least first; ties share a rank. Below it the rank’s 95 % interval, drawn and in "
    "words; a rank outside it is partly luck.",
    numeric=True,
)
_MODEL = Heading(key="model", label="Model")
_BIAS = Heading(key="bias", label="Bias", help="Distance of the share of ones from the target.", numeric=True)
_TV = Heading(
    key="bias",
    label="Bias",
    help="Total variation: the part of the draws that would have to change to give the requested shares.",
    numeric=True,
)
_OUTCOMES = Heading(
    key="picture",
    label="What it drew",
    help="How often it drew each outcome; the line is what was asked for. Many outcomes are a grid: the "
    "darker the colour, the more often.",
    numeric=True,
)
_TOP_SHARE = Heading(
    key="top_share", label="Says most", help="Its most frequent outcome, with its share.", numeric=True
)
_EFFECTIVE = Heading(
    key="effective",
    label="Effective outcomes",
    help="The number of equally likely outcomes that would agree as often by chance.",
    numeric=True,
)
_VALID_ANSWERS = Heading(
    key="valid",
    label="Valid answers",
    help="Answers with exactly the requested number of draws.",
    numeric=True,
)
_ALTERNATION = Heading(
    key="alternation",
    label="Alternation",
    help="Share of draws that differ from the previous one in the answer.",
    numeric=True,
)
_DISPERSION = Heading(
    key="dispersion_own",
    label="Dispersion",
    help="Spread of the counts from answer to answer: 1 for independent draws, less where outcomes are "
    "rationed, more where single answers favour one.",
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
    key="valid", label="Draws that fit", help="Numbers of draws that can give this figure.", numeric=True
)
_P = Heading(key="p_value", label="p", help="Exact two-sided binomial test of the target.", numeric=True)
_MEDIAN = Heading(
    key="bias_median",
    label="Likely bias",
    help="Of the coin itself, not of these draws (posterior median). In small print: the "
    "chance that it is at most 0.1.",
    numeric=True,
)
_SHRUNKEN = Heading(
    key="bias_shrunken",
    label="Shrunken bias",
    help="Of the coin itself, given the draws of all models of the study (posterior mean). In small "
    "print: the chance that it is at most 0.1.",
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
    Heading(key="author", label="Author", help="The model’s publisher."),
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
    Heading(key="provider", label="Served by", help="As the answers say."),
    Heading(key="asked_for", label="Asked for", help="Text, structured output, or both."),
    Heading(key="asked_in", label="Asked in", help="Studies of this site that asked it.", numeric=True),
)
