"""The catalogue as it comes over the wire: hostile, incomplete, of several years; turned into nouns at once.

What is not understood is as if it were missing; only a name or a price that cannot be true is a fault.
"""

import math
import re
from datetime import UTC, datetime
from typing import Annotated, Any

from pydantic import AliasPath, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from flipsite.domain.catalogue import Model, Price
from flipsite.domain.study import Skip

ROUTED = -1.0
"""What the catalogue prices a router at: the price is that of the model it picks."""


def read_entry(entry: object) -> Model | Skip:
    """One entry of a catalogue as a model, or why it is none.

    Args:
        entry: JSON as parsed; any value at all.
    """
    try:
        return _model(_Entry.model_validate(entry))
    except ValidationError as error:
        fault = error.errors()[0]
        where = ".".join(str(step) for step in fault["loc"]) or "entry"
        what = str(fault["ctx"]["error"]) if fault["type"] == "value_error" else "is not what it should be"
        return Skip(id=_shown_id(entry), reason=f"the catalogue's {where} {what}")


_ID = re.compile(r"~?[A-Za-z0-9][A-Za-z0-9._@+-]*(/[A-Za-z0-9][A-Za-z0-9._@+-]*)*(:[A-Za-z0-9._-]+)?")
_ID_LENGTH = 200
_TEXT_LENGTH = 300
_MOST_WORDS = 200
_MOST_USD = {"token": 1.0, "request": 100.0}
"""Above these a price is a slip of the catalogue's: the dearest token ever listed cost $0.0006."""


def _id(value: Any) -> str:
    if not isinstance(value, str) or not _ID.fullmatch(value) or len(value) > _ID_LENGTH or ".." in value:
        raise ValueError("is no model's name")
    return value


def _price(value: Any, most: float) -> float | None:
    if value is None or value == "":
        return None
    try:
        usd = math.nan if isinstance(value, bool) else float(value)
    except (TypeError, ValueError, OverflowError):
        usd = math.nan
    if usd == ROUTED:
        return usd
    if not 0 <= usd <= most:  # NaN is not in between either
        raise ValueError(f"is no price: {_shown(value)}")
    return usd


def _text(value: Any) -> str | None:
    if not isinstance(value, str):
        return None
    cut = value.strip()[:_TEXT_LENGTH]
    return "".join(sign if sign.isprintable() else " " for sign in cut).strip() or None


def _words(value: Any) -> tuple[str, ...]:
    if not isinstance(value, list):
        return ()
    return tuple(sorted({text for word in value[:_MOST_WORDS] if (text := _text(word))}))


def _count(value: Any) -> int | None:
    return value if type(value) is int and 0 < value < 10**12 else None


def _flag(value: Any) -> bool | None:
    return value if isinstance(value, bool) else None


def _instant(value: Any) -> str | None:
    if type(value) not in (int, float) or not 0 < value < 10**10:
        return None
    return datetime.fromtimestamp(int(value), tz=UTC).date().isoformat()


def _day(value: Any) -> str | None:
    try:
        return datetime.fromisoformat(value).date().isoformat()
    except (TypeError, ValueError):
        return None


def _list(value: Any) -> Any:
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def _table(value: Any) -> Any:
    return value if isinstance(value, dict) else {}


_PerToken = Annotated[float | None, BeforeValidator(lambda value: _price(value, _MOST_USD["token"]))]
_PerRequest = Annotated[float | None, BeforeValidator(lambda value: _price(value, _MOST_USD["request"]))]
_Text = Annotated[str | None, BeforeValidator(_text)]
_Words = Annotated[tuple[str, ...], BeforeValidator(_words)]
_Count = Annotated[int | None, BeforeValidator(_count)]
_Flag = Annotated[bool | None, BeforeValidator(_flag)]


class _Wire(BaseModel):
    model_config = ConfigDict(defer_build=True, extra="ignore", frozen=True)


class _Override(_Wire):
    min_prompt_tokens: _Count = None
    prompt: _PerToken = None
    completion: _PerToken = None


class _Pricing(_Wire):
    prompt: _PerToken = None
    completion: _PerToken = None
    request: _PerRequest = None
    internal_reasoning: _PerToken = None
    web_search: _PerRequest = None
    overrides: Annotated[list[_Override], BeforeValidator(_list)] = []


class _Architecture(_Wire):
    input_modalities: _Words = ()
    output_modalities: _Words = ()
    tokenizer: _Text = None
    instruct_type: _Text = None


class _Reasoning(_Wire):
    mandatory: _Flag = None
    default_enabled: _Flag = None


class _Entry(_Wire):
    id: Annotated[str, BeforeValidator(_id)]
    canonical_slug: _Text = None
    name: _Text = None
    created: Annotated[str | None, BeforeValidator(_instant)] = None
    context_length: _Count = None
    max_completion_tokens: _Count = Field(
        None, validation_alias=AliasPath("top_provider", "max_completion_tokens")
    )
    architecture: Annotated[_Architecture, BeforeValidator(_table)] = _Architecture()
    pricing: Annotated[_Pricing, BeforeValidator(_table)] = _Pricing()
    supported_parameters: _Words = ()
    reasoning: Annotated[_Reasoning | None, BeforeValidator(lambda value: _table(value) or None)] = None
    hugging_face_id: _Text = None
    expiration_date: Annotated[str | None, BeforeValidator(_day)] = None


_LONG_PROMPT_TOKENS = 10_000
"""Overrides for prompts from here on are none of ours."""


def _model(entry: _Entry) -> Model:
    pricing, architecture, reasoning = entry.pricing, entry.architecture, entry.reasoning
    routed = ROUTED in (pricing.prompt, pricing.completion, pricing.request)
    return Model(
        id=entry.id,
        canonical=entry.canonical_slug,
        name=entry.name,
        created=entry.created,
        context_length=entry.context_length,
        max_completion_tokens=entry.max_completion_tokens,
        inputs=architecture.input_modalities,
        outputs=architecture.output_modalities,
        parameters=entry.supported_parameters,
        price=None if routed else _prices(pricing),
        router=routed or (architecture.tokenizer == "Router" and not entry.id.startswith("~")),
        reasoning=reasoning is not None or "reasoning" in entry.supported_parameters,
        reasoning_mandatory=bool(reasoning and reasoning.mandatory),
        reasoning_default=reasoning.default_enabled if reasoning else None,
        hugging_face_id=entry.hugging_face_id,
        tokenizer=architecture.tokenizer,
        instruct_type=architecture.instruct_type,
        expires=entry.expiration_date,
    )


def _prices(pricing: _Pricing) -> Price | None:
    """The most that a short prompt is charged at any hour; None unless prompt and completion are priced."""
    if pricing.prompt is None or pricing.completion is None:
        return None
    ours = [
        override for override in pricing.overrides if (override.min_prompt_tokens or 0) < _LONG_PROMPT_TOKENS
    ]
    return Price(
        prompt_usd=max([pricing.prompt, *(override.prompt or 0.0 for override in ours)]),
        completion_usd=max([pricing.completion, *(override.completion or 0.0 for override in ours)]),
        request_usd=max(pricing.request or 0.0, 0.0),
        reasoning_usd=None
        if pricing.internal_reasoning in (None, ROUTED, 0.0)
        else pricing.internal_reasoning,
        web_search_usd=max(pricing.web_search or 0.0, 0.0),
    )


def _shown(value: object) -> str:
    return ascii(value)[:40]


def _shown_id(entry: object) -> str:
    name = entry.get("id") if isinstance(entry, dict) else entry
    return name if isinstance(name, str) and _ID.fullmatch(name) and len(name) < _ID_LENGTH else _shown(name)
