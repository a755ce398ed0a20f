"""The nouns: what a study is, what a draw is, what a number with its doubt is.

Frozen, without pandas, pydantic or I/O: every stage may import them, and they import nothing of flipsite.

A study's models dealt out to several collectors: each model to exactly one, by its name alone.
"""

import hashlib
import re
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from math import nextafter
from typing import Literal

from flipsite.errors import UsageError

MOST_BUDGET_USD = 1e9
"""The largest budget there can be: more than anybody has, and little enough to be counted in picodollars."""


class Kind(StrEnum):
    """Where a study's figures come from."""

    MEASURED = "measured"
    PUBLISHED = "published"
    SIMULATED = "simulated"


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


@dataclass(frozen=True, slots=True, order=True)
class Shard:
    """One share of a study's models, as `3/16`.

    Attributes:
        number: From 1.
        of: How many there are.
    """

    number: int
    of: int

    def __str__(self) -> str:
        return f"{self.number}/{self.of}"

    def holds(self, model: str) -> bool:
        """Whether a model is of this share: a digest of its name says so, on every machine alike."""
        digest = hashlib.sha256(model.encode("utf-8", "surrogatepass")).digest()
        return int.from_bytes(digest[:8], "big") % self.of == self.number - 1

    def share_usd(self, total_usd: float) -> float:
        """An equal share of a budget, in whole picodollars: all shares together never exceed it."""
        total = int(Decimal(repr(total_usd)).scaleb(12))
        share = total // self.of / 10**12
        while round(share * 10**12) * self.of > total:  # above 9,000 dollars floats are coarser than that
            share = nextafter(share, 0)
        return share


def shard_of(text: str) -> Shard:
    """Read a shard such as `3/16`.

    Raises:
        UsageError: If it is none.
    """
    found = re.fullmatch(r"([1-9]\d{0,4})/([1-9]\d{0,4})", text)
    shard = Shard(int(found[1]), int(found[2])) if found else None
    if shard is None or shard.number > shard.of:
        raise UsageError(f"{text!r} is no shard; say which of how many, such as 3/16")
    return shard
