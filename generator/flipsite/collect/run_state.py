"""One model under way, and what ends its way.

How a collection stands, for whoever watches: counts, money, and what is waiting and why.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from flipsite.collect.pricing import Mode
from flipsite.collect.prompt import Question
from flipsite.collect.responses import Reply
from flipsite.collect.throttle import ModelLane
from flipsite.domain.draws import Outcome, Rejected
from flipsite.domain.endpoint import StatedAnswer


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
        model: Its name.
        mode: `text` or `structured`; falls back to `text` once.
        request: The body for a question in a mode.
        worst_usd: The most a question with its body may cost by the announced prices.
        read: What an answer to a question, asked in a mode, states.
        reader: The version of `read`.
        free: A `:free` variant, which keeps to the rate the provider sets for those.
        lane: Its way through the gate, once it runs.
    """

    model: str
    mode: Mode
    request: Callable[[Question, Mode], Mapping[str, object]]
    worst_usd: Callable[[Question, Mapping[str, object]], float]
    read: Callable[[Question, Reply, Mode], Outcome | StatedAnswer | Rejected]
    reader: int
    free: bool = False
    lane: ModelLane = field(init=False)


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
        n_again: Requests that were asked again.
        in_flight: Requests sent and not yet answered.
        skipped: Models that are asked no more, with the reason.
        faults: The last fault of each model that has one.
    """

    n_missing: int = 0
    n_kept: int = 0
    n_valid: int = 0
    n_rejected: int = 0
    n_failed: int = 0
    n_again: int = 0
    in_flight: int = 0
    skipped: dict[str, SkippedModel] = field(default_factory=dict)
    faults: dict[str, str] = field(default_factory=dict)

    @property
    def n_done(self) -> int:
        """Draws of this run that came to an end."""
        return self.n_valid + self.n_rejected + self.n_failed

    def skip_model(self, model: str, reason: str, *, money: bool) -> None:
        """Note a model that is asked no more."""
        self.skipped[model] = SkippedModel(reason=reason, money=money)
