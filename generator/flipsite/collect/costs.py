"""Forecasts: what a draw may cost at most, and what a model's draws will cost about.

Providers count tokens with tokenisers of their own, so that tokens are bounded here, not counted.
"""

import math
from dataclasses import dataclass
from typing import Literal

from flipsite.collect.prompt import question
from flipsite.domain.catalogue import Model
from flipsite.domain.money import NOTHING, Usd
from flipsite.domain.study import Budget, Study

Mode = Literal["text", "structured"]


TEXT_BOUND = 1_024
"""Tokens that are generous for a flip of a model that does not reason."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CostEstimate:
    """The cost of a study's draws of one model, before any is asked.

    Attributes:
        n_draws: Draws asked.
        prompt_tokens: About, of one draw.
        completion_tokens: About, of one draw, reasoning included.
        max_tokens: What the completion is bounded to when it is asked.
        expected_usd: All draws, at the tokens above.
        worst_usd: All draws, each at its worst case.
        draw_worst_usd: One draw's worst case: what is reserved before it is asked.
    """

    n_draws: int
    prompt_tokens: int
    completion_tokens: int
    max_tokens: int
    expected_usd: Usd
    worst_usd: Usd
    draw_worst_usd: Usd


def estimate(
    model: Model, study: Study, *, prompt_tokens: int | None = None, completion_tokens: int | None = None
) -> CostEstimate:
    """Estimate what a study's draws of one model cost; a model without a price costs nothing.

    Args:
        model: With its prices.
        study: Its prompt, draws, bounds and budget.
        prompt_tokens: Of one draw, where it is known from answers; otherwise by rule of thumb.
        completion_tokens: Of one draw, where it is known; otherwise what its kind of model is used to say.
    """
    text = longest_text(study)
    bound = completion_bound(model, study)
    prompt = about_tokens(text) if prompt_tokens is None else prompt_tokens
    completion = _usual_completion(model, study) if completion_tokens is None else completion_tokens
    completion = min(completion, bound)
    worst = worst_case_usd(model, text=text, max_tokens=bound)
    n_draws = study.sampling.draws
    return CostEstimate(
        n_draws=n_draws,
        prompt_tokens=prompt,
        completion_tokens=completion,
        max_tokens=bound,
        expected_usd=n_draws * tokens_usd(model, prompt, completion),
        worst_usd=n_draws * worst,
        draw_worst_usd=worst,
    )


def worst_case_usd(model: Model, *, text: str, max_tokens: int) -> Usd:
    """The most one draw costs by the announced prices: what the budget sets aside for it.

    A model that does not advertise a bound for its completion is taken to ignore ours.
    """
    completion = max_tokens if honours_bound(model) else max(max_tokens, _own_bound(model))
    return tokens_usd(model, most_tokens(text), completion + _OVERRUN_TOKENS)


def tokens_usd(model: Model, prompt_tokens: int, completion_tokens: int) -> Usd:
    """One request's price; a search is charged to the models that search by themselves."""
    if model.price is None:
        return NOTHING
    searches = any(word in model.id for word in ("perplexity/", "search", "online"))
    return (
        prompt_tokens * model.price.prompt_usd
        + completion_tokens * _completion_usd(model)
        + model.price.request_usd
        + (model.price.web_search_usd if searches else NOTHING)
    )


def completion_bound(model: Model, study: Study) -> int:
    """The value of `max_tokens`: the study's, or a generous one within the model’s bounds and budget."""
    wanted = study.sampling.max_tokens
    usual = TEXT_BOUND + 2 * answer_tokens(study)
    return bound_of(model, text=longest_text(study), budget=study.budget, wanted=wanted, usual=usual)


def bound_of(
    model: Model, *, text: str, budget: Budget, wanted: float | None = None, usual: int = TEXT_BOUND
) -> int:
    """A bound on the completion of any prompt.

    Args:
        model: With its own bounds and prices.
        text: The prompt.
        budget: Of which one worst case is to be a small share.
        wanted: Tokens; None for a generous bound.
        usual: What is generous for a model that does not reason.
    """
    if wanted is None:
        wanted = _REASONING_BOUND if model.reasoning else usual
        if not _completion_usd(model):
            wanted = max(wanted, _FREE_BOUND)
        wanted = min(wanted, max(usual, _affordable_tokens(model, text, budget)))
    room = (model.context_length or math.inf) - most_tokens(text)
    bounds = [wanted, model.max_completion_tokens or math.inf]
    if room >= LEAST_BOUND:
        bounds.append(room)
    return max(LEAST_BOUND, int(min(bounds)))


def answer_tokens(study: Study) -> int:
    """Tokens that a list of an answer's draws takes, a label's two bytes each at most, and its separator."""
    count = study.sampling.per_answer
    longest = max(len(label.encode()) for label in (*study.prompt.outcomes, "000000"))
    return count * (math.ceil(longest / 2) + 1) if count > 1 else 0


def answer_mode(model: Model, study: Study) -> Mode:
    """How the answer is asked for: `auto` is structured where the model advertises it.

    A method other than the direct one needs room to work in, which a schema of the outcome leaves none.
    """
    if study.method.kind != "direct":
        return "text"
    if study.sampling.answer == "auto":
        return "structured" if supports_structure(model) else "text"
    return study.sampling.answer


def supports_structure(model: Model) -> bool:
    """Whether it takes a JSON schema together with the `max_tokens` that every request carries."""
    return {"structured_outputs", "max_tokens"} <= set(model.parameters)


def honours_bound(model: Model) -> bool:
    """Whether `max_tokens` binds it; a model that advertises no parameters at all is taken at its word."""
    return not model.parameters or not {"max_tokens", "max_completion_tokens"}.isdisjoint(model.parameters)


def about_tokens(text: str) -> int:
    """Tokens of a prompt by rule of thumb: four bytes of English each, and the chat template's few."""
    return math.ceil(len(text.encode()) / 4) + 8


def most_tokens(text: str) -> int:
    """A bound on a prompt's tokens.

    Two bytes a token is half what tokenisers need for prose; the rest is room for what providers put before
    ours (one was seen to bill 687 tokens for a short question).
    """
    return math.ceil(len(text.encode()) / 2) + 1_000


def longest_text(study: Study) -> str:
    """The prompt of a first draw; all draws of a study are as long."""
    per_answer, method = study.sampling.per_answer, study.method
    return question(study.prompt, 0, model="", seed=0, per_answer=per_answer, method=method).text


LEAST_BOUND = 16
"""Some providers refuse a smaller `max_tokens`."""

_REASONING_BOUND = 16_384
_FREE_BOUND = 8_192
"""Room to think where tokens cost nothing: a local server does not say whether its model reasons."""

_BUDGET_SHARE = 10
"""One draw's worst case is at most the budget's tenth, so that the budget's end is not all reserve."""

_OVERRUN_TOKENS = 32
_UNKNOWN_BOUND = 131_072
_USUAL_TEXT = 120
_USUAL_STRUCTURED = 12
_USUAL_REASONING = 600


def _usual_completion(model: Model, study: Study) -> int:
    if model.reasoning and model.reasoning_default is not False:
        return _USUAL_REASONING
    words = _USUAL_STRUCTURED if answer_mode(model, study) == "structured" else _USUAL_TEXT
    return words + answer_tokens(study)


def _affordable_tokens(model: Model, text: str, budget: Budget) -> float:
    """Completion tokens for which one draw's worst case stays within its share of the budget."""
    bound = budget.total_usd if budget.per_model_usd is None else budget.per_model_usd
    each = _completion_usd(model)
    if bound is None or not each:
        return _REASONING_BOUND
    fixed = worst_case_usd(model, text=text, max_tokens=0) if honours_bound(model) else NOTHING
    return (bound / _BUDGET_SHARE - fixed) / each


def _own_bound(model: Model) -> int:
    return model.max_completion_tokens or model.context_length or _UNKNOWN_BOUND


def _completion_usd(model: Model) -> Usd:
    price = model.price
    return max(price.completion_usd, price.reasoning_usd or NOTHING) if price else NOTHING
