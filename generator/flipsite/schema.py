"""The columns of every table: name, type, unit, meaning, and the range of values.

The data page prints it, `datapackage.json` publishes it, and `check` holds a table to it where it leaves the
analysis: a column with a wrong number is caught before anybody reads it.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from math import isfinite
from typing import Literal

from flipsite.domain.columns import Columns, each_distinct
from flipsite.domain.draws import OPTIONAL, STATUSES
from flipsite.domain.estimates import Dependence, Sway, Verdict
from flipsite.domain.study import Kind
from flipsite.errors import SchemaError

Type = Literal["string", "integer", "number", "datetime", "array", "boolean"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One column's promise.

    Attributes:
        name: In every format.
        type: `datetime` is UTC, ISO 8601, ending in Z.
        meaning: One sentence.
        unit: Of a number; empty for a share, a count or a text.
        low: Smallest value.
        high: Largest value.
        nullable: Whether it may be missing.
        values: All that a text may be; empty for any.
    """

    name: str
    type: Type
    meaning: str
    unit: str = ""
    low: float | None = None
    high: float | None = None
    nullable: bool = False
    values: tuple[str, ...] = ()


def _text(name: str, meaning: str, *, nullable: bool = False, values: Iterable[str] = ()) -> Column:
    return Column(name=name, type="string", meaning=meaning, nullable=nullable, values=tuple(values))


def _count(name: str, meaning: str, *, low: float = 0, high: float | None = None) -> Column:
    return Column(name=name, type="integer", meaning=meaning, low=low, high=high, nullable=True)


def _share(name: str, meaning: str, *, nullable: bool = True) -> Column:
    return Column(name=name, type="number", meaning=meaning, low=0, high=1, nullable=nullable)


def _number(name: str, meaning: str, *, low: float | None = None) -> Column:
    return Column(name=name, type="number", meaning=meaning, low=low, nullable=True)


def _dollars(name: str, meaning: str, *, nullable: bool = True) -> Column:
    return Column(name=name, type="number", unit="USD", meaning=meaning, low=0, nullable=nullable)


_MODEL = _text("model", "Endpoint name, author/slug, maybe with a variant such as :free.")

ESTIMATES: tuple[Column, ...] = (
    _MODEL,
    _text("author", "The part of the model’s name before its first slash; empty where there is none."),
    _text("kind", "Where the figures come from.", values=Kind),
    Column(name="outcomes", type="integer", meaning="How many outcomes the prompt offers.", low=2),
    _count("draws", "All draws asked; unknown for printed figures."),
    _count("valid", "Draws with an outcome; for printed figures known only where one count alone fits."),
    _count("ones", "Valid draws whose outcome is 1."),
    _share("mean", "Share of ones among valid draws."),
    _share("bias", "Distance of the mean from the target; the article’s definition where the target is 0.5."),
    _share("bias_low", "Low end of the 95 % interval of the bias."),
    _share("bias_high", "High end of the same interval."),
    _share(
        "bias_within",
        "Mean over both orders of the bias within each; of more than two outcomes, the larger of the biases "
        "over labels and over places. Missing where one order was asked.",
    ),
    _share("bias_within_low", "Low end of its 95 % interval."),
    _share("bias_within_high", "High end of the same interval."),
    _share("mean_low", "Low end of the 95 % Jeffreys interval of the share of ones."),
    _share("mean_high", "High end of the same interval."),
    _share("noise_floor", "Bias that a coin at the target shows on average at that number of valid draws."),
    _share(
        "noise_floor_within",
        "The same of the bias within orders; simulated for more than two outcomes. Missing where one order "
        "was asked.",
    ),
    _share("p_value", "Exact two-sided binomial test of the target; cautious for printed figures."),
    _share("q_value", "Benjamini-Hochberg over all models asked."),
    _text("verdict", "By the rules of the methods page.", values=Verdict),
    _text("sway", "What the model follows instead of chance: order or label.", nullable=True, values=Sway),
    _text(
        "dependence",
        "How its draws depend on each other, where that is shown: runs, drift, provider, day, or even (too "
        "evenly spread). Interval and p-value are then larger, but for even.",
        nullable=True,
        values=Dependence,
    ),
    Column(
        name="design_effect",
        type="number",
        meaning="By how much label pairs and dependence widen the variance of the shares; 1 for neither.",
        low=1,
        nullable=True,
    ),
    _count("rank", "By bias, within orders where two were asked, 1 the least; ties share a rank.", low=1),
    _count("rank_low", "Low end of the rank’s 95 % interval.", low=1),
    _count("rank_high", "High end of the same interval.", low=1),
    _share("bias_shrunken", "Posterior mean of the bias, given the draws of all models of the study."),
    _share("bias_shrunken_low", "Low end of its 95 % interval."),
    _share("bias_shrunken_high", "High end of the same interval."),
    _share("p_near", "Posterior probability that the bias is at most 0.1, given the draws of all models."),
    _count("rank_shrunken", "Median rank under the same posterior.", low=1),
    _text(
        "top",
        "The outcome drawn most often; missing where several of more than two were, or where labels change "
        "between draws.",
        nullable=True,
    ),
    _share("top_share", "Its share of the valid draws."),
    Column(
        name="effective",
        type="number",
        meaning="Unbiased effective number of outcomes; missing where no two draws agree.",
        low=1,
        nullable=True,
    ),
    Column(
        name="entropy_bits",
        type="number",
        unit="bit",
        meaning="Shannon entropy of a draw, corrected for the number of draws.",
        low=0,
        nullable=True,
    ),
    _share("off_list", "Share of answers that named what was not offered; missing where that is not known."),
    _dollars("cost_usd", "Billed, failed draws included."),
    _text("page", "The model’s page, relative to the site’s root."),
)

COUNTS: tuple[Column, ...] = (
    _MODEL,
    _text("label", "The outcome, as the study lists it."),
    _share("target", "Share that the prompt asks for.", nullable=False),
    _count("count", "Valid draws of this outcome."),
    _share("share", "Of the model’s valid draws."),
    _share("low", "Low end of the 95 % Jeffreys interval of the share."),
    _share("high", "High end of the same interval."),
    _share("p_value", "Exact two-sided binomial test of the target."),
    _share("q_value", "Benjamini-Hochberg over the outcomes of the model."),
)

SEQUENCES: tuple[Column, ...] = (
    _MODEL,
    _count("answers", "Answers asked for, of several draws each."),
    _count("valid", "Answers of exactly the draws asked for."),
    _count("per_answer", "Draws in one answer.", low=2),
    _share("length_kept", "Share of answers of exactly the draws asked for."),
    _share("bias", "Total variation of the shares of all draws from the target."),
    _share("p_value", "Of the bias, against answers of independent draws."),
    _number(
        "dispersion", "Spread of the counts from answer to answer about the target: 1 if independent.", low=0
    ),
    _number(
        "dispersion_own", "The same about the model’s own shares: below 1 where outcomes are rationed.", low=0
    ),
    _share("alternation", "Share of draws that differ from the one before them in the answer."),
    _share("alternation_expected", "That of independent draws.", nullable=False),
    _number("runs_z", "Runs given what each answer holds, in standard deviations from independent draws."),
    _share("runs_p", "Its two-sided p-value."),
    _number(
        "collision_bits",
        "Bits in an answer, from pairs of answers that are equal; a bound without any.",
        low=0,
    ),
    Column(name="collision_bits_expected", type="number", meaning="Those of independent draws.", low=0),
    _count("distinct_answers", "Different answers among the valid ones."),
    Column(name="places", type="array", meaning="At each place of an answer, the share of each outcome."),
)

METHODS: tuple[Column, ...] = (
    _MODEL,
    _text("study", "Id of the study of the family."),
    _text("method", "How a draw was asked for.", values=("direct", "seed", "rejection")),
    _number("temperature", "As sent; missing for the provider’s default.", low=0),
    _text("reasoning", "Effort as sent; missing for the provider’s default.", nullable=True),
    _count("draws", "All draws asked."),
    _count("valid", "Draws with an outcome; of proposals, the accepted ones."),
    _share("bias", "Total variation from the target."),
    _dollars("cost_usd", "Billed for all draws, failed ones included."),
    _dollars("usd_per_1000_valid", "Dollars for a thousand valid draws."),
    _share("within", "Total variation that the next price promises."),
    _dollars(
        "usd_per_1000_within",
        "Dollars for a thousand draws of the model’s own within it; missing where that is not shown.",
    ),
    _number("bits", "Fair bits of the model’s own in the valid draws, at the shares found.", low=0),
    _number("bits_low", "The same at the end of the interval farther from even.", low=0),
    _number("host_bits", "Bits that our labels, orders and proposals may have brought in.", low=0),
    _number("bits_per_usd", "Bits at that end for a dollar; missing where they are not claimed.", low=0),
    Column(name="claimed", type="boolean", meaning="Whether the bits may be claimed."),
    _text("why", "Why they may not; empty where they may."),
)

DRAWS: tuple[Column, ...] = (
    _text("study", "Id of the study."),
    _MODEL,
    Column(name="draw", type="integer", meaning="Index of the draw within its model, from 0.", low=0),
    _text("labels", "Labels of the outcomes, from outcome 0 on, a JSON list of texts.", nullable=True),
    _count("order", "Index of the label that the prompt names first.", high=999),
    _count("outcome", "Index of the label that was drawn; missing unless the status is valid.", high=999),
    _text(
        "sequence",
        "Indices of an answer’s draws, separated by blanks; outcome is then missing.",
        nullable=True,
    ),
    _text("status", "What became of the draw.", values=STATUSES),
    _text("response", "What the model said, without its reasoning; long answers are cut.", nullable=True),
    _text("finish_reason", "Why the model stopped, as the provider reports it.", nullable=True),
    _text("provider", "Who ran the model.", nullable=True),
    _text(
        "served_model",
        "The model that the answer names; absent from a study where all name the one that was asked.",
        nullable=True,
    ),
    _text("mode", "How the answer was asked for: text or structured.", nullable=True),
    _text(
        "p_labels",
        "Probability of each label where one was drawn, by the log-probabilities of the answer’s tokens, a "
        "JSON list; null for a label beyond the alternatives that came.",
        nullable=True,
    ),
    _share("p_cover", "Their sum: what it lacks of 1 went to other words, or is not known."),
    _count("proposed", "Outcome that we proposed, where the method is rejection."),
    _count("accepted", "Whether the model accepted it, 1 or 0.", high=1),
    _text("seed_text", "Random string that the model wrote, where the method is seed.", nullable=True),
    _count("prompt_tokens", "Tokens of the prompt."),
    _count("completion_tokens", "Tokens of the answer, reasoning included."),
    _count("reasoning_tokens", "Tokens of the reasoning."),
    _dollars("cost_usd", "Billed for this draw, all its requests together."),
    Column(
        name="latency_s",
        type="number",
        unit="s",
        meaning="From request to whole answer.",
        low=0,
        nullable=True,
    ),
    Column(name="asked_at", type="datetime", meaning="When it was asked, UTC.", nullable=True),
)

SPEND: tuple[Column, ...] = (
    _MODEL,
    Column(name="draws", type="integer", meaning="All draws, failed ones included.", low=0),
    Column(name="valid", type="integer", meaning="Draws with an outcome.", low=0),
    _dollars("cost_usd", "Billed for all draws; one of unknown price counts at its worst.", nullable=False),
    _dollars("cost_per_valid_usd", "Dollars for each valid draw; missing without one."),
    _share("share", "Of all dollars of the study.", nullable=False),
    _dollars("failed_usd", "What draws without an outcome cost.", nullable=False),
    _count("prompt_tokens", "Sum over the draws that report it."),
    _count("completion_tokens", "Sum over the draws that report it, reasoning included."),
    _count("reasoning_tokens", "Sum over the draws that report it."),
    _dollars("estimated_usd", "The cost of the draws as estimated by the catalogue’s prices."),
)

FEATURES: tuple[Column, ...] = (
    _MODEL,
    _text("feature", "Which property of the model."),
    _text("value", "Its value; empty where it is unknown."),
    _text("source", "Where it comes from: catalogue, name, classifier, curated or article."),
    _share("confidence", "How sure the source is."),
    _text("note", "What a reader should know of it.", nullable=True),
)

TABLES: Mapping[str, tuple[Column, ...]] = {
    "estimates": ESTIMATES,
    "counts": COUNTS,
    "sequences": SEQUENCES,
    "methods": METHODS,
    "draws": DRAWS,
    "spend": SPEND,
    "features": FEATURES,
}
"""By the name of the file that holds it."""


def draws_columns(optional: Collection[str]) -> tuple[Column, ...]:
    """The columns of draws that have these optional ones."""
    absent = set(OPTIONAL).difference(optional)
    return tuple(column for column in DRAWS if column.name not in absent)


def check(table: Columns, columns: Sequence[Column], *, name: str) -> None:
    """Hold a table to its promise.

    Args:
        table: Its values, by column.
        columns: What it promises.
        name: What to call it in an error.

    Raises:
        SchemaError: At the first value of a column that is not as promised: with the row, the column and
            the value.
    """
    names = [column.name for column in columns]
    if list(table) != names:
        raise SchemaError(f"{name}: columns are {list(table)}, expected {names}.")
    for column in columns:
        values = table[column.name]
        faults = each_distinct(values, partial(_fault, column))
        if any(faults):
            place = next(place for place, fault in enumerate(faults) if fault)
            raise SchemaError(
                f"{name}, row {place + 1}: {column.name} is {values[place]!r}; expected {faults[place]}."
            )


def _fault(column: Column, value: object) -> str:
    """The expected value, where this one is another."""
    if value is None:
        return "" if column.nullable else "a value"
    if column.type in ("string", "datetime"):
        if not isinstance(value, str):
            return "a text"
        return f"one of {', '.join(column.values)}" if column.values and value not in column.values else ""
    if column.type == "boolean":
        return "" if isinstance(value, bool) else "true or false"
    if column.type == "array":
        return "" if isinstance(value, (list, tuple)) else "a list"
    return _number_fault(value, column)


def _number_fault(value: object, column: Column) -> str:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return "a number"
    if column.type == "integer" and value != int(value):
        return "a whole number"
    inside = (column.low is None or value >= column.low) and (column.high is None or value <= column.high)
    return "" if isfinite(value) and inside else _range(column)


def _range(column: Column) -> str:
    low = "" if column.low is None else f" of at least {column.low:g}"
    high = "" if column.high is None else f"{' and' if low else ' of'} at most {column.high:g}"
    return f"a number{low}{high}"
