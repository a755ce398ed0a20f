"""One page a model: its verdict in words, what is known of its coin, and every draw behind it."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from flipsite.addresses import model_folder
from flipsite.analyse.evidence import Evidence
from flipsite.analyse.printed import Fit
from flipsite.analyse.ranking import Standing
from flipsite.analyse.report import StudyReport
from flipsite.domain import Estimate, PrintedBias, Tally
from flipsite.present.answers import Answers, answers
from flipsite.present.board import Board, board
from flipsite.present.board_rows import BoardRow
from flipsite.present.feature_words import feature_lines
from flipsite.present.leaderboard import TOP, fits_text
from flipsite.present.micro import RunningMean, Strip, running_mean, running_mean_of, strip, strip_of
from flipsite.present.model_draws import model_csv
from flipsite.present.page import Page
from flipsite.present.plain_words import parity_sentence, verdict_sentence
from flipsite.present.posterior_coins import PosteriorCoins, posterior_coins
from flipsite.present.twins import Twin, running_mean_twin, strip_of_twin, strip_twin

NEIGHBOURS = 2
"""Models shown above and below in the rank."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelView:
    """What a model's page shows.

    Attributes:
        estimate: What is known of it.
        sentence: Its verdict in plain words.
        row: Its row of the leaderboard.
        around: The rows about it, its own among them.
        before: The row above it; None at the top.
        after: The row below it; None at the bottom.
        tally: Its counts; None without draws.
        printed: Its printed row; None unless the study is published.
        fits: The counts that print as its figure.
        fits_text: The numbers of draws among them, in words.
        roleplay: Whether the source itself calls it a role-playing finetune.
        parity: Whether a bias of exactly 0 was within reach, in words.
        standing: Its rank and bias with their doubt; None without a valid draw.
        evidence: What else its draws tell; None without draws.
        coins: What is known of its share of ones; None without a valid draw.
        running: Its running mean; None without a valid draw.
        running_twin: The same to be made interactive; None of a study too large to hold.
        strip: Its draws in their order; None without draws.
        strip_twin: The same to be made interactive.
        answers: The first of them, to open; None without draws.
        download: Where all its draws are; None without draws, or where the study's parts hold them.
    """

    estimate: Estimate
    sentence: str
    row: BoardRow
    around: tuple[BoardRow, ...]
    before: BoardRow | None
    after: BoardRow | None
    tally: Tally | None
    printed: PrintedBias | None
    fits: tuple[Fit, ...]
    fits_text: str
    roleplay: bool
    parity: str
    standing: Standing | None
    evidence: Evidence | None
    coins: PosteriorCoins | None
    running: RunningMean | None
    running_twin: Twin | None
    strip: Strip | None
    strip_twin: Twin | None
    answers: Answers | None
    download: str | None


def model_pages(report: StudyReport) -> Iterable[Page]:
    """The pages of a study's models, in the order of the leaderboard."""
    study = report.study
    crumbs = (
        ("Home", "index.html"),
        (study.title, f"{study.id}/index.html"),
        ("Leaderboard", f"{study.id}/leaderboard/index.html"),
    )
    made = board(report)
    for view in _views(report, made):
        model = view.estimate.model
        yield Page(
            path=f"{model_folder(study.id, model)}/index.html",
            title=model,
            description=f"How {model} flips a coin. {view.sentence}",
            template="model.html",
            study=study,
            crumbs=crumbs,
            place=f"{study.id}/models/~/~/index.html",
            context={
                "view": view,
                "report": report,
                "board": made,
                "top": TOP,
                "features": feature_lines(report.features.get(model, ())),
            },
        )


def model_files(report: StudyReport) -> dict[str, bytes]:
    """The draws of each model to download, beside its page; not of studies too large to hold."""
    if report.draws is None or report.counts:
        return {}
    return {
        _download(report, model): model_csv(report.draws, report.draws.rows(index))
        for index, model in enumerate(report.draws.models)
    }


def model_twins(report: StudyReport) -> Iterable[Twin]:
    """What the small pictures of a study's models need to be made interactive."""
    if report.counts:
        yield from (strip_of_twin(each.course) for each in report.counts.models.values())
        return
    if (draws := report.draws) is None:
        return
    for index in range(len(draws.models)):
        outcomes = draws.outcome[draws.rows(index)]
        mean = running_mean_twin(outcomes, target=report.study.prompt.target)
        yield from (twin for twin in (mean, strip_twin(outcomes)) if twin)


def _download(report: StudyReport, model: str) -> str:
    return f"{model_folder(report.study.id, model)}/draws.csv"


def _views(report: StudyReport, made: Board) -> Iterable[ModelView]:
    study, rows = report.study, made.by_bias
    printed = {row.model: row for row in report.printed.rows} if report.printed else {}
    tallies = {tally.model: tally for tally in report.tallies}
    roleplay = set(report.printed.roleplay) if report.printed else set()
    index_of = {model: index for index, model in enumerate(report.draws.models)} if report.draws else {}
    for place, row in enumerate(rows):
        estimate, model = row.estimate, row.estimate.model
        draws = report.draws.rows(index_of[model]) if report.draws and model in index_of else None
        outcomes = report.draws.outcome[draws] if report.draws and draws else None
        pictures = _pictures(report, model, outcomes)
        yield ModelView(
            estimate=estimate,
            sentence=verdict_sentence(study, estimate, printed.get(model)),
            row=row,
            around=rows[max(0, place - NEIGHBOURS) : place + NEIGHBOURS + 1],
            before=rows[place - 1] if place else None,
            after=rows[place + 1] if place + 1 < len(rows) else None,
            tally=tallies.get(model),
            printed=printed.get(model),
            fits=report.fits.get(model, ()),
            fits_text=fits_text(report.fits.get(model, ())),
            roleplay=model in roleplay,
            parity=parity_sentence(study, estimate.valid),
            standing=report.standings.get(model),
            evidence=report.evidence.get(model),
            coins=posterior_coins(estimate.ones, estimate.valid, target=study.prompt.target)
            if estimate.valid and estimate.ones is not None
            else None,
            running=pictures.running,
            running_twin=pictures.running_twin,
            strip=pictures.strip,
            strip_twin=pictures.strip_twin,
            answers=answers(report.draws, draws) if report.draws and draws else None,
            download=_download(report, model) if draws and not report.counts else None,
        )


class _Pictures(NamedTuple):
    """A model's draws as small pictures, and their interactive twins."""

    running: RunningMean | None = None
    running_twin: Twin | None = None
    strip: Strip | None = None
    strip_twin: Twin | None = None


def _pictures(report: StudyReport, model: str, outcomes: NDArray[np.int8] | None) -> _Pictures:
    target = report.study.prompt.target
    if report.counts:  # a running mean of its own points shares no specification, and stays as it is
        course = report.counts.models[model].course
        return _Pictures(
            running=running_mean_of(course, target=target),
            strip=strip_of(course),
            strip_twin=strip_of_twin(course),
        )
    if outcomes is None:
        return _Pictures()
    return _Pictures(
        running_mean(outcomes, target=target),
        running_mean_twin(outcomes, target=target),
        strip(outcomes),
        strip_twin(outcomes),
    )
