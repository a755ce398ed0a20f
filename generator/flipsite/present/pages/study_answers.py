"""A study's answers across its models: what was said, by status and reason, and which models said it.

Whatever a model said is hostile text: templates escape it, and it is cut here.
"""

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from flipsite.analyse.report import StudyReport
from flipsite.domain.columns import TextColumn
from flipsite.domain.draws import STATUSES, Draws, Status
from flipsite.domain.urls import model_page
from flipsite.present.pages.page import Page

MOST_OF_STATUS = 40
"""Different answers listed of one status, the commonest first."""

MOST_MODELS = 8
"""Models named beside one answer."""

LETTERS = 240
"""Of an answer; the models' pages have more of it, and the downloads all."""

_ORDER = (Status.REFUSED, Status.UNPARSED, Status.TRUNCATED, Status.EMPTY, Status.ERROR, Status.VALID)


@dataclass(frozen=True, slots=True, kw_only=True)
class SharedAnswer:
    """One answer, as often as it came.

    Attributes:
        text: Its beginning, without spare blanks; empty where nothing came back.
        reason: Why it ended, where that is not a regular end; else empty.
        times: How often it came.
        models: Name and page of the models that gave it, those that gave it most first.
        n_models: How many gave it.
    """

    text: str
    reason: str
    times: int
    models: tuple[tuple[str, str], ...]
    n_models: int


@dataclass(frozen=True, slots=True, kw_only=True)
class StatusAnswers:
    """The answers of one status, the commonest first; `n_different` counts those that are not listed too."""

    status: Status
    n_draws: int
    n_different: int
    answers: tuple[SharedAnswer, ...]


def answers_path(study: str) -> str:
    """The page of a study's answers."""
    return f"{study}/answers/index.html"


def answers_page(report: StudyReport) -> Page | None:
    """The page of a study's answers; None where there are no draws."""
    study, draws = report.study, report.draws
    if draws is None or not len(draws):
        return None
    groups = status_answers(draws, study=study.id)
    return Page(
        path=answers_path(study.id),
        title=f"Answers: {study.title}",
        description=f"What the models of “{study.title}” answered, by status and reason.",
        template="answers.html",
        study=study,
        crumbs=(("Home", "index.html"), (study.title, f"{study.id}/index.html")),
        tab="Answers",
        context={
            "groups": groups,
            "n_draws": len(draws),
            "is_sample": len(draws) < sum(each.n_draws for each in report.tallies),
        },
    )


def status_answers(draws: Draws, *, study: str) -> tuple[StatusAnswers, ...]:
    """The answers by status, failures before valid ones."""
    by_status: dict[Status, dict[tuple[str, str], Counter[str]]] = defaultdict(lambda: defaultdict(Counter))
    responses, reasons = TextColumn.of(draws.response), TextColumn.of(draws.finish_reason)
    model = np.repeat(np.arange(len(draws.models)), np.diff(draws.starts))
    columns = (draws.status, responses.codes, reasons.codes, model)
    texts = [_beginning(text) for text in responses.distinct]
    told = [_reason(text) for text in reasons.distinct]
    sizes = (len(STATUSES), len(texts), len(told), len(draws.models))
    alike, counts = np.unique(np.ravel_multi_index(columns, sizes), return_counts=True)
    places = (each.tolist() for each in np.unravel_index(alike, sizes))
    for status, text, reason, owner, n in zip(*places, counts.tolist(), strict=True):
        by_status[STATUSES[status]][texts[text], told[reason]][draws.models[owner]] += n
    return tuple(_group(status, by_status[status], study) for status in _ORDER if status in by_status)


def _group(status: Status, found: dict[tuple[str, str], Counter[str]], study: str) -> StatusAnswers:
    totals = {answer: models.total() for answer, models in found.items()}
    commonest = sorted(totals, key=lambda answer: (-totals[answer], -len(found[answer]), answer))
    return StatusAnswers(
        status=status,
        n_draws=sum(totals.values()),
        n_different=len(found),
        answers=tuple(_shared(answer, found[answer], study) for answer in commonest[:MOST_OF_STATUS]),
    )


def _shared(answer: tuple[str, str], models: Counter[str], study: str) -> SharedAnswer:
    named: Sequence[str] = sorted(models, key=lambda model: (-models[model], model))[:MOST_MODELS]
    return SharedAnswer(
        text=answer[0],
        reason=answer[1],
        times=models.total(),
        models=tuple((model, model_page(study, model)) for model in named),
        n_models=len(models),
    )


def _beginning(response: str | None) -> str:
    """The first letters of an answer on one line; a long one is not read to its end."""
    text = " ".join((response or "")[: 2 * LETTERS].split())
    return text if len(text) <= LETTERS else f"{text[: LETTERS - 1]}…"


def _reason(finish_reason: str | None) -> str:
    return "" if finish_reason in (None, "stop") else str(finish_reason)
