"""The pages and downloads of one study."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path

from flipsite.addresses import model_folder
from flipsite.analyse.evidence import Evidence
from flipsite.analyse.ranking import Standing
from flipsite.analyse.report import StudyReport
from flipsite.domain import Estimate, Figure, PrintedBias, Study, Tally
from flipsite.present.board import board_context
from flipsite.present.leaderboard import (
    fits_text,
    leaderboard_table,
    least_biased_table,
    most_biased_table,
)
from flipsite.present.page import Page
from flipsite.present.tables import csv_records, csv_table, json_table, markdown_table
from flipsite.present.values import study_values

ESTIMATE_KEYS = tuple(field.name for field in fields(Estimate))

Crumbs = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelView:
    """What a model's page shows.

    Attributes:
        estimate: What is known of it.
        tally: Its counts; None without draws.
        printed: Its printed row; None unless the study is published.
        fits: The numbers of draws that print as its figure, in words.
        roleplay: Whether the source itself calls it a role-playing finetune.
        standing: Its rank and bias with their doubt; None without a valid draw.
        evidence: What else its draws tell; None without draws.
    """

    estimate: Estimate
    tally: Tally | None
    printed: PrintedBias | None
    fits: str
    roleplay: bool
    standing: Standing | None
    evidence: Evidence | None


def study_pages(report: StudyReport, figures: Mapping[str, Figure]) -> list[Page]:
    """Summary, leaderboard and one page a model."""
    study = report.study
    home: Crumbs = (("Home", "index.html"),)
    summary = Page(
        path=f"{study.id}/index.html",
        title=study.title,
        description=study.summary or study.title,
        template="study.html",
        study=study,
        crumbs=home,
        tab="Summary",
        context={"report": report, "values": study_values(report), "figures": figures},
    )
    return [summary, _leaderboard(report, figures), *_model_pages(report)]


def study_files(report: StudyReport) -> dict[str, bytes | Path]:
    """The study's data and tables to download, by path."""
    study = report.study
    records = [asdict(record) for record in report.estimates]
    files: dict[str, bytes | Path] = {
        f"{study.id}/data/estimates.json": _json(records),
        f"{study.id}/data/estimates.csv": csv_records(ESTIMATE_KEYS, records).encode("utf-8", "replace"),
        f"{study.id}/data/study.json": _json(_study_record(study)),
    }
    for table in (leaderboard_table(report), least_biased_table(report), most_biased_table(report)):
        folder = f"{study.id}/embed/{table.name}"
        files[f"{folder}.md"] = markdown_table(table).encode()
        files[f"{folder}.csv"] = csv_table(table).encode()
        files[f"{folder}.json"] = json_table(table).encode()
    return files


def _leaderboard(report: StudyReport, figures: Mapping[str, Figure]) -> Page:
    study = report.study
    return Page(
        path=f"{study.id}/leaderboard/index.html",
        title=f"Leaderboard: {study.title}",
        description=f"All models of the study “{study.title}” by bias, with their doubt.",
        template="leaderboard.html",
        study=study,
        crumbs=(("Home", "index.html"), (study.title, f"{study.id}/index.html")),
        tab="Leaderboard",
        context={"report": report, "figures": figures, **board_context(report)},
    )


def _model_pages(report: StudyReport) -> Iterable[Page]:
    study = report.study
    crumbs: Crumbs = (
        ("Home", "index.html"),
        (study.title, f"{study.id}/index.html"),
        ("Leaderboard", f"{study.id}/leaderboard/index.html"),
    )
    printed = {row.model: row for row in report.printed.rows} if report.printed else {}
    tallies = {tally.model: tally for tally in report.tallies}
    roleplay = set(report.printed.roleplay) if report.printed else set()
    for estimate in report.estimates:
        model = estimate.model
        view = ModelView(
            estimate=estimate,
            tally=tallies.get(model),
            printed=printed.get(model),
            fits=fits_text(report.fits.get(model, ())),
            roleplay=model in roleplay,
            standing=report.standings.get(model),
            evidence=report.evidence.get(model),
        )
        yield Page(
            path=f"{model_folder(study.id, model)}/index.html",
            title=model,
            description=f"How {model} flips a coin: its bias, how sure that is, and every draw.",
            template="model.html",
            study=study,
            crumbs=crumbs,
            context={"view": view, "report": report},
        )


def _study_record(study: Study) -> dict[str, object]:
    return asdict(study)


def _json(value: object) -> bytes:
    text = json.dumps(value, ensure_ascii=False, indent=1, allow_nan=False)
    return (text + "\n").encode("utf-8", "replace")
