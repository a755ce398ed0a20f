"""Choice: which models of a catalogue a study asks, and the reason for each that it does not."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase

from flipsite.collect.costs import (
    CostEstimate,
    Mode,
    answer_mode,
    answer_tokens,
    estimate,
    supports_structure,
)
from flipsite.domain.catalogue import Model, Price
from flipsite.domain.display import usd_text
from flipsite.domain.study import Shard, StatedPrice, Study


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelSelection:
    """One model of the catalogue, taken or left.

    Attributes:
        model: The model.
        reason: Why it is left, in words; None if it is taken.
        mode: How its answers are asked for.
        estimate: What its draws would cost; None for a model whose price depends on what it picks.
        too_dear: Whether the budget is why it is left.
    """

    model: Model
    reason: str | None
    mode: Mode
    estimate: CostEstimate | None
    too_dear: bool = False

    @property
    def taken(self) -> bool:
        """Whether the study asks it."""
        return self.reason is None


def choose(
    models: Iterable[Model],
    study: Study,
    *,
    today: str,
    include_globs: Sequence[str] = (),
    skip_globs: Sequence[str] = (),
    shard: Shard | None = None,
) -> tuple[ModelSelection, ...]:
    """Decide on every model of a catalogue, in its order.

    Args:
        models: The catalogue's.
        study: Its skip list, globs, answer mode and budget.
        today: ISO 8601; models that expired before it are left.
        include_globs: Given for this run; they narrow the study's.
        skip_globs: Given for this run, on top of the study's.
        shard: Given for this run; models of others are left.
    """
    models = tuple(with_stated_price(model, study.models.price) for model in models)
    priced = any(model.price is not None for model in models)
    listed = {skip.id.casefold(): skip.reason for skip in study.models.skip}
    choices = []
    for model in models:
        cost = None if model.router else estimate(model, study)
        reason = (
            listed.get(model.id.casefold())
            or _left_by_glob(model, study, include_globs=include_globs, skip_globs=skip_globs)
            or _left_by_name(model, named=[*study.models.include, *include_globs], priced=priced)
            or _left_by_kind(model, study, today=today)
            or ("the catalogue names no price for it" if model.price is None and priced else None)
            or (f"not of shard {shard}" if shard and not shard.holds(model.id) else None)
        )
        dear = None if reason else _left_by_cost(study, cost)
        choices.append(
            ModelSelection(
                model=model,
                reason=reason or dear,
                mode=answer_mode(model, study),
                estimate=cost,
                too_dear=dear is not None,
            )
        )
    return tuple(choices)


def with_stated_price(model: Model, stated: Sequence[StatedPrice]) -> Model:
    """A model with the price that the study states, where the catalogue names none."""
    if model.price is not None or model.router:
        return model
    found = next((one for one in stated if matches(model, [one.id])), None)
    if found is None:
        return model
    price = Price(
        prompt_usd=found.prompt_usd_per_million / 1_000_000,
        completion_usd=found.completion_usd_per_million / 1_000_000,
    )
    return replace(model, price=price)


def matches(model: Model, globs: Iterable[str]) -> str | None:
    """The first of the shell globs that a model's name matches; case does not matter."""
    return next((glob for glob in globs if fnmatchcase(model.id.casefold(), glob.casefold())), None)


_NO_CHAT = re.compile(
    r"(^|[-_./])(guard|safeguard|moderation|embed|embedding|embeddings|rerank|reranker|whisper|tts|apply|morph|base)"
    r"($|[-_.:])",
    re.IGNORECASE,
)
"""Parts of the names of models that classify, embed, transcribe, edit or only continue text."""


def _left_by_glob(
    model: Model, study: Study, *, include_globs: Sequence[str], skip_globs: Sequence[str]
) -> str | None:
    if glob := matches(model, study.models.exclude):
        return f"excluded by the study ({glob})"
    if glob := matches(model, skip_globs):
        return f"excluded by --skip {glob}"
    if not matches(model, study.models.include):
        return "not included by the study"
    if include_globs and not matches(model, include_globs):
        return "not included by --models"
    return None


def _left_by_name(model: Model, *, named: Sequence[str], priced: bool) -> str | None:
    """Aliases and variants are asked only where a glob spells out what makes them one."""
    if model.id.startswith("~") and not matches(model, [glob for glob in named if glob.startswith("~")]):
        return "an alias of another model of the catalogue"
    _, colon, variant = model.id.rpartition(":")
    if "/" in variant or "\\" in variant:  # a path with a drive's letter
        return None
    # In a catalogue without prices, a local server's, what follows the colon is the model's size or build.
    if colon and priced and not matches(model, [glob for glob in named if ":" in glob]):
        return f"a variant (:{variant}); include it by name to ask it"
    return None


def _left_by_kind(model: Model, study: Study, *, today: str) -> str | None:
    slug = model.id.rpartition("/")[2]
    if model.router or slug in ("router", "auto"):
        return "a router: which model answers, and at what price, is its own choice"
    if model.instruct_type == "none" or _NO_CHAT.search(slug):
        return "not a chat model"
    if model.expires and model.expires < today:
        return f"expired on {model.expires}"
    if reason := _left_by_reasoning(model, study.sampling.reasoning):
        return reason
    if study.sampling.answer == "structured" and model.parameters and not supports_structure(model):
        return "does not support the structured answers the study asks for"
    return _left_by_length(model, study) or _left_by_medium(model)


def _left_by_length(model: Model, study: Study) -> str | None:
    longest, least = model.max_completion_tokens or model.context_length, answer_tokens(study)
    if longest is not None and longest < least:
        return f"answers with {longest:,} tokens at most; {study.sampling.per_answer:,} draws take {least:,}"
    return None


def _left_by_reasoning(model: Model, effort: str | None) -> str | None:
    """Why a model cannot be asked for an effort; one that advertises no parameters is taken to know it."""
    if effort is None or not model.parameters:
        return None
    if effort == "none":
        return "it cannot be told not to reason" if model.reasoning_mandatory else None
    if not model.reasoning and "reasoning_effort" not in model.parameters:
        return f"does not advertise reasoning, and the study asks for effort {effort}"
    if model.efforts and effort not in model.efforts:
        return f"does not take reasoning effort {effort}, but {', '.join(model.efforts)}"
    return None


def _left_by_medium(model: Model) -> str | None:
    """Text in, and nothing but text out: `max_tokens` bounds the price of no picture and no sound."""
    if model.inputs and "text" not in model.inputs:
        return f"does not read text, but {' and '.join(model.inputs)}"
    if model.outputs and model.outputs != ("text",):
        return f"answers with {' and '.join(model.outputs)}, not with text alone"
    return None


def _left_by_cost(study: Study, cost: CostEstimate | None) -> str | None:
    bounds = {"a model": study.budget.per_model_usd, "the study": study.budget.total_usd}
    for whose, bound in bounds.items():
        if cost is None or bound is None:
            continue
        if cost.expected_usd > bound:
            about = usd_text(cost.expected_usd)
            return f"its draws would cost about {about}, {whose} may cost {usd_text(bound)}"
        if cost.draw_worst_usd > bound:
            return f"one draw may cost {usd_text(cost.draw_worst_usd)}, {whose} may cost {usd_text(bound)}"
    return None
