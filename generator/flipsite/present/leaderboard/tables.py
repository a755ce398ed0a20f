"""The leaderboard as a table for every format: all models, the least biased, the most biased, one model."""

from collections.abc import Callable, Mapping, Sequence

from flipsite.analyse.report import StudyReport
from flipsite.domain.display import Cell, Heading, Table, plural
from flipsite.domain.estimates import Estimate
from flipsite.domain.money import dollars
from flipsite.domain.study import Kind
from flipsite.present.leaderboard.board import Board
from flipsite.present.leaderboard.rows import BoardRow
from flipsite.present.tables import study_note
from flipsite.present.text.formats import (
    MISSING,
    bias_text,
    caption_text,
    count_text,
    first_few,
    interval_text,
    percent_text,
)

MOST_ROWS = 250
"""Of an embedded table, unless its reader asks for more: a page of somebody else's is to stay light."""

SAMPLER = "a perfect sampler (computed)"

_INTERVAL = Heading(key="interval", label="95 % interval", help="Jeffreys interval of the share of ones.")
_TV_INTERVAL = Heading(key="interval", label="95 % interval", help="Of the bias; conservative.")
_TOP = Heading(key="top", label="Says most", help="The outcome drawn most often.")
_TOP_SHARE = Heading(key="top_share", label="Its share", help="Of the valid draws.", numeric=True)


_CELLS: Mapping[str, Callable[[BoardRow], Cell]] = {
    "rank": lambda row: Cell(value=row.estimate.rank, text=_rank_text(row)),
    "model": lambda row: Cell(value=row.estimate.model, text=row.estimate.model, link=row.estimate.page),
    "bias": lambda row: Cell(value=row.estimate.ranking_bias, text=row.bias),
    "mean": lambda row: Cell(value=row.estimate.mean, text=row.share),
    "interval": lambda row: _interval(row.estimate),
    "top": lambda row: Cell(value=row.estimate.top, text=row.estimate.top or MISSING),
    "top_share": lambda row: Cell(value=row.estimate.top_share, text=percent_text(row.estimate.top_share)),
    "valid": lambda row: Cell(value=row.estimate.valid, text=row.valid),
    "p_value": lambda row: Cell(value=row.estimate.p_value, text=row.p),
    "verdict": lambda row: Cell(value=row.estimate.verdict.value, text=row.estimate.verdict.value),
    "cost_usd": lambda row: Cell(value=dollars(row.estimate.cost_usd), text=row.spend),
}
_MEASURED = ("rank", "model", "bias", "mean", "interval", "valid", "verdict", "cost_usd")
_OUTCOMES = ("rank", "model", "bias", "interval", "top", "top_share", "valid", "verdict", "cost_usd")
_PRINTED = ("rank", "model", "bias", "valid", "p_value", "verdict")


def leaderboard_table(report: StudyReport, made: Board, *, top: int = MOST_ROWS) -> Table:
    """The first `top` models, by rank and then by name."""
    n_models = len(made.rows)
    extent = "all models" if top >= n_models else f"the first {top} of {plural(n_models, 'model')}"
    rest = "" if top >= n_models else " The whole table is on the study’s leaderboard."
    return _table(report, made, made.rows[:top], name="leaderboard", extent=extent, rest=rest)


def least_biased_table(report: StudyReport, made: Board, *, top: int) -> Table:
    """The least biased models, least first; those of a published study in the printed order."""
    return _end_table(report, made, made.least(top), "least")


def most_biased_table(report: StudyReport, made: Board, *, top: int) -> Table:
    """The most biased models, most first; those of a published study in the printed order."""
    return _end_table(report, made, made.most(top), "most")


def _end_table(report: StudyReport, made: Board, rows: Sequence[BoardRow], end: str) -> Table:
    extent = f"the {first_few(len(rows), f'{end} biased model')}"
    if report.printed:
        place = {row.model: number for number, row in enumerate(report.printed.rows)}
        rows = sorted(rows, key=lambda row: place[row.estimate.model])
        extent += ", in the printed order"
    return _table(report, made, rows, name=f"{end}-biased", extent=extent)


def model_table(report: StudyReport, made: Board, model: str) -> Table | None:
    """One model's row of the leaderboard; None if the study has no such model."""
    rows = [row for row in made.rows if row.estimate.model == model]
    return _table(report, made, rows, name="model", extent=model) if rows else None


def _table(
    report: StudyReport, made: Board, rows: Sequence[BoardRow], *, name: str, extent: str, rest: str = ""
) -> Table:
    several = not report.study.is_coin
    keys = _PRINTED if report.printed else _OUTCOMES if several else _MEASURED
    added = (_TV_INTERVAL, _TOP, _TOP_SHARE) if several else (_INTERVAL,)
    known = {heading.key: heading for heading in (*made.columns, *added)}
    headings = tuple(known[key] for key in keys if key in known)
    return Table(
        name=name,
        caption=caption_text(report.study.title, f"{extent}"),
        headings=headings,
        rows=tuple(tuple(_CELLS[heading.key](row) for heading in headings) for row in rows),
        note=f"{_note(report)}{rest}".strip(),
        reference=_reference(made, headings) if name == "leaderboard" else (),
    )


def _reference(made: Board, headings: Sequence[Heading]) -> tuple[Cell, ...]:
    """The cells of a perfect sampler: its averages, in the columns that it has."""
    if made.sampler is None:
        return ()
    known = {
        "model": SAMPLER,
        "bias": bias_text(made.sampler.bias),
        "valid": count_text(made.sampler.draws),
        "verdict": "computed",
    }
    return tuple(Cell(value=None, text=known.get(heading.key, MISSING)) for heading in headings)


def _interval(estimate: Estimate) -> Cell:
    """The interval of a coin's share of ones, else of the bias."""
    if estimate.mean_low is None:
        low, high = estimate.ranking_interval or (None, None)
        return Cell(value=low, text=interval_text(low, high))
    return Cell(value=estimate.mean_low, text=interval_text(estimate.mean_low, estimate.mean_high))


def _rank_text(row: BoardRow) -> str:
    if not row.rank_range:
        return row.rank
    luck = "; partly luck" if row.estimate.is_rank_luck else ""
    return f"{row.rank} ({row.rank_range}{luck})"


def _note(report: StudyReport) -> str:
    if report.study.kind is Kind.PUBLISHED:
        if report.printed is None:
            return "Counts as published, without the draws."
        return "Figures as printed; the draws were not published, nor the sign of a bias."
    return study_note(report.study)
