"""The pages and downloads of one study, those of its spending among them."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from functools import partial
from io import BytesIO
from pathlib import Path

from flipsite import schema
from flipsite.analyse.outcomes.by_outcome import OutcomeEstimate
from flipsite.analyse.report import StudyReport
from flipsite.analyse.sequences.sibling import SingleSibling
from flipsite.analyse.sequences.study import SequenceStudy
from flipsite.analyse.stopping import Stop, StoppingState
from flipsite.analyse.tally import SpendRow
from flipsite.domain.columns import Columns, columns_of, each_distinct
from flipsite.domain.display import Figure, encoded, usd_text
from flipsite.domain.estimates import Estimate
from flipsite.domain.money import plain, total
from flipsite.domain.study import Study
from flipsite.present.leaderboard.board import Board
from flipsite.present.leaderboard.page import finding_context, leaderboard_page
from flipsite.present.outcomes.favourites import favourites
from flipsite.present.pages.narrative_values import study_values
from flipsite.present.pages.page import Page
from flipsite.present.pages.predictors import predictors_page
from flipsite.present.pages.side_by_side import has_pairs, pairs_page
from flipsite.present.pages.study_answers import answers_page
from flipsite.present.tables import TOP, csv_columns, spend_table, study_note, without_residue


def spend_page(report: StudyReport, figures: Mapping[str, Figure]) -> Page:
    """The page of a study that cost something."""
    study = report.study
    cost = total(row.cost_usd for row in report.spend)
    failed = total(row.failed_usd for row in report.spend)
    valid = sum(row.valid for row in report.spend)
    estimates = [row.estimated_usd for row in report.spend if row.estimated_usd is not None]
    return Page(
        path=f"{study.id}/spend/index.html",
        title=f"Spend: {study.title}",
        description=f"What the draws of “{study.title}” cost: {usd_text(cost)}, failed draws included.",
        template="spend.html",
        study=study,
        crumbs=(("Home", "index.html"), (study.title, f"{study.id}/index.html")),
        tab="Spend",
        context={
            "report": report,
            "table": spend_table(study, report.spend, note=study_note(study)),
            "figures": {name: figures[name] for name in ("spend", "cost-against-bias") if name in figures},
            "total": cost,
            "failed": failed,
            "per_valid": cost / valid if valid else None,
            "estimated": total(estimates) if estimates else None,
        },
    )


def spend_csv(report: StudyReport) -> bytes:
    """`spend.csv`, a row a model."""
    return encoded(csv_columns(columns_of(SpendRow, report.spend)))


Crumbs = tuple[tuple[str, str], ...]
Neighbours = tuple[Study | None, Study | None]


def study_pages(
    report: StudyReport,
    figures: Mapping[str, Figure],
    board: Board,
    *,
    compared: Sequence[Page] = (),
    neighbours: Neighbours = (None, None),
    beside: SingleSibling | None = None,
) -> list[Page]:
    """Summary, leaderboard, and what else the study has; its models' pages are made apart.

    Args:
        report: The study's.
        figures: Its charts, by name.
        board: Its leaderboard.
        compared: The pages that compare it with other studies.
        neighbours: The studies before and after it.
        beside: Of several draws in one answer, the study that asked for them one a request.
    """
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
        context={
            "report": report,
            **(finding_context(report, board) if board.rows else {"finding": None}),
            "values": study_values(report),
            "figures": figures,
            "top": TOP,
            "stopped": stopped(report),
            "n_asked": sum(stop.n_asked for stop in report.stops.values()),
            "n_flagged": sum(each.is_flagged for each in report.estimates),
            "n_valid": sum(tally.n_valid for tally in report.tallies),
            "page_of": {each.model: each.page for each in report.estimates},
            "repeats": [each for each in report.estimates if each.model in report.repeated],
            "favourites": favourites(report) if report.outcomes else (),
            "mixed": [each for each in report.estimates if each.model in report.serving],
            "compared": compared,
            "neighbours": neighbours,
            "beside": beside,
        },
    )
    spend = [spend_page(report, figures)] if report.spend else []
    predictors = [predictors_page(report, report.fit, figures)] if report.fit else []
    pairs = [pairs_page(report, board)] if has_pairs(board) else []
    answers = [page] if (page := answers_page(report)) else []
    return [summary, leaderboard_page(report, figures, board), *pairs, *answers, *spend, *predictors]


def stopped(report: StudyReport) -> list[tuple[Estimate, Stop]]:
    """The models whose draws would have stopped before their end, the soonest first."""
    found = [
        (record, report.stops[record.model])
        for record in report.estimates
        if record.model in report.stops and report.stops[record.model].state is not StoppingState.OPEN
    ]
    return sorted(found, key=lambda pair: (pair[1].n_draws, pair[0].model))


def study_files(report: StudyReport) -> dict[str, bytes | Path]:
    """The study's data to download, by path."""
    study = report.study
    estimates = columns_of(Estimate, report.estimates)
    schema.check(estimates, schema.ESTIMATES, name=f"estimates of {study.id}")
    files: dict[str, bytes | Path] = {
        f"{study.id}/data/estimates.json": _json_lines(estimates),
        f"{study.id}/data/estimates.csv": encoded(csv_columns(estimates)),
        f"{study.id}/data/study.json": _json(_study_record(study)),
    }
    if report.outcomes:
        counts = _counts_columns(report)
        schema.check(counts, schema.COUNTS, name=f"counts of {study.id}")
        files[f"{study.id}/data/counts.csv"] = encoded(csv_columns(counts))
    if report.sequences:
        sequences = _sequence_columns(report.sequences)
        schema.check(sequences, schema.SEQUENCES, name=f"sequences of {study.id}")
        files[f"{study.id}/data/sequences.json"] = _json_lines(sequences)
    if report.spend:
        files[f"{study.id}/data/spend.csv"] = spend_csv(report)
    return files


def _counts_columns(report: StudyReport) -> Columns:
    """Every outcome of every model with a valid draw, by column of `counts.csv`."""
    rows = [(model, row) for model, each in sorted(report.outcomes.items()) for row in each.outcomes]
    return {"model": [model for model, _ in rows], **columns_of(OutcomeEstimate, [row for _, row in rows])}


def _sequence_columns(found: SequenceStudy) -> Columns:
    """The statistics of each model's answers, by column of `sequences.json`."""
    answers = [each for _, each in sorted(found.sequences.items())]
    return {column.name: [getattr(each, column.name) for each in answers] for column in schema.SEQUENCES}


def _study_record(study: Study) -> dict[str, object]:
    record = {**plain(asdict(study)), "prompt": study.prompt.record()}
    if study.sampling.per_answer == 1:
        del record["sampling"]["per_answer"]
    if study.method.kind == "direct":
        del record["method"]
    return record


def _json(value: object) -> bytes:
    text = json.dumps(value, ensure_ascii=False, indent=1, allow_nan=False)
    return encoded(text + "\n")


def _json_lines(columns: Columns) -> bytes:
    """A JSON array with a line for each record: indented it takes thrice as long."""
    encode = json.JSONEncoder(ensure_ascii=False, allow_nan=False).encode

    def member(name: str, value: object) -> str:
        return f"{encode(name)}: {encode(without_residue(value))}"

    members = [each_distinct(values, partial(member, name)) for name, values in columns.items()]
    lines = ("{" + ", ".join(row) + "}" for row in zip(*members, strict=True))
    file = BytesIO()
    file.write(b"[\n")
    file.writelines(encoded(f",\n{line}" if number else line) for number, line in enumerate(lines))
    file.write(b"\n]\n")
    return file.getvalue()
