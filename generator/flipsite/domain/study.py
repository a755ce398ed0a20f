"""A study: its prompt, sampling, models and budget, as its `study.toml` states them.

A `Feature` is one thing known of a model. A `Shard` is a part of a study's models; a model's name alone
decides which shard it belongs to.
"""

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from fnmatch import fnmatchcase
from fractions import Fraction
from typing import Literal

from flipsite.domain.money import Usd
from flipsite.errors import UsageError

MOST_BUDGET_USD = 1e9
"""The largest budget there can be, in dollars: more than anybody has."""


class Kind(StrEnum):
    """Where a study's figures come from."""

    MEASURED = "measured"
    PUBLISHED = "published"
    SIMULATED = "simulated"


UNKNOWN_PROMPT = "unknown"
"""Template of a study whose prompt is not known, such as an imported one."""

LabelMode = Literal["fixed", "random"]
OrderMode = Literal["one", "both", "rotated"]
AnswerMode = Literal["text", "structured", "auto"]
OutcomeForm = Literal["pair", "list", "range"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Prompt:
    """The question: one draw, or several, from a distribution over k outcomes; a coin has two.

    Attributes:
        template: The prompt. `{first}` and `{second}` stand for a coin's labels; `{options}` for the list of
            other outcomes, `{shares}` for the list with shares, `{low}` and `{high}` for the ends of a range;
            `{count}` for the number of draws in one answer. Every other brace is text.
        outcomes: The labels of outcomes 0 … k − 1, all different.
        shares: The share of each outcome that the prompt asks for; they sum to 1.
        labels: `fixed` uses `outcomes` throughout, `random` fresh words for them.
        orders: `one` names them as they are, `both` each pair of labels in both orders, `rotated` begins
            the list at another label each draw.
        form: How the outcomes are given: as a `pair`, as a `list`, or as all whole numbers of a `range`.
    """

    template: str
    outcomes: tuple[str, ...] = ("0", "1")
    shares: tuple[float, ...] = (0.5, 0.5)
    labels: LabelMode = "fixed"
    orders: OrderMode = "one"
    form: OutcomeForm = "pair"

    @property
    def n_outcomes(self) -> int:
        """How many outcomes there are, k."""
        return len(self.outcomes)

    @property
    def target(self) -> float:
        """A coin's target: the share of outcome 1."""
        return self.shares[1]

    @property
    def largest_bias(self) -> float:
        """The largest total variation from the target: all draws of the least likely outcome."""
        return 1 - min(self.shares)

    @property
    def placeholders(self) -> tuple[str, ...]:
        """The template's placeholders, in braces."""
        return (*PLACEHOLDERS[self.form], "count")

    def record(self) -> dict[str, object]:
        """The keys of `study.toml` that say this, a coin's as they have always been."""
        record: dict[str, object] = {"template": self.template}
        if self.form == "pair":
            record |= {"target": self.target, "labels": self.labels, "pair": self.outcomes}
        else:
            record |= {"target": self.shares, "labels": self.labels, "outcomes": self.outcomes}
        return record | {"orders": self.orders}

    def text(self, labels: Sequence[str], *, order: int = 0, count: int = 1) -> str:
        """The prompt with everything in place.

        Args:
            labels: The labels of outcomes 0 … k − 1.
            order: Index of the label that is named first; the list goes on from it, and round.
            count: Draws in one answer.
        """
        turned = [(order + place) % len(labels) for place in range(len(labels))]
        named = [labels[index] for index in turned]
        shared = [f"{labels[index]} with probability {share_text(self.shares[index])}" for index in turned]
        filled = {
            "first": named[0],
            "second": named[1],
            "options": ", ".join(named),
            "shares": ", ".join(shared),
            "low": labels[0],
            "high": labels[-1],
            "count": str(count),
        }
        pattern = "|".join(self.placeholders)
        return re.sub(rf"\{{({pattern})\}}", lambda found: filled[found[1]], self.template)


PLACEHOLDERS: Mapping[OutcomeForm, tuple[str, ...]] = {
    "pair": ("first", "second"),
    "list": ("options", "shares"),
    "range": ("options", "shares", "low", "high"),
}
"""By the form of the outcomes, the placeholders of a template; `{count}` besides."""


def share_text(share: float) -> str:
    """A share as a prompt names it: `12.5%`, a fraction such as `1/6` where it is one, else to six digits."""
    percent = f"{share * 100:.10g}"
    if len(percent) <= 4:
        return f"{percent}%"
    fraction = Fraction(share).limit_denominator(1000)
    return str(fraction) if abs(float(fraction) - share) < 1e-12 else f"{share:.6g}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sampling:
    """How it is asked.

    Attributes:
        draws: Answers asked of each model.
        per_answer: Draws in one answer.
        temperature: As sent; None leaves the provider's default.
        top_p: As sent; None leaves the provider's default.
        reasoning: The effort, as advertised; `none` for no reasoning; None leaves the provider's default.
        max_tokens: Upper bound of the completion; None lets the collector choose by model.
        answer: `structured` uses a JSON schema, `text` reads prose, `auto` what the model supports.
        logprobs: Ask for the log-probabilities of the answer's tokens, where they are advertised.
        timeout_s: Seconds a draw may take; None for the collector's own bound.
        give_up_after: Answers after which a model is given up if all were cut or empty; 0 is never.
    """

    draws: int = 50
    per_answer: int = 1
    temperature: float | None = None
    top_p: float | None = None
    reasoning: str | None = None
    max_tokens: int | None = None
    answer: AnswerMode = "text"
    logprobs: bool = False
    timeout_s: float | None = None
    give_up_after: int = 10


MethodKind = Literal["direct", "seed", "rejection"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Method:
    """How a draw is asked for.

    Attributes:
        kind: `direct` asks for an outcome; `seed` for a random string and an outcome computed from it;
            `rejection` for a yes or no to a proposal of ours.
        proposal: Probability of outcome 1 among the proposals.
    """

    kind: MethodKind = "direct"
    proposal: float = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Skip:
    """A model left out by name, with the reason that is printed."""

    id: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StatedPrice:
    """Prices of a million tokens, of models whose catalogue names none; `id` may be a glob."""

    id: str
    prompt_usd_per_million: Usd
    completion_usd_per_million: Usd


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelChoice:
    """Which models of the catalogue are asked: shell globs, and named exceptions."""

    include: tuple[str, ...] = ("*",)
    exclude: tuple[str, ...] = ()
    skip: tuple[Skip, ...] = ()
    price: tuple[StatedPrice, ...] = ()

    def leaves_out(self, model: str) -> bool:
        """Whether a model is neither asked nor shown: it is skipped, or a glob excludes it; in any case."""
        name = model.casefold()
        return any(skip.id.casefold() == name for skip in self.skip) or any(
            fnmatchcase(name, glob.casefold()) for glob in self.exclude
        )

    @property
    def has_exceptions(self) -> bool:
        """Whether a model could be left out."""
        return bool(self.exclude or self.skip)


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """Upper bounds; None is no bound.

    Attributes:
        total_usd: Of all draws of the study and of those that share its budget.
        per_model_usd: Of one model in this study.
        shared_with: The study whose `total_usd` counts for this one too; None for a budget of its own.
    """

    total_usd: Usd | None = None
    per_model_usd: Usd | None = None
    shared_with: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Study:
    """One prompt put to many models at set settings.

    Attributes:
        source: A citation or an address.
        provider: The endpoint's own object on the choice of providers, as it is sent.
        request: Further fields of each request, as they are sent.
    """

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
    method: Method = field(default_factory=Method)
    provider: Mapping[str, object] = field(default_factory=dict)
    request: Mapping[str, object] = field(default_factory=dict)

    def __repr__(self) -> str:
        """Its name and size: all of its fields fill a screen and more."""
        asked = f"{self.prompt.n_outcomes} outcomes, {self.sampling.draws} draws a model"
        return f"<{self.kind} study {self.id!r}: {asked}>"

    @property
    def is_coin(self) -> bool:
        """Whether each answer is one draw of two outcomes."""
        return self.prompt.n_outcomes == 2 and self.sampling.per_answer == 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Feature:
    """One thing known of a model besides its flips: a row of `features.csv`.

    Attributes:
        model: `author/slug`, maybe with a variant.
        feature: A name of `domain.features.FEATURES`.
        value: As text; empty where it is unknown.
        source: One of `domain.features.SOURCES`; empty where the value is, unless a person says that it is
            unknown.
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

    def share_usd(self, total_usd: Usd) -> Usd:
        """An equal share of a budget: all shares together are the whole."""
        return total_usd / self.of


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
