"""One page a model: its verdict in words, what is known of its coin, and every draw behind it.

`ModelView` holds what the page shows, worked out from the study's report; `SharedParts` holds what the pages
of all models of a study have in common.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import NamedTuple

from flipsite.analyse.cross_study.comparisons import History
from flipsite.analyse.dependence.homogeneity import ServingGroup
from flipsite.analyse.published.possible_counts import PrintedFit
from flipsite.analyse.ranking.ranks import ArmCounts, RankEstimate
from flipsite.analyse.report import Evidence, StudyReport
from flipsite.domain.display import Heading
from flipsite.domain.draws import Draws, Tally
from flipsite.domain.estimates import Estimate, PrintedBias
from flipsite.domain.study import Study
from flipsite.domain.urls import model_folder, model_history
from flipsite.present.leaderboard.board import Board
from flipsite.present.leaderboard.rows import BoardRow, fits_text
from flipsite.present.methods.logprobs import LogprobsView, logprobs_view
from flipsite.present.outcomes.view import OutcomesView, outcomes_view
from flipsite.present.pages.model.answers import Answers, answers
from flipsite.present.pages.model.commonest import Commonest, commonest_answers
from flipsite.present.pages.model.verdict_change import VerdictChange, verdict_change
from flipsite.present.pages.page import Page
from flipsite.present.sequences.view import SequencesView, sequences_view
from flipsite.present.sparklines.interactive import (
    SparklineSpec,
    running_mean_twin,
    strip_of_twin,
    strip_twin,
)
from flipsite.present.sparklines.intervals import PosteriorCoins, posterior_coins
from flipsite.present.sparklines.running_mean import RunningMean, running_mean, running_mean_of
from flipsite.present.sparklines.strip import Strip, strip, strip_of
from flipsite.present.tables import TOP
from flipsite.present.text.external_links import REL, OutsideLink, model_links
from flipsite.present.text.features import feature_lines
from flipsite.present.text.verdicts import parity_sentence, verdict_sentence

NEIGHBOURS = 2
"""Models shown above and below in the rank."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelView:
    """The contents of a model's page.

    Attributes:
        estimate: What is known of it.
        sentence: Its verdict in plain words.
        row: Its row of the leaderboard.
        around: The rows about it, its own among them.
        before: The row above it; None at the top.
        after: The row below it; None at the bottom.
        tally: Its counts; None without draws.
        printed: Its printed row; None unless the study is published.
        only_counts: Whether its draws are known by their counts alone.
        source: Where these are stated; empty where nothing says.
        fits: The counts that print as its figure.
        fits_text: The numbers of draws among them, in words.
        roleplay: Whether the source itself calls it a role-playing finetune.
        parity: Whether a bias of exactly 0 was within reach, in words.
        rank_estimate: Its rank and bias with their intervals; None without a valid draw.
        evidence: Other findings from its draws; None without draws.
        serving: Who answered, where that was more than one provider or served model.
        repeated: Answers whose id and body had come before.
        sent: Name and value of each setting in its requests, as JSON; None where that is not known.
        unsent: The study's settings that were not sent, since it does not advertise them.
        outcomes: What its draws from k > 2 outcomes show; None of a coin, and without a valid draw.
        logprobs: What its log-probabilities say; None where none came.
        sequences: What its answers of several draws show; None where each is one draw.
        commonest: What it said most; None without an answer.
        change: What would change its verdict; None where that is not worked out.
        links: Where else to read about it.
        counts: Its ones and valid draws, of each order where two were asked; of dependent draws as many as
            count; empty without a valid draw.
        coins: What is known of its share of ones; None without a valid draw.
        running: Its running mean; None without a valid draw.
        running_twin: The same to be made interactive; None of a study too large to hold.
        strip: Its draws in their order; None without draws.
        strip_twin: The same to be made interactive.
        answers: The first of them, to open; None without draws.
        counts_file: Where the counts of k > 2 outcomes are; empty of a coin.
        download: Where all its draws are; None without draws, or where the study's parts hold them.
        elsewhere: What other studies found of it.
        history: The page that shows these and this one side by side; empty without any.
    """

    estimate: Estimate
    sentence: str
    row: BoardRow
    around: tuple[BoardRow, ...]
    before: BoardRow | None
    after: BoardRow | None
    tally: Tally | None
    printed: PrintedBias | None
    only_counts: bool
    source: str
    fits: tuple[PrintedFit, ...]
    fits_text: str
    roleplay: bool
    parity: str
    rank_estimate: RankEstimate | None
    evidence: Evidence | None
    serving: tuple[ServingGroup, ...]
    repeated: int
    sent: tuple[tuple[str, str], ...] | None
    unsent: tuple[str, ...]
    outcomes: OutcomesView | None
    logprobs: LogprobsView | None
    sequences: SequencesView | None
    commonest: Commonest | None
    change: VerdictChange | None
    links: tuple[OutsideLink, ...]
    counts: ArmCounts
    coins: PosteriorCoins | None
    running: RunningMean | None
    running_twin: SparklineSpec | None
    strip: Strip | None
    strip_twin: SparklineSpec | None
    answers: Answers | None
    counts_file: str
    download: str | None
    elsewhere: tuple[tuple[Study, Estimate], ...]
    history: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SharedParts:
    """The parts that the pages of a study's models share, and where each finds its own.

    Attributes:
        report: The study's.
        rows: Its leaderboard by bias, in whose order the pages are.
        context: What every page's template is given: the study, the heads of the leaderboard's short tables.
        draws: Place of each model in the report's draws.
    """

    report: StudyReport
    rows: tuple[BoardRow, ...]
    context: Mapping[str, object]
    draws: Mapping[str, int]
    printed: Mapping[str, PrintedBias]
    tallies: Mapping[str, Tally]
    roleplay: frozenset[str]
    histories: Mapping[str, History]


@dataclass(frozen=True, slots=True, kw_only=True)
class BoardHead:
    """The heading of a short table of the leaderboard; see `Board`."""

    short_columns: tuple[Heading, ...]
    signed: bool
    scale: tuple[str, str, str]


def shared_of(report: StudyReport, board: Board, histories: Mapping[str, History]) -> SharedParts:
    """Prepare the parts that the pages of a study's models share."""
    printed = report.printed
    return SharedParts(
        report=report,
        rows=board.rows,
        context={
            "study": report.study,
            "board": BoardHead(short_columns=board.short_columns, signed=board.signed, scale=board.scale),
            "link_rel": REL,
            "among": printed.n_models if printed else len(report.rank_estimates),
            "top": TOP,
        },
        draws={model: index for index, model in enumerate(report.draws.models)} if report.draws else {},
        printed={row.model: row for row in printed.rows} if printed else {},
        tallies={tally.model: tally for tally in report.tallies},
        roleplay=frozenset(printed.roleplay if printed else ()),
        histories=histories,
    )


def own_draws(shared: SharedParts, model: str) -> tuple[Draws, slice] | None:
    """The study's draws and the rows that are the model's; None without any."""
    draws, index = shared.report.draws, shared.draws.get(model)
    if draws is None or index is None:
        return None
    rows = draws.rows(index)
    return (draws, rows) if rows.stop > rows.start else None


def model_view(shared: SharedParts, place: int) -> ModelView:
    """Prepare the page of the model at this place of the leaderboard."""
    view = without_draws(shared, place)
    return with_draws(shared, view, own_draws(shared, view.estimate.model))


def with_draws(shared: SharedParts, view: ModelView, own: tuple[Draws, slice] | None) -> ModelView:
    """The view with what is made of the model's draws one by one."""
    report, study, model = shared.report, shared.report.study, view.estimate.model
    pictures = _pictures(report, model, own)
    return replace(
        view,
        outcomes=_outcomes(report, model, own),
        commonest=_commonest(study, own),
        running=pictures.running,
        running_twin=pictures.running_twin,
        strip=pictures.strip,
        strip_twin=pictures.strip_twin,
        answers=answers(*own, names=_names(study)) if own else None,
        download=f"{model_folder(study.id, model)}/draws.csv" if own and not report.sampled else None,
    )


def without_draws(shared: SharedParts, place: int) -> ModelView:
    """The view of the model at this place, but for what is made of its draws one by one."""
    report, rows = shared.report, shared.rows
    row = rows[place]
    study, estimate, model = report.study, row.estimate, row.estimate.model
    target, fits = study.prompt.target, report.fits.get(model, ())
    counts = _counts(report, estimate)
    history = shared.histories.get(model)
    return ModelView(
        estimate=estimate,
        sentence=verdict_sentence(study, estimate, shared.printed.get(model)),
        row=row,
        around=rows[max(0, place - NEIGHBOURS) : place + NEIGHBOURS + 1],
        before=rows[place - 1] if place else None,
        after=rows[place + 1] if place + 1 < len(rows) else None,
        tally=shared.tallies.get(model),
        printed=shared.printed.get(model),
        only_counts=report.counts is not None and report.draws is None,
        source=report.sources.get(model, ""),
        fits=fits,
        fits_text=fits_text(fits),
        roleplay=model in shared.roleplay,
        parity=parity_sentence(study, _valid(report, estimate)),
        rank_estimate=report.rank_estimates.get(model),
        evidence=report.evidence.get(model),
        serving=report.serving.get(model, ()),
        repeated=report.repeated.get(model, 0),
        sent=_sent(report, model),
        unsent=tuple(name for name, models in report.unsent.items() if model in models),
        outcomes=_outcomes(report, model, None),
        logprobs=logprobs_view(study.prompt, report.logprobs[model]) if model in report.logprobs else None,
        sequences=_sequences(report, model),
        commonest=None,
        change=verdict_change(
            study,
            estimate,
            n_models=report.printed.n_models if report.printed else len(report.tallies),
            tally=shared.tallies.get(model),
            outcomes=report.outcomes.get(model),
        ),
        links=model_links(study, report.catalogue.get(model), report.features.get(model, ())),
        counts=counts,
        coins=posterior_coins(counts, target=target) if counts else None,
        running=None,
        running_twin=None,
        strip=None,
        strip_twin=None,
        answers=None,
        counts_file=f"{study.id}/data/counts.csv" if report.outcomes else "",
        download=None,
        elsewhere=tuple(found for found in history.records if found[0].id != study.id) if history else (),
        history=model_history(model) if history else "",
    )


def _sent(report: StudyReport, model: str) -> tuple[tuple[str, str], ...] | None:
    settings = report.sent.get(model)
    if settings is None:
        return None
    return tuple((name, json.dumps(value, ensure_ascii=False)) for name, value in settings.items())


def _names(study: Study) -> tuple[str, ...] | None:
    """The labels that stand on a model's answers; None of a coin, and where they change from draw to draw."""
    prompt = study.prompt
    return prompt.outcomes if prompt.n_outcomes > 2 and prompt.labels == "fixed" else None


def _commonest(study: Study, own: tuple[Draws, slice] | None) -> Commonest | None:
    names = study.prompt.outcomes if study.prompt.labels == "fixed" else None
    return commonest_answers(*own, names=names) if own else None


def _outcomes(report: StudyReport, model: str, own: tuple[Draws, slice] | None) -> OutcomesView | None:
    found = report.outcomes.get(model)
    drawn = own[0].outcome[own[1]] if own else None
    return outcomes_view(report.study.prompt, found, drawn) if found else None


def _sequences(report: StudyReport, model: str) -> SequencesView | None:
    if (found := report.sequences) is None:
        return None
    return sequences_view(report.study.prompt, found.sequences[model], found.answers[model])


class _Pictures(NamedTuple):
    """A model's draws as small pictures, and their interactive twins."""

    running: RunningMean | None = None
    running_twin: SparklineSpec | None = None
    strip: Strip | None = None
    strip_twin: SparklineSpec | None = None


def _counts(report: StudyReport, estimate: Estimate) -> ArmCounts:
    """Ones and valid draws, order by order where two were asked; of dependent draws as many as count."""
    if not estimate.valid or estimate.ones is None:
        return ()
    orders = report.by_order.get(estimate.model, ((estimate.ones, estimate.valid),))
    effect = estimate.design_effect or 1.0
    return tuple((k / effect, n / effect) for k, n in orders)


def _valid(report: StudyReport, estimate: Estimate) -> tuple[int, ...]:
    """Its valid draws, order by order where two were asked; empty where they are not known."""
    if estimate.model in report.by_order:
        return tuple(n for _, n in report.by_order[estimate.model])
    return () if estimate.valid is None else (estimate.valid,)


def _pictures(report: StudyReport, model: str, own: tuple[Draws, slice] | None) -> _Pictures:
    target = report.study.prompt.target
    if not report.study.is_coin:
        return _Pictures()
    if report.counts and report.sampled:  # a running mean of its own points shares no specification
        trajectory = report.counts.models[model].trajectory
        return _Pictures(
            running=running_mean_of(trajectory, target=target),
            strip=strip_of(trajectory),
            strip_twin=strip_of_twin(trajectory),
        )
    if own is None:
        return _Pictures()
    outcomes, numbers = own[0].outcome[own[1]], own[0].draw[own[1]]
    return _Pictures(
        running_mean(outcomes, target=target),
        running_mean_twin(outcomes, target=target),
        strip(outcomes, numbers),
        strip_twin(outcomes, numbers),
    )


def page_with(shared: SharedParts, view: ModelView) -> Page:
    """The page that shows this."""
    study = shared.report.study
    model = view.estimate.model
    return Page(
        path=view.estimate.page,
        title=model,
        description=f"How {model} {'draws at random' if not study.is_coin else 'flips a coin'}. "
        f"{view.sentence}",
        template="model.html",
        study=study,
        crumbs=(
            ("Home", "index.html"),
            (study.title, f"{study.id}/index.html"),
            ("Leaderboard", f"{study.id}/leaderboard/index.html"),
        ),
        place=f"{study.id}/models/~/~/index.html",
        context={
            "view": view,
            "features": feature_lines(shared.report.features.get(model, ())),
            **shared.context,
        },
    )


def listed_models(report: StudyReport) -> Iterable[Page]:
    """The pages of a study's models as a list of pages needs them: without what they show."""
    for record in report.estimates:
        yield Page(
            path=record.page, title=record.model, description="", template="model.html", study=report.study
        )


def model_twins(report: StudyReport) -> Iterable[SparklineSpec]:
    """The data that makes the small pictures of a study's models interactive."""
    if not report.study.is_coin:
        return
    if report.counts and report.sampled:
        yield from (strip_of_twin(each.trajectory) for each in report.counts.models.values())
        return
    if (draws := report.draws) is None:
        return
    for index in range(len(draws.models)):
        outcomes = draws.outcome[draws.rows(index)]
        mean = running_mean_twin(outcomes, target=report.study.prompt.target)
        yield from (twin for twin in (mean, strip_twin(outcomes)) if twin)
