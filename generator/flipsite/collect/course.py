"""One model under way, and what ends its way."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from flipsite.collect.forecast import Mode
from flipsite.collect.pace import Lane
from flipsite.collect.prompt import Question
from flipsite.collect.replies import Reply
from flipsite.domain.draws import Outcome, Rejected
from flipsite.domain.endpoint import Stated


class SetAsideError(Exception):
    """A model that is asked no more in this run; `money` where the budget has no room for it."""

    def __init__(self, reason: str, *, money: bool = False) -> None:
        super().__init__(reason)
        self.reason = reason
        self.money = money


@dataclass(slots=True, eq=False, kw_only=True)
class Course:
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
    read: Callable[[Question, Reply, Mode], Outcome | Stated | Rejected]
    reader: int
    free: bool = False
    lane: Lane = field(init=False)
