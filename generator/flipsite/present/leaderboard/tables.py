"""The rows and tables of a study's leaderboard: all models, the least biased, the most biased."""

from collections.abc import Sequence
from dataclasses import replace

from flipsite.analyse.published.fits import PrintedFit
from flipsite.analyse.ranking import not_told_from_fair
from flipsite.analyse.report import StudyReport
from flipsite.domain.display import Table
from flipsite.domain.estimates import Estimate, Printed, PrintedBias
from flipsite.domain.study import Kind
from flipsite.present.tables import by_bias, measured_table, printed_table, study_note

TOP = 20
"""How many models the article lists at either end."""


def leaderboard_table(report: StudyReport, *, top: int | None = None) -> Table:
    """Every model: those tied with a fair coin by name, then the biased by bias, then the unknown.

    Models that cannot be distinguished from a fair coin cannot be ranked among each other; they are listed
    A to Z.
    """
    n_models = len(report.estimates)
    extent = "all models" if top is None or top >= n_models else f"the first {top} of {n_models:,} models"
    caption = f"{report.study.title}: {extent}"
    tied = not_told_from_fair(report.estimates)
    place = {model: number for number, model in enumerate(tied)}
    if report.printed:
        rows = [
            *_printed_rows(report, report.printed, "least"),
            *_printed_rows(report, report.printed, "most"),
        ]
        rows.sort(key=lambda row: (row[1].rank or 0, row[0].position))
        rows.sort(key=lambda row: place.get(row[1].model, len(tied)))
        return printed_table("leaderboard", caption, rows[:top], note=_note(report))
    record_of = {record.model: record for record in report.estimates}
    apart = [record for record in by_bias(report.estimates) if record.model not in place]
    unknown = [record for record in report.estimates if record.bias is None]
    ordered = (*(record_of[model] for model in tied), *apart, *unknown)
    return measured_table("leaderboard", caption, ordered[:top], note=_note(report))


def least_biased_table(report: StudyReport, *, top: int = TOP) -> Table:
    """The least biased models: as printed, or by their estimates."""
    return _end_table(report, "least", top=top)


def most_biased_table(report: StudyReport, *, top: int = TOP) -> Table:
    """The most biased models: as printed, or by their estimates."""
    return _end_table(report, "most", top=top)


def model_table(report: StudyReport, model: str) -> Table | None:
    """One model's row of the leaderboard; None if the study has no such model."""
    board = leaderboard_table(report)
    rows = tuple(row for row in board.rows if any(cell.link and cell.value == model for cell in row))
    caption = f"{report.study.title}: {model}"
    return replace(board, name="model", caption=caption, rows=rows) if rows else None


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


def _end_table(report: StudyReport, end: str, *, top: int) -> Table:
    name = f"{end}-biased"
    if report.printed:
        rows = _printed_rows(report, report.printed, end)
        extreme = sorted(rows, key=lambda row: float(row[0].figure), reverse=end == "most")[:top]
        rows = [row for row in rows if row in extreme]
        caption = f"{report.study.title}: the {len(rows)} {end} biased models, in the printed order"
        return printed_table(name, caption, rows, note=_note(report))
    shown = by_bias(report.estimates, most=end == "most")[:top]
    caption = f"{report.study.title}: the {len(shown)} {end} biased models"
    return measured_table(name, caption, shown, note=_note(report))


def _printed_rows(
    report: StudyReport, printed: Printed, table: str
) -> list[tuple[PrintedBias, Estimate, str]]:
    record_of = {record.model: record for record in report.estimates}
    return [
        (row, record_of[row.model], fits_text(report.fits[row.model]))
        for row in printed.rows
        if row.table == table
    ]


def _note(report: StudyReport) -> str:
    if report.study.kind is Kind.PUBLISHED:
        return "Figures as printed; the draws were not published, nor the sign of a bias."
    return study_note(report.study)
