"""Draws, their outcomes and their counts."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from enum import StrEnum
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from flipsite.domain.money import Usd

Codes = NDArray[np.signedinteger[Any]]
"""Small indices, −1 where there is none."""


class Status(StrEnum):
    """The status of one draw; the order is that of the code in `Draws.status`."""

    VALID = "valid"
    UNPARSED = "unparsed"
    REFUSED = "refused"
    TRUNCATED = "truncated"
    EMPTY = "empty"
    ERROR = "error"


STATUSES: tuple[Status, ...] = tuple(Status)

_CUT = frozenset(["length", "max_tokens", "model_length", "max_output_tokens", "max_length", "token_limit"])
_WITHHELD = frozenset(
    ["content_filter", "content_filtered", "safety", "recitation", "refusal", "prohibited_content", "spii"]
)


def standard_finish_reason(word: str) -> str:
    """How an answer ended, in OpenAI's words where other vendors have their own: `MAX_TOKENS` is `length`."""
    folded = word.casefold().replace("-", "_")
    if folded in _CUT:
        return "length"
    return "content_filter" if folded in _WITHHELD else word


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """The index of the label that was drawn, 0 … k − 1."""

    index: int


@dataclass(frozen=True, slots=True, kw_only=True)
class OutcomeSequence:
    """The indices of the labels that an answer of several draws states, in their order."""

    indices: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Declined:
    """A valid answer that turns down the outcome we proposed: it states no outcome of its own."""


def sequence_text(indices: Sequence[int]) -> str:
    """The indices as the column `sequence` holds them: `0 1 1`."""
    return " ".join(map(str, indices))


@dataclass(frozen=True, slots=True, kw_only=True)
class Rejected:
    """An answer that names no side: `status` says in what way, `reason` in words."""

    status: Status
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Failed:
    """No answer came."""

    reason: str


Result = Outcome | OutcomeSequence | Declined | Rejected | Failed


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelProbabilities:
    """The probability of each label where one was drawn, from the log-probabilities of the answer's tokens.

    Attributes:
        p: Of labels 0 … k − 1; None for one that is not among the alternatives that came.
        cover: Their sum. What it lacks of 1 went to other words, or to labels beyond the alternatives: the
            probability of label i is between p[i] and p[i] + 1 − cover.
    """

    p: tuple[float | None, ...]
    cover: float


def probabilities_text(p: Sequence[float | None]) -> str:
    """The probabilities of the labels as the column `p_labels` holds them: `[0.25,null]`."""
    return json.dumps(list(p), separators=(",", ":"))


def probabilities_of(text: str) -> tuple[float | None, ...] | None:
    """The probabilities that a cell of `p_labels` holds; None where it holds anything else."""
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return None
    if not isinstance(found, list) or not all(map(_is_probability, found)):
        return None
    return tuple(None if p is None else float(p) for p in found)


def _is_probability(value: object) -> bool:
    return value is None or (
        isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= 1
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Draw:
    """One request for one flip, whatever came back.

    Attributes:
        model: `author/slug`, maybe with a variant such as `:free`.
        draw: Index of the draw within its model, from 0.
        labels: The labels of outcomes 0 … k − 1.
        order: Index of the label that was named first in the prompt.
        result: The outcome, or why there is none.
        response: What the model said, without its reasoning.
        served_model: The model that the answer names as its own.
        mode: `text` or `structured`, as asked.
        probabilities: Of the labels, where log-probabilities came.
        cost_usd: Dollars billed, as the file holds them; None where it is unknown.
        latency_s: From the request to the whole answer.
        asked_at: UTC, ISO 8601, to the second or finer, ending in Z.
        proposed: The outcome that we proposed; None where none was.
        seed_text: The random string that the model wrote; None where it was not asked for or not stated.
    """

    model: str
    draw: int
    labels: tuple[str, ...]
    order: int
    result: Result
    response: str | None = None
    finish_reason: str | None = None
    provider: str | None = None
    served_model: str | None = None
    mode: str | None = None
    probabilities: LabelProbabilities | None = None
    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    reasoning_tokens: int | None = None
    cost_usd: float | None = None
    latency_s: float | None = None
    asked_at: str | None = None
    proposed: int | None = None
    seed_text: str | None = None

    @property
    def accepted(self) -> int | None:
        """1 where a proposal was accepted, 0 where it was declined, None without a proposal or an answer."""
        if self.proposed is None or not isinstance(self.result, Outcome | Declined):
            return None
        return int(isinstance(self.result, Outcome))

    @property
    def sequence(self) -> str | None:
        """The draws of an answer that states several; None for any other."""
        return sequence_text(self.result.indices) if isinstance(self.result, OutcomeSequence) else None

    @property
    def p_labels(self) -> str | None:
        """The probabilities of the labels as text; None where none are known."""
        return probabilities_text(self.probabilities.p) if self.probabilities else None

    @property
    def p_cover(self) -> float | None:
        """Their sum; None where none are known."""
        return self.probabilities.cover if self.probabilities else None


OPTIONAL_TEXTS = ("sequence", "served_model", "p_labels", "seed_text")
OPTIONAL_CODES = ("proposed", "accepted")
OPTIONAL_NUMBERS = ("p_cover", *OPTIONAL_CODES)
OPTIONAL = (*OPTIONAL_TEXTS, *OPTIONAL_NUMBERS)
"""Columns of `Draws`, text and float64, that are absent from a study that has no use for them.

OPTIONAL_CODES are whole numbers.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Draws:
    """A study's draws column by column, sorted by model and draw: the snapshot in memory.

    Text columns are None where missing; numbers are NaN, and codes -1. Columns are not written to: one that
    was read and holds one number for all draws has room for no other.

    Attributes:
        models: The models' names, sorted by code point.
        starts: Row at which each model begins, and the number of rows at the end (n_models + 1).
        draw: Index within the model, int64.
        outcome: Index of the outcome, or -1 without one, int16.
        status: Index into STATUSES, int8.
        order: Index of the label named first, or -1, int16.
        labels: JSON text of the labels, such as `["0","1"]`.
        cost_usd: US dollars as the file holds them, float64.
        sequence: The indices of an answer's draws, separated by blanks; such a draw has no outcome of its
            own. None of a study that asks one draw an answer.
        served_model: The models that the answers name; None where all name the model that was asked.
        p_labels: JSON texts of the labels' probabilities; None of a study without log-probabilities.
        p_cover: Their sums, float64; None of a study without log-probabilities.
        proposed: The outcomes that we proposed, float64; None of a study without proposals.
        accepted: Whether the model accepted each, 1 or 0, float64; None likewise.
        seed_text: The strings that the model wrote; None of a study without them.
    """

    models: tuple[str, ...]
    starts: NDArray[np.int64]
    draw: NDArray[np.int64]
    outcome: Codes
    status: NDArray[np.int8]
    order: Codes
    labels: Sequence[str | None]
    response: Sequence[str | None]
    finish_reason: Sequence[str | None]
    provider: Sequence[str | None]
    mode: Sequence[str | None]
    prompt_tokens: NDArray[np.float64]
    completion_tokens: NDArray[np.float64]
    reasoning_tokens: NDArray[np.float64]
    cost_usd: NDArray[np.float64]
    latency_s: NDArray[np.float64]
    asked_at: Sequence[str | None]
    sequence: Sequence[str | None] | None = None
    served_model: Sequence[str | None] | None = None
    p_labels: Sequence[str | None] | None = None
    p_cover: NDArray[np.float64] | None = None
    proposed: NDArray[np.float64] | None = None
    accepted: NDArray[np.float64] | None = None
    seed_text: Sequence[str | None] | None = None

    @property
    def n_outcomes(self) -> int:
        """How many outcomes there are, k: as many as there are labels; two where none are known."""
        return max((n_labels(text) for text in set(self.labels) if text), default=2)

    @property
    def optional_columns(self) -> frozenset[str]:
        """The optional columns that the draws have."""
        return frozenset(name for name in OPTIONAL if getattr(self, name) is not None)

    def rows(self, index: int) -> slice:
        """The rows of the model at this index."""
        return slice(int(self.starts[index]), int(self.starts[index + 1]))

    def __len__(self) -> int:
        return int(self.starts[-1])

    def __reduce__(self) -> tuple[Callable[..., "Draws"], tuple[object, ...]]:
        """For another process: a column of one number is sent as that number."""
        columns = {field.name: getattr(self, field.name) for field in fields(self)}
        once = {
            name: column[:1].copy()
            for name, column in columns.items()
            if isinstance(column, np.ndarray) and column.strides == (0,)
        }
        return _received, (columns | once, tuple(once), len(self))


def _received(columns: dict[str, Any], once: tuple[str, ...], n_rows: int) -> Draws:
    return Draws(**columns | {name: np.broadcast_to(columns[name], n_rows) for name in once})


@lru_cache(maxsize=1024)  # most studies have one
def n_labels(text: str) -> int:
    """How many labels a JSON list of them holds; two where it is none."""
    try:
        found = json.loads(text)
    except ValueError:
        return 2
    return len(found) if isinstance(found, list) else 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """Counts for one model.

    `counts` are the valid draws by outcome where there are more than two; see `by_outcome`. Sums are of the
    draws that state them, None where none does; `failed_cost_usd` is that of draws without an outcome.
    `by_status` follows STATUSES.
    """

    model: str
    n_draws: int
    n_valid: int
    n_ones: int
    counts: tuple[int, ...] = ()
    by_status: tuple[int, ...] = ()
    cost_usd: Usd | None = None
    failed_cost_usd: Usd | None = None
    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    reasoning_tokens: int | None = None

    @property
    def by_outcome(self) -> tuple[int, ...]:
        """Valid draws by outcome, k counts."""
        return self.counts or (self.n_valid - self.n_ones, self.n_ones)

    @property
    def usd_per_valid_draw(self) -> Usd | None:
        """The price of a valid draw, failed ones included; None without either."""
        return None if self.cost_usd is None or not self.n_valid else self.cost_usd / self.n_valid
