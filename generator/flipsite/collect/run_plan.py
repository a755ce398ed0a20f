"""The plan of a run: what is missing of each model, what it will cost about, and what is left out and why.

A function of the catalogue's choice and of what the ledger holds; nothing is asked yet.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from flipsite.collect.costs import Mode, completion_bound
from flipsite.collect.prompt import Question, questions
from flipsite.collect.reading.answer import READER
from flipsite.collect.reading.completion import read_completion
from flipsite.collect.requests import names_completion, request_body
from flipsite.collect.responses import Reply
from flipsite.collect.run_state import ModelRun
from flipsite.collect.scheduler import ModelQueue
from flipsite.collect.selection import ModelSelection
from flipsite.domain.catalogue import Model
from flipsite.domain.display import plural
from flipsite.domain.draws import Declined, Outcome, OutcomeSequence, Rejected, Status
from flipsite.domain.endpoint import Ledger, ModelLedger
from flipsite.domain.money import NOTHING, Usd, total
from flipsite.domain.study import Skip, Study


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedModel:
    """One model of the plan.

    Attributes:
        n_missing: Draws to be asked.
        n_kept: Draws that need no asking.
        estimate_usd: What the missing ones will cost about: by its own answers, where it has some.
        draw_worst_usd: The most one draw may cost.
        spent_usd: What the kept ones cost.
    """

    model: str
    n_missing: int
    n_kept: int
    estimate_usd: Usd
    draw_worst_usd: Usd
    spent_usd: Usd


@dataclass(frozen=True, slots=True, kw_only=True)
class ExcludedModel:
    """One model that is not asked; `money` where its price is the reason."""

    model: str
    reason: str
    money: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class CollectPlan:
    """The plan of a run: models in order of cost, the cheapest first."""

    models: tuple[PlannedModel, ...]
    left_out: tuple[ExcludedModel, ...]

    def __repr__(self) -> str:
        """The counts, on one line."""
        return (
            f"<CollectPlan: {len(self.models)} models, {self.n_missing} draws, {len(self.left_out)} left out>"
        )

    @property
    def n_missing(self) -> int:
        """Draws to be asked of all models."""
        return sum(model.n_missing for model in self.models)

    @property
    def n_kept(self) -> int:
        """Draws that need no asking."""
        return sum(model.n_kept for model in self.models)

    @property
    def estimate_usd(self) -> Usd:
        """The run's expected cost."""
        return total(model.estimate_usd for model in self.models)


def plan(
    choices: Sequence[ModelSelection], study: Study, ledger: Ledger, *, faulty: Sequence[Skip] = ()
) -> CollectPlan:
    """Compare what a study asks for with what was asked before.

    Args:
        choices: The catalogue's models, each taken or left.
        study: With the draws it asks of each model.
        ledger: What was asked before.
        faulty: Entries of the catalogue that are no model; one listed twice is asked all the same.
    """
    held = {each.model: each for each in ledger.model_ledgers()}
    planned, left_out = list[PlannedModel](), list[ExcludedModel]()
    for choice in choices:
        past = held.get(choice.model.id) or ModelLedger(model=choice.model.id)
        reason = choice.reason or _given_up(choice.model, study, past)
        if reason is None:
            planned.append(_planned(choice, study, past, ledger))
        else:
            left_out.append(ExcludedModel(model=choice.model.id, reason=reason, money=choice.too_dear))
    listed = {choice.model.id for choice in choices}
    left_out += [
        ExcludedModel(model=entry.id, reason=entry.reason, money=False)
        for entry in faulty
        if entry.id not in listed
    ]
    return CollectPlan(
        models=tuple(sorted(planned, key=lambda one: (one.estimate_usd, one.model))),
        left_out=tuple(left_out),
    )


def _given_up(model: Model, study: Study, past: ModelLedger) -> str | None:
    """Why a model is not asked again that earlier runs had nothing but useless answers of; None if it is."""
    give_up_after, bound = study.sampling.give_up_after, completion_bound(model, study)
    few = not 0 < give_up_after <= past.n_settled
    if few or not past.hopeless or (past.last_bound is not None and bound > past.last_bound):
        return None
    return f"all of its {plural(past.n_settled, 'answer')} were {_useless(bound)}; {_REMEDY}"


def _useless(bound: int) -> str:
    return f"empty or cut at {bound:,} tokens"


_REMEDY = "raise max_tokens in [sampling] of study.toml; give_up_after = 0 there asks on all the same"


def queues_of(
    planned: CollectPlan, choices: Sequence[ModelSelection], study: Study, ledger: Ledger, *, seed: int
) -> list[ModelQueue]:
    """The missing draws, ready for the scheduler; a model's questions are made when its turn comes."""
    held = {each.model: each for each in ledger.model_ledgers()}
    by_name = {choice.model.id: choice for choice in choices}
    queues = []
    for one in planned.models:
        if one.n_missing:
            choice, past = by_name[one.model], held.get(one.model)
            text_only = past is not None and past.text_only
            queues.append(
                ModelQueue(
                    model_run=model_run_of(
                        choice.model,
                        study,
                        mode="text" if text_only else choice.mode,
                        max_completion=past is not None and past.max_completion,
                    ),
                    questions=_missing(study, ledger, model=one.model, seed=seed),
                    estimate_usd=one.estimate_usd,
                    tried=past is not None and past.n_settled > 0,
                )
            )
    return queues


def _planned(choice: ModelSelection, study: Study, past: ModelLedger, ledger: Ledger) -> PlannedModel:
    n_draws = study.sampling.draws
    n_kept = past.n_settled
    if past.last_draw >= n_draws:  # an earlier run asked for more
        n_kept = sum(draw < n_draws for _, _, draw in ledger.settled(choice.model.id))
    n_missing = max(0, n_draws - n_kept)
    spent_usd = past.billed_usd + past.unpriced_usd
    forecast = choice.estimate
    each = forecast.expected_usd / forecast.n_draws if forecast else NOTHING
    if past.n_settled:
        each = spent_usd / past.n_settled
    return PlannedModel(
        model=choice.model.id,
        n_missing=n_missing,
        n_kept=n_kept,
        estimate_usd=each * n_missing,
        draw_worst_usd=forecast.draw_worst_usd if forecast else NOTHING,
        spent_usd=spent_usd,
    )


def _missing(study: Study, ledger: Ledger, *, model: str, seed: int) -> Callable[[], tuple[Question, ...]]:
    def missing() -> tuple[Question, ...]:
        there = ledger.settled(model)
        sampling = study.sampling
        asked = questions(
            study.prompt,
            n_draws=sampling.draws,
            model=model,
            seed=seed,
            per_answer=sampling.per_answer,
            method=study.method,
        )
        return tuple(one for one in asked if (one.labels, one.order, one.draw) not in there)

    return missing


def model_run_of(model: Model, study: Study, *, mode: Mode, max_completion: bool) -> ModelRun:
    """One model, ready to be asked a study's questions and to have its answers read."""
    bound = completion_bound(model, study)

    def request(question: Question, mode: Mode) -> Mapping[str, object]:
        return request_body(model, question, study, mode, max_tokens=bound)

    def read(question: Question, reply: Reply, mode: Mode) -> Outcome | OutcomeSequence | Declined | Rejected:
        return read_completion(
            reply, study, model=model.id, draw=question.draw, labels=question.labels, mode=mode
        )

    return ModelRun(
        listed=model,
        mode=mode,
        request=request,
        read=read,
        reader=READER,
        hopeless=frozenset({Status.TRUNCATED, Status.EMPTY}),
        give_up_after=study.sampling.give_up_after,
        useless=f"were {_useless(bound)}",
        remedy=_REMEDY,
        max_completion=names_completion(model) or max_completion,
    )
