"""What a study cost: its page, its table, its file."""

from collections.abc import Mapping

from flipsite.analyse.report import StudyReport
from flipsite.analyse.tally import SPEND_COLUMNS
from flipsite.domain.display import Figure, encoded
from flipsite.present.formats import usd_text
from flipsite.present.page import Page
from flipsite.present.tables import csv_records, spend_table, study_note


def spend_page(report: StudyReport, figures: Mapping[str, Figure]) -> Page:
    """The page of a study that cost something."""
    study = report.study
    total = sum(row.cost_usd for row in report.spend)
    failed = sum(row.failed_usd for row in report.spend)
    valid = sum(row.valid for row in report.spend)
    estimates = [row.estimated_usd for row in report.spend if row.estimated_usd is not None]
    return Page(
        path=f"{study.id}/spend/index.html",
        title=f"Spend: {study.title}",
        description=f"What the draws of “{study.title}” cost: {usd_text(total)}, failed draws included.",
        template="spend.html",
        study=study,
        crumbs=(("Home", "index.html"), (study.title, f"{study.id}/index.html")),
        tab="Spend",
        context={
            "report": report,
            "table": spend_table(study, report.spend, note=study_note(study)),
            "figures": {name: figures[name] for name in ("spend", "cost-against-bias") if name in figures},
            "total": total,
            "failed": failed,
            "per_valid": total / valid if valid else None,
            "estimated": sum(estimates) if estimates else None,
        },
    )


def spend_csv(report: StudyReport) -> bytes:
    """`spend.csv`, a row a model."""
    records = ({name: getattr(row, name) for name in SPEND_COLUMNS} for row in report.spend)
    return encoded(csv_records(SPEND_COLUMNS, records))
