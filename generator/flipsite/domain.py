"""The nouns: what a study is, what a draw is, what a number with its doubt is.

Frozen, without pandas, pydantic or I/O: every stage may import them, and they import nothing of flipsite.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

import numpy as np
from numpy.typing import NDArray

MOST_BUDGET_USD = 1e9
"""The largest budget there can be: more than anybody has, and little enough to be counted in picodollars."""


class Kind(StrEnum):
    """Where a study's figures come from."""

    MEASURED = "measured"
    PUBLISHED = "published"
    SIMULATED = "simulated"


class Status(StrEnum):
    """What became of one draw; the order is that of the code in `Draws.status`."""

    VALID = "valid"
    UNPARSED = "unparsed"
    REFUSED = "refused"
    TRUNCATED = "truncated"
    EMPTY = "empty"
    ERROR = "error"


STATUSES: tuple[Status, ...] = tuple(Status)

PICO = 10**12
"""Picodollars in a dollar: the whole numbers in which money is summed."""

MOST_USD = 1_000_000
"""A draw whose price is told to be higher counts as this."""


class Verdict(StrEnum):
    """What fifty flips allow to be said."""

    BIASED = "biased"
    FAIR = "fair"
    UNDECIDED = "undecided"


LabelMode = Literal["fixed", "random"]
OrderMode = Literal["one", "both"]
AnswerMode = Literal["text", "structured", "auto"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Prompt:
    """What is asked.

    Attributes:
        template: The prompt; the literal texts `{first}` and `{second}` stand for the labels.
        target: Probability of outcome 1 that the prompt asks for, from 0 to 1.
        labels: `fixed` uses `pair` throughout, `random` two fresh strings for each pair of draws.
        pair: The labels of outcome 0 and outcome 1.
        orders: `one` names the pair as it stands, `both` each pair in both orders.
    """

    template: str
    target: float = 0.5
    labels: LabelMode = "fixed"
    pair: tuple[str, str] = ("0", "1")
    orders: OrderMode = "one"

    def text(self, first: str, second: str) -> str:
        """The prompt with both labels in place; every other brace is text."""
        head, *tail = self.template.split("{first}")
        parts = [head.replace("{second}", second)]
        for part in tail:
            parts += [first, part.replace("{second}", second)]
        return "".join(parts)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sampling:
    """How it is asked.

    Attributes:
        draws: Draws asked of each model.
        temperature: As sent; None leaves the provider's default.
        max_tokens: Upper bound of the completion; None lets the collector choose by model.
        answer: `structured` uses a JSON schema, `text` reads prose, `auto` what the model supports.
    """

    draws: int = 50
    temperature: float | None = None
    max_tokens: int | None = None
    answer: AnswerMode = "text"


@dataclass(frozen=True, slots=True, kw_only=True)
class Skip:
    """A model left out by name, with the reason that is printed."""

    id: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelChoice:
    """Which models of the catalogue are asked: shell globs, and named exceptions."""

    include: tuple[str, ...] = ("*",)
    exclude: tuple[str, ...] = ()
    skip: tuple[Skip, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """Upper bounds in US dollars; None is no bound."""

    total_usd: float | None = None
    per_model_usd: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Study:
    """One prompt put to many models at set settings. `source` is a citation or an address."""

    id: str
    title: str
    kind: Kind
    summary: str
    source: str
    started: str | None
    prompt: Prompt
    sampling: Sampling
    models: ModelChoice
    budget: Budget


@dataclass(frozen=True, slots=True, kw_only=True)
class PrintedBias:
    """One printed row: `figure` is kept as text, so that 0.50 and 0.5 stay what they were."""

    model: str
    table: Literal["least", "most"]
    position: int
    figure: str
    decimals: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Printed:
    """Figures printed elsewhere, without draws.

    Attributes:
        rows: Both tables, each in its printed order.
        n_models: How many models were asked in all (the multiplicity's family).
        draws_low: Fewest valid draws a model is taken to have had.
        draws_high: Most valid draws a model is taken to have had.
        draws_about: Draws a model, as the source rounds it.
        spend_run_usd: Upper bound of what the run cost, as stated.
        spend_total_usd: About what was spent in all, as stated.
        roleplay: Models the source itself calls role-playing finetunes.
        roleplay_none_in: The table that holds none of them, as the source says; None where it says nothing.
    """

    rows: tuple[PrintedBias, ...]
    n_models: int
    draws_low: int
    draws_high: int
    draws_about: int
    spend_run_usd: float
    spend_total_usd: float
    roleplay: tuple[str, ...]
    roleplay_none_in: Literal["least", "most"] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """The index, 0 or 1, of the label that was drawn."""

    index: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Rejected:
    """An answer that names no side: `status` says in what way, `reason` in words."""

    status: Status
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Failed:
    """No answer came."""

    reason: str


Result = Outcome | Rejected | Failed


@dataclass(frozen=True, slots=True, kw_only=True)
class Draw:
    """One request for one flip, whatever came back.

    Attributes:
        model: `author/slug`, maybe with a variant such as `:free`.
        draw: Index of the draw within its model, from 0.
        labels: The labels of outcome 0 and outcome 1.
        order: Index of the label that was named first in the prompt.
        result: The outcome, or why there is none.
        response: What the model said, without its reasoning.
        mode: `text` or `structured`, as asked.
        cost_usd: As billed; None where it is unknown.
        latency_s: From the request to the whole answer.
        asked_at: UTC, ISO 8601, to the second or finer, ending in Z.
    """

    model: str
    draw: int
    labels: tuple[str, str]
    order: int
    result: Result
    response: str | None = None
    finish_reason: str | None = None
    provider: str | None = None
    mode: str | None = None
    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    reasoning_tokens: int | None = None
    cost_usd: float | None = None
    latency_s: float | None = None
    asked_at: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Draws:
    """A study's draws column by column, sorted by model and draw: the snapshot in memory.

    Text columns are None where missing; numbers are NaN, and codes -1.

    Attributes:
        models: The models' names, sorted by code point.
        starts: Row at which each model begins, and the number of rows at the end (n_models + 1).
        draw: Index within the model, int64.
        outcome: 1, 0, or -1 without outcome, int8.
        status: Index into STATUSES, int8.
        order: Index of the label named first, or -1, int8.
        labels: JSON text of the pair, such as `["0","1"]`.
        cost_usd: US dollars, float64.
    """

    models: tuple[str, ...]
    starts: NDArray[np.int64]
    draw: NDArray[np.int64]
    outcome: NDArray[np.int8]
    status: NDArray[np.int8]
    order: NDArray[np.int8]
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

    def rows(self, index: int) -> slice:
        """The rows of the model at this index."""
        return slice(int(self.starts[index]), int(self.starts[index + 1]))

    def __len__(self) -> int:
        return int(self.starts[-1])


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """Counts for one model.

    Sums are of the draws that told, None where none did; `failed_cost_usd` is that of draws without an
    outcome. Dollars are summed in whole picodollars, so that no order of the draws changes the sum.
    `by_status` follows STATUSES.
    """

    model: str
    n_draws: int
    n_valid: int
    n_ones: int
    by_status: tuple[int, ...] = ()
    cost_usd: float | None = None
    failed_cost_usd: float | None = None
    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    reasoning_tokens: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """One record of `estimates.json`: what is known of one model; None is unknown, never NaN."""

    model: str
    author: str
    kind: Kind
    draws: int | None
    valid: int | None
    ones: int | None
    mean: float | None
    bias: float | None
    mean_low: float | None
    mean_high: float | None
    noise_floor: float | None
    p_value: float | None
    q_value: float | None
    verdict: Verdict
    rank: int | None
    rank_low: int | None
    rank_high: int | None
    cost_usd: float | None
    page: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Feature:
    """One thing known of a model besides its flips: a row of `features.csv`.

    Attributes:
        model: `author/slug`, maybe with a variant.
        feature: A name of `traits.FEATURES`.
        value: As text; empty where it is unknown.
        source: One of `traits.SOURCES`; empty where the value is, unless a person says that it is unknown.
        confidence: In [0, 1]; None where the value is unknown.
        note: Why, for people.
    """

    model: str
    feature: str
    value: str
    source: str
    confidence: float | None = None
    note: str = ""
