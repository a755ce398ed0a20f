"""The leaderboard as a page shows it: rows with a picture of their doubt, and what sorting them needs."""

import json
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from flipsite.addresses import model_folder
from flipsite.analyse.report import StudyReport
from flipsite.domain import Estimate, Heading, PrintedBias, Verdict
from flipsite.present.formats import MISSING, bias_text, count_text, p_text, plural, share_text, usd_text
from flipsite.present.leaderboard import TOP, fits_text
from flipsite.present.row_mark import RowMark, printed_mark, share_mark
from flipsite.present.tables import study_note

VERDICTS = (Verdict.BIASED, Verdict.UNDECIDED, Verdict.FAIR)
"""In the order in which they are told, from the surest finding to the rarest."""

ROLEPLAY = "role-playing"
"""The one thing the article says of what a model is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BoardRow:
    """One model.

    Attributes:
        estimate: What is known of it.
        anchor: Its id within the page.
        author: The part of its name before the slash, with the slash.
        slug: The rest.
        rank: As text, with its interval in `rank_range` where there is one.
        bias: As text; printed figures as printed.
        valid: Valid draws, as text.
        mark: The picture; None without a valid draw.
        features: What the model is, where the study says so.
    """

    estimate: Estimate
    anchor: str
    author: str
    slug: str
    rank: str
    rank_range: str
    bias: str
    share: str
    valid: str
    p: str
    spend: str
    mark: RowMark | None
    features: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Board:
    """A study's models in the order of their bias.

    Attributes:
        columns: What each cell of a row is; `picture` is the drawn one.
        rows: All models; those without a bias last.
        signed: Whether pictures are drawn on the share of ones, from 0 to 1, or on the bias.
        widest: The right end of a picture: 1, or the largest possible bias.
        authors: Each author with the number of its models, by name.
        verdicts: Each verdict with the number of its models.
        features: Each feature with the number of its models.
        not_shown: Models that were asked and not printed.
    """

    columns: tuple[Heading, ...]
    rows: tuple[BoardRow, ...]
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
        return tuple(row for row in self.rows if row.estimate.bias is not None)[:top]

    def most(self, top: int = TOP) -> tuple[BoardRow, ...]:
        """The most biased, most first; ties keep the order of the board."""
        known = [row for row in self.rows if row.estimate.bias is not None]
        return tuple(sorted(known, key=lambda row: row.estimate.bias or 0.0, reverse=True)[:top])


_SHORT = ("rank", "model", "bias", "picture", "verdict")

_RANK = Heading(
    key="rank",
    label="Rank",
    help="By bias, least first; ties share a rank. Below it its 95 % interval.",
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
_SPEND = Heading(
    key="cost_usd", label="Spend", help="US dollars billed, failed draws included.", numeric=True
)


def board(report: StudyReport) -> Board:
    """A study's models, least biased first, each with its picture."""
    rows = tuple(_printed_rows(report) if report.printed else _measured_rows(report))
    target = report.study.prompt.target
    priced = any(row.estimate.cost_usd is not None for row in rows)
    picture = Heading(
        key="picture",
        label="Bias on the ruler" if report.printed else "Share on the ruler",
        help="The model with its 95 % interval; shaded, what chance allows.",
        numeric=True,
    )
    columns = (
        (_RANK, _MODEL, _BIAS, picture, _VERDICT, _FITS, _P)
        if report.printed
        else (_RANK, _MODEL, _BIAS, picture, _VERDICT, _SHARE, _VALID, _P, *([_SPEND] if priced else []))
    )
    verdicts = Counter(row.estimate.verdict for row in rows)
    return Board(
        columns=columns,
        rows=rows,
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
        "caption": f"{report.study.title}: all models by bias, least first. {note}".strip(),
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


def _counted(names: Iterable[str]) -> tuple[tuple[str, int], ...]:
    return tuple(sorted(Counter(name for name in names if name).items()))


def _measured_rows(report: StudyReport) -> list[BoardRow]:
    target = report.study.prompt.target
    ordered = sorted(
        report.estimates, key=lambda e: (e.bias is None, e.bias if e.bias is not None else 0.0, e.model)
    )
    return [
        _row(
            estimate,
            bias=bias_text(estimate.bias),
            valid=_valid_text(estimate),
            mark=share_mark(estimate, target=target),
        )
        for estimate in ordered
    ]


def _printed_rows(report: StudyReport) -> list[BoardRow]:
    printed = report.printed
    if printed is None:
        return []
    record_of = {record.model: record for record in report.estimates}
    pairs: list[tuple[PrintedBias, Estimate]] = [(row, record_of[row.model]) for row in printed.rows]
    # The article prints its least biased table from the widest down to 0.0: within a rank its order stays.
    pairs.sort(key=lambda pair: (pair[1].rank or 0, pair[0].position))
    return [
        _row(
            estimate,
            bias=row.figure,
            valid=fits_text(report.fits[row.model]),
            mark=printed_mark(estimate, report.fits[row.model], printed, target=report.study.prompt.target),
            features=(ROLEPLAY,) if row.model in printed.roleplay else (),
        )
        for row, estimate in pairs
    ]


def _row(
    estimate: Estimate, *, bias: str, valid: str, mark: RowMark | None, features: Sequence[str] = ()
) -> BoardRow:
    author, slash, slug = estimate.model.partition("/")
    folder = model_folder("-", estimate.model).removeprefix("-/models/")
    return BoardRow(
        estimate=estimate,
        anchor="m-" + folder.replace("/", "--"),
        author=author + slash if slash else "",
        slug=slug if slash else estimate.model,
        rank=count_text(estimate.rank),
        rank_range=_range_text(estimate),
        bias=bias,
        share=share_text(estimate.mean),
        valid=valid,
        p=p_text(estimate.p_value),
        spend=usd_text(estimate.cost_usd),
        mark=mark,
        features=tuple(features),
    )


def _range_text(estimate: Estimate) -> str:
    if estimate.rank_low is None or estimate.rank_high is None:
        return ""
    return f"{count_text(estimate.rank_low)}–{count_text(estimate.rank_high)}"


def _valid_text(estimate: Estimate) -> str:
    if estimate.draws is None or estimate.draws == estimate.valid:
        return count_text(estimate.valid) if estimate.valid is not None else MISSING
    return f"{count_text(estimate.valid)} of {count_text(estimate.draws)}"


def _value(row: BoardRow, key: str) -> float | None:
    """What a column sorts by and a download holds."""
    estimate = row.estimate
    found = getattr(estimate, key)
    if isinstance(found, float):
        return float(f"{found:.6g}")  # more than fifty draws can tell; the data files have every digit
    assert found is None or isinstance(found, (float, int))  # noqa: S101 - columns of a record
    return found
