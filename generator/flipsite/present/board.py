"""A study's models as rows with a picture of their doubt: columns, orders, and what is counted of them."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from flipsite.analyse.ranking import not_told_from_fair
from flipsite.analyse.report import StudyReport
from flipsite.domain.display import Heading
from flipsite.domain.estimates import Verdict
from flipsite.present.board_rows import BoardRow, measured_rows, printed_rows
from flipsite.present.feature_words import Filters, filters
from flipsite.present.leaderboard import TOP

VERDICTS = (Verdict.BIASED, Verdict.UNDECIDED, Verdict.FAIR)
"""In the order in which they are told, from the surest finding to the rarest."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Board:
    """A study's models.

    Attributes:
        columns: What each cell of a row is; `picture` is the drawn one.
        rows: All models: first those not told apart from fair coins, by name, for no other order of theirs
            means anything; then the convicted, least biased first; last those without a bias.
        by_bias: The same in the order of their bias.
        n_tied: How many stand in that first group.
        signed: Whether pictures are drawn on the share of ones, from 0 to 1, or on the bias.
        widest: The right end of a picture: 1, or the largest possible bias.
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
    widest: float
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
        return tuple(sorted(known, key=lambda row: row.estimate.bias or 0.0, reverse=True)[:top])


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
    target = report.study.prompt.target
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
        signed=not report.printed,
        widest=max(target, 1 - target) if report.printed else 1.0,
        authors=_counted(row.estimate.author for row in rows),
        verdicts=tuple((verdict, verdicts[verdict]) for verdict in VERDICTS),
        filters=filters([row.traits for row in rows]),
        not_shown=max(0, report.printed.n_models - len(rows)) if report.printed else 0,
    )


def _counted(names: Iterable[str]) -> tuple[tuple[str, int], ...]:
    return tuple(sorted(Counter(name for name in names if name).items()))
