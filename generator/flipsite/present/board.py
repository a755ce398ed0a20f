"""The leaderboard as a page shows it: rows with a picture of their doubt, and what sorting them needs."""

import json
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from markupsafe import Markup

from flipsite.analyse.ranking import not_told_from_fair
from flipsite.analyse.report import StudyReport
from flipsite.domain import Verdict
from flipsite.exhibits import Heading
from flipsite.present.board_rows import BoardRow, measured_rows, printed_rows
from flipsite.present.formats import count_text, plural
from flipsite.present.leaderboard import TOP
from flipsite.present.tables import study_note

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
        features: Each feature with the number of its models.
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
    features: tuple[tuple[str, int], ...]
    not_shown: int = 0

    @property
    def short_columns(self) -> tuple[Heading, ...]:
        """The columns of the tables of either end."""
        return tuple(heading for heading in self.columns if heading.key in _SHORT)

    @property
    def payload(self) -> Markup:
        """The numbers behind the rows as JSON, a column each, safe inside a `<script>`.

        Names and verdicts stand in the rows.
        """
        keys = [heading.key for heading in self.columns if heading.key not in ("model", "verdict", "picture")]
        columns: dict[str, list[float | None]] = {
            key: [_value(row, key) for row in self.rows] for key in keys
        }
        if "bias_median" in columns:
            columns |= {
                key: [_value(row, key) for row in self.rows] for key in ("p_within_05", "p_within_10")
            }
        columns["interval_low"] = [round(row.mark.low_value, 6) if row.mark else None for row in self.rows]
        columns["interval_high"] = [round(row.mark.high_value, 6) if row.mark else None for row in self.rows]
        labels = [[heading.key, heading.label, heading.numeric] for heading in self.columns]
        features = [list(row.features) for row in self.rows] if self.features else []
        text = json.dumps(
            {"columns": labels, "values": columns, "features": features},
            ensure_ascii=False,
            allow_nan=False,
            separators=(",", ":"),
        )
        return Markup(text.replace("<", "\\u003c").replace("\u2028", "\\u2028").replace("\u2029", "\\u2029"))

    def least(self, top: int = TOP) -> tuple[BoardRow, ...]:
        """The least biased, least first."""
        return tuple(row for row in self.by_bias if row.estimate.bias is not None)[:top]

    def most(self, top: int = TOP) -> tuple[BoardRow, ...]:
        """The most biased, most first; ties keep the order of the tables."""
        known = [row for row in self.by_bias if row.estimate.bias is not None]
        return tuple(sorted(known, key=lambda row: row.estimate.bias or 0.0, reverse=True)[:top])


_SHORT = ("rank", "model", "bias", "picture", "verdict")

_DOUBTS = frozenset({"bias_median", "p_within_05", "p_within_10", "p_least", "p_most"})
"""Columns of a model's standing; all others are its estimate's."""

_RANK = Heading(
    key="rank",
    label="Rank",
    help="By bias, least first; ties share a rank. Below it the rank’s 95 % interval, drawn and in words.",
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
    label="Bias, believed",
    help="Posterior median of its distance from the target. Below: how likely that is at most 0.05, and 0.1.",
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
    picture = Heading(
        key="picture",
        label="Bias on the ruler" if report.printed else "Share on the ruler",
        help="The model with its 95 % interval; shaded, what chance allows.",
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
        features=_counted(feature for row in rows for feature in row.features),
        not_shown=max(0, report.printed.n_models - len(rows)) if report.printed else 0,
    )


def board_context(report: StudyReport) -> dict[str, object]:
    """What the leaderboard's template is given."""
    made = board(report)
    before, shares = 0, []
    for verdict, n in made.verdicts:
        shares.append((verdict, n, before))
        before += n
    note = "Figures as printed. " if report.printed else study_note(report.study)
    order = "in the order of chance where ranks overlap"
    return {
        "board": made,
        "study": report.study.id,
        "least": made.least(),
        "most": made.most(),
        "shares": shares,
        "finding": _finding(report, made),
        "least_caption": f"{note} The {len(made.least())} least biased, {order}.".strip(),
        "most_caption": f"{note} The {len(made.most())} most biased.".strip(),
        "caption": f"{report.study.title}: all models. {_order_text(made)} {note}".strip(),
    }


def _finding(report: StudyReport, made: Board) -> str:
    """The leaderboard in a sentence or two."""
    counts = dict(made.verdicts)
    convicted = counts[Verdict.BIASED]
    verb = "is" if convicted == 1 else "are"
    told = f"{plural(convicted, 'model')} of {count_text(len(made.rows))} {verb} shown to be biased"
    least = made.least()
    alike = sum(row.estimate.verdict is not Verdict.BIASED for row in least)
    if alike == len(least) > 1:
        return f"{told}. The {alike} least biased cannot be told from a fair coin, nor from each other."
    return (
        f"{told}. Of the {plural(len(least), 'least biased model')}, {alike} cannot be told from a fair coin."
    )


def _order_text(made: Board) -> str:
    """In what order the whole table stands."""
    if not made.n_tied:
        return "By bias, least first."
    alike = f"First {plural(made.n_tied, 'model')} that cannot be told from a fair coin, by name alone"
    return f"{alike}: any other order of theirs is chance. Then the others by bias, least first."


def _counted(names: Iterable[str]) -> tuple[tuple[str, int], ...]:
    return tuple(sorted(Counter(name for name in names if name).items()))


def _value(row: BoardRow, key: str) -> float | None:
    """What a column sorts by and a download holds."""
    holder = row.standing if key in _DOUBTS else row.estimate
    found = getattr(holder, key) if holder else None
    if isinstance(found, float):
        return float(f"{found:.6g}")  # more than fifty draws can tell; the data files have every digit
    assert found is None or isinstance(found, (float, int))  # noqa: S101 - columns of a record
    return found
