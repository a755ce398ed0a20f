"""The state of a run: each model's, with what ends it, and the counts, money and waits to be shown."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from flipsite.collect.costs import Mode, tokens_usd, worst_case_usd
from flipsite.collect.prompt import Question
from flipsite.collect.requests import sent_bound, without_logprobs
from flipsite.collect.responses import Reply
from flipsite.collect.throttle import ModelLane
from flipsite.domain.catalogue import Model
from flipsite.domain.display import one_line, plural
from flipsite.domain.draws import Declined, Outcome, OutcomeSequence, Rejected, Status
from flipsite.domain.endpoint import StatedAnswer
from flipsite.domain.money import Usd


class ModelSkippedError(Exception):
    """A model that is asked no more in this run; `money` where the budget has no room for it."""

    def __init__(self, reason: str, *, money: bool = False) -> None:
        super().__init__(reason)
        self.reason = reason
        self.money = money


@dataclass(slots=True, eq=False, kw_only=True)
class ModelRun:
    """One model under way.

    Attributes:
        listed: Its entry in the catalogue, by whose prices it is charged.
        mode: `text` or `structured`; falls back to `text` once.
        request: The body for a question in a mode.
        read: What an answer to a question, asked in a mode, states.
        reader: The version of `read`.
        hopeless: Kinds of answers of which nothing but these are no use: the model is then given up.
        give_up_after: After how many of them; 0 is never.
        useless: Why such answers are of no use, after their number.
        remedy: What to change.
        max_completion: It takes `max_completion_tokens` in place of `max_tokens`.
        no_logprobs: Its server refuses to give log-probabilities, so they are no longer asked for.
        most_tokens: The bound it takes, where the one that was sent is beyond its context.
        n_answers: Answers of this run.
        n_hopeless: Those of them that are hopeless.
        repeated: Those of them whose id and body came before.
        lane: Its way through the gate, once it runs.
    """

    listed: Model
    mode: Mode
    request: Callable[[Question, Mode], Mapping[str, object]]
    read: Callable[[Question, Reply, Mode], Outcome | OutcomeSequence | Declined | StatedAnswer | Rejected]
    reader: int
    hopeless: frozenset[Status] = frozenset()
    give_up_after: int = 0
    useless: str = "were of no use"
    remedy: str = "name another model"
    max_completion: bool = False
    no_logprobs: bool = False
    most_tokens: int | None = None
    n_answers: int = 0
    n_hopeless: int = 0
    repeated: int = 0
    lane: ModelLane = field(init=False)
    _seen: set[int] = field(default_factory=set)

    @property
    def model(self) -> str:
        """Its name."""
        return self.listed.id

    @property
    def free(self) -> bool:
        """Whether it is a `:free` variant, which keeps to the rate the provider sets for those."""
        return self.model.endswith(":free")

    def worst_usd(self, question: Question, request: Mapping[str, object]) -> Usd:
        """The most that a question with its body may cost by the announced prices."""
        return worst_case_usd(self.listed, text=question.text, max_tokens=sent_bound(request))

    def tokens_usd(self, prompt: int, completion: int) -> Usd | None:
        """The announced price of a number of tokens; None where it announces none."""
        return tokens_usd(self.listed, prompt, completion) if self.listed.price else None

    def body(self, question: Question, mode: Mode) -> dict[str, object]:
        """The request's body, as the model is known to take it."""
        body = dict(self.request(question, mode))
        if self.no_logprobs:
            body = without_logprobs(body)
        bound = body.pop("max_tokens", None)
        if isinstance(bound, int):
            bound = min(bound, self.most_tokens or bound)
            body["max_completion_tokens" if self.max_completion else "max_tokens"] = bound
        return body

    def note(self, result: object, *, digest: int | None) -> bool:
        """Count an answer; returns whether its id and body came before."""
        self.n_answers += 1
        self.n_hopeless += isinstance(result, Rejected) and result.status in self.hopeless
        again = digest in self._seen
        self.repeated += again
        if digest is not None:
            self._seen.add(digest)
        return again

    def why_hopeless(self) -> str:
        """The reason for giving it up, with what to change."""
        return f"all of its first {self.n_answers} answers {self.useless}; {self.remedy}"

    @property
    def is_hopeless(self) -> bool:
        """Whether none of its first answers was of use."""
        return 0 < self.give_up_after <= self.n_answers == self.n_hopeless


@dataclass(frozen=True, slots=True, kw_only=True)
class SkippedModel:
    """Why a model was skipped; `money` where the budget has no room for it."""

    reason: str
    money: bool = False


@dataclass(slots=True, kw_only=True)
class RunProgress:
    """Counts of one run, kept by the scheduler.

    Attributes:
        n_missing: Draws to be asked in this run.
        n_kept: Draws that earlier runs had settled.
        n_valid: Answers of this run that name a side.
        n_rejected: Answers of this run that name none.
        n_failed: Draws of this run that brought no answer.
        in_flight: Requests sent and not yet answered.
        skipped: Models that are asked no more, with the reason.
        faults: The last fault of each model that has one.
        failed: The last reason why a draw of each model failed.
        served: The pairs of provider and served model that each model's answers name.
    """

    n_missing: int = 0
    n_kept: int = 0
    n_valid: int = 0
    n_rejected: int = 0
    n_failed: int = 0
    in_flight: int = 0
    skipped: dict[str, SkippedModel] = field(default_factory=dict)
    faults: dict[str, str] = field(default_factory=dict)
    failed: dict[str, str] = field(default_factory=dict)
    served: dict[str, set[tuple[str | None, str | None]]] = field(default_factory=dict)

    @property
    def n_done(self) -> int:
        """Draws of this run that came to an end."""
        return self.n_valid + self.n_rejected + self.n_failed

    def skip_model(self, model: str, reason: str, *, money: bool) -> None:
        """Note a model that is asked no more."""
        self.skipped[model] = SkippedModel(reason=reason, money=money)


def warnings_of(runs: Iterable[ModelRun], progress: RunProgress) -> Iterator[tuple[str, str]]:
    """Each model with a sentence on what may be wrong with its answers."""
    for run in runs:
        if run.n_hopeless * 2 > run.n_answers and run.model not in progress.skipped:
            share = f"{run.n_hopeless:,} of {plural(run.n_answers, 'answer')}"
            yield run.model, f"{share} {run.useless}; {run.remedy}."
        if run.no_logprobs:
            yield run.model, "its server refuses to give log-probabilities, so it was asked without them."
        if run.repeated:
            share = f"{run.repeated:,} of {plural(run.n_answers, 'answer')}"
            yield (
                run.model,
                f"{share} came with an id and a body that came before; a cache may answer in its place, and"
                " its answers are no draws of their own.",
            )
        names = sorted({model for _, model in progress.served.get(run.model, ()) if model})
        if len(names) > 1:
            yield run.model, f"answers name more than one served model: {', '.join(names)}."


MOST_NAMES = 5


def names_text(models: Iterable[str]) -> str:
    """The first five names, and how many more there are."""
    names = [one_line(model) for model in models]
    more = f" and {len(names) - MOST_NAMES:,} more" if len(names) > MOST_NAMES else ""
    return ", ".join(names[:MOST_NAMES]) + more


def by_sentence(warnings: Iterable[tuple[str, str]]) -> tuple[str, ...]:
    """A line for each sentence, after the names of the models it is about."""
    groups: dict[str, list[str]] = {}
    for model, sentence in warnings:
        groups.setdefault(sentence, []).append(model)
    return tuple(f"{names_text(models)}: {sentence}" for sentence, models in groups.items())
