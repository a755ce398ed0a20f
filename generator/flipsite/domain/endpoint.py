"""Records of what an endpoint is asked and answers, and the interface of the store that keeps them.

`store.cache` implements that interface, `Ledger`.
"""

from collections.abc import Iterable, Sequence, Set
from dataclasses import dataclass
from typing import Protocol

from flipsite.domain.draws import Result
from flipsite.domain.money import NOTHING, Usd

SettledDraw = tuple[str, int, str, int, int | None]
"""Model, index, labels (JSON), index of the label named first, and outcome or None, of a draw."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestRecord:
    """One request as it is written down before it is sent; a draw may need several.

    Attributes:
        labels: The two texts that the question is known by, beside its number; see `prompt.Question`.
        sent: The request's settings as JSON, without its messages: those follow from the study.
        worst_usd: The most it may cost by the announced prices, in whole picodollars.
        asked_at: UTC, ISO 8601, ending in Z.
    """

    model: str
    draw: int
    labels: tuple[str, ...]
    order: int
    mode: str
    sent: str
    worst_usd: Usd
    asked_at: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StatedAnswer:
    """An answer to a question that is no flip; what it states is read from the raw answer each time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """The result read in a raw answer and the reader's version; `repeated` if its id and body came before."""

    result: Result | StatedAnswer
    reader: int
    repeated: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ResponseRecord:
    """The whole response to one request.

    Attributes:
        attempt: The ledger's number of the request.
        code: HTTP status; None where no answer came.
        body: The raw answer, never rewritten; None where none came.
        generation: The provider's id, by which a price can be asked for later.
        billed_usd: In whole picodollars; None where it is not known yet.
        served_model: The model that the answer names as its own.
        fault: Why no answer came, for people; None where one did.
        reading: What settles the draw; None where it will be asked again.
    """

    attempt: int
    code: int | None
    body: bytes | None
    latency_s: float
    generation: str | None
    billed_usd: Usd | None
    fault: str | None
    reading: Reading | None
    served_model: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelLedger:
    """The ledger of one model of a study.

    Attributes:
        n_settled: Draws that need no asking: valid ones, and answers that cannot be read.
        last_draw: The highest index of a draw that was ever asked; -1 without one.
        n_asked: Requests that came to an end, whatever the end.
        billed_usd: What its requests were billed.
        unpriced_usd: The most that requests without a known price cost.
        over_usd: The dearest bill that went beyond its request's worst case; nothing without one.
        text_only: The model was found not to know structured output.
        max_completion: It was last sent `max_completion_tokens` in place of `max_tokens`.
        last_bound: The most tokens that its last settled draw was allowed; None where that is not known.
        hopeless: Every settled draw was cut or empty.
    """

    model: str
    n_settled: int = 0
    last_draw: int = -1
    n_asked: int = 0
    billed_usd: Usd = NOTHING
    unpriced_usd: Usd = NOTHING
    over_usd: Usd = NOTHING
    text_only: bool = False
    max_completion: bool = False
    last_bound: int | None = None
    hopeless: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class UnpricedRequest:
    """A request that was answered, and whose price can be asked for.

    Attributes:
        estimate_usd: Its tokens at the announced prices; None where it does not state them.
    """

    attempt: int
    model: str
    generation: str
    worst_usd: Usd
    estimate_usd: Usd | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredAnswer:
    """One answer to a question that is no flip, as the cache holds it.

    Attributes:
        model: Who was asked.
        about: The model the question was about.
        wording: The version of the question.
        asking: How often it had been asked before.
        readable: Whether it could be read when it came.
        body: The raw answer.
        asked_at: UTC, ISO 8601.
    """

    model: str
    about: str
    wording: str
    asking: int
    readable: bool
    body: bytes
    asked_at: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredDraw:
    """One draw as the cache holds it: its raw answer, how it was read, what it cost.

    Attributes:
        row: The cache's number of the draw.
        cost_usd: Of all its requests; one without a price counts at its worst case.
    """

    row: int
    model: str
    draw: int
    labels: tuple[str, ...]
    order: int
    result: Result
    mode: str | None
    body: bytes | None
    latency_s: float | None
    asked_at: str | None
    cost_usd: Usd


class Ledger(Protocol):
    """One study's requests, answers and money; what a method was awaited for is on disk."""

    def model_ledgers(self) -> Sequence[ModelLedger]:
        """The ledger of each model that was ever asked."""

    def settled(self, model: str) -> Set[tuple[tuple[str, ...], int, int]]:
        """The (labels, order, draw) of a model that need no asking."""

    def outcomes(self) -> Iterable[SettledDraw]:
        """All draws that need not be asked again, by model and draw."""

    def unpriced(self) -> Sequence[UnpricedRequest]:
        """Answers whose price can be asked for."""

    async def ask(self, asked: RequestRecord) -> int:
        """Write a request down before it is sent; returns its number."""

    async def answer(self, answered: ResponseRecord) -> None:
        """Write down what came back, whole, with its money."""

    async def price(self, attempt: int, billed_usd: Usd) -> None:
        """Write down a price that came later."""

    async def text_only(self, model: str) -> None:
        """Remember that a model does not know structured output."""
