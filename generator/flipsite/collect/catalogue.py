"""The catalogue: which models an endpoint offers, at what price, on what day; kept with the study.

It comes over the wire hostile, incomplete and in the formats of several years, and becomes records at once.
A field that is not understood counts as missing; only a name or a price that cannot be true is a fault.
"""

import json
import math
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import asdict, dataclass, fields
from datetime import UTC, datetime
from typing import Annotated, Any
from urllib.parse import urlsplit

from pydantic import (
    AliasChoices,
    AliasPath,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainValidator,
    ValidationError,
)

from flipsite.domain.catalogue import Model, Price
from flipsite.domain.money import NOTHING, Usd, plain, usd
from flipsite.domain.study import Skip
from flipsite.errors import CollectError, StoreError
from flipsite.project import CATALOGUE_FILE

ROUTED = usd(-1)
"""The catalogue's price of a router, which costs whatever the model it picks costs."""


def read_entry(entry: object) -> Model | Skip:
    """One entry of a catalogue as a model, or why it is none.

    Args:
        entry: JSON as parsed; any value at all.
    """
    try:
        return _model(_Entry.model_validate({"id": entry} if isinstance(entry, str) else entry))
    except ValidationError as error:
        fault = error.errors()[0]
        where = ".".join(str(step) for step in fault["loc"]) or "entry"
        what = str(fault["ctx"]["error"]) if fault["type"] == "value_error" else "is not what it should be"
        return Skip(id=_shown_id(entry), reason=f"the catalogue's {where} {what}")


_ID_LENGTH = 200
_TEXT_LENGTH = 300
_MOST_WORDS = 200
_MOST_USD = {"token": 1.0, "request": 100.0}
"""Above these a price is a slip of the catalogue's: the dearest token ever listed cost $0.0006."""


def _id(value: Any) -> str:
    """Any name a server gives, a file's path among them; pages and folders see to what they need of it."""
    if not _is_name(value):
        raise ValueError("is no model's name")
    return str(value)


def _is_name(value: Any) -> bool:
    return (
        isinstance(value, str) and 0 < len(value.strip()) == len(value) <= _ID_LENGTH and value.isprintable()
    )


def _price(value: Any, most: float) -> Usd | None:
    if value is None or value == "":
        return None
    try:
        number = math.nan if isinstance(value, bool) else float(value)
    except (TypeError, ValueError, OverflowError):
        number = math.nan
    if number != -1 and not 0 <= number <= most:  # NaN is not in between either
        raise ValueError(f"is no price ({_shown(value)})")
    return usd(number)


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


_PerToken = Annotated[Usd | None, PlainValidator(lambda value: _price(value, _MOST_USD["token"]))]
_PerRequest = Annotated[Usd | None, PlainValidator(lambda value: _price(value, _MOST_USD["request"]))]
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
    supported_efforts: _Words = ()


class _Entry(_Wire):
    id: Annotated[str, BeforeValidator(_id)]
    canonical_slug: _Text = None
    name: _Text = None
    created: Annotated[str | None, BeforeValidator(_instant)] = None
    owned_by: _Text = None
    context_length: Annotated[int | None, BeforeValidator(_count)] = Field(
        None,
        validation_alias=AliasChoices(
            "context_length",
            "max_model_len",
            "loaded_context_length",
            "max_context_length",
            AliasPath("meta", "n_ctx"),
        ),
    )
    max_completion_tokens: _Count = Field(
        None, validation_alias=AliasPath("top_provider", "max_completion_tokens")
    )
    architecture: Annotated[_Architecture, BeforeValidator(_table)] = _Architecture()
    pricing: Annotated[_Pricing, BeforeValidator(_table)] = _Pricing()
    supported_parameters: _Words = ()
    reasoning: Annotated[_Reasoning | None, BeforeValidator(lambda value: _table(value) or None)] = None
    hugging_face_id: _Text = None
    expiration_date: Annotated[str | None, BeforeValidator(_day)] = None


_SERVERS = frozenset({"llamacpp", "vllm", "sglang", "library", "organization_owner"})
"""Signatures of llama.cpp, vLLM, SGLang, Ollama and LM Studio: their `created` is no release date."""

_LITELLM_CREATED = "2023-02-28"
"""The date that LiteLLM gives every model; none of its models is so old."""

_LONG_PROMPT_TOKENS = 10_000
"""Overrides for prompts from here on are none of ours."""


def _model(entry: _Entry) -> Model:
    pricing, architecture, reasoning = entry.pricing, entry.architecture, entry.reasoning
    routed = ROUTED in (pricing.prompt, pricing.completion, pricing.request)
    return Model(
        id=entry.id,
        canonical=entry.canonical_slug,
        name=entry.name,
        created=None if entry.owned_by in _SERVERS or entry.created == _LITELLM_CREATED else entry.created,
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
        efforts=reasoning.supported_efforts if reasoning else (),
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
        prompt_usd=max([pricing.prompt, *(override.prompt or NOTHING for override in ours)]),
        completion_usd=max([pricing.completion, *(override.completion or NOTHING for override in ours)]),
        request_usd=max(pricing.request or NOTHING, NOTHING),
        reasoning_usd=None
        if pricing.internal_reasoning in (None, ROUTED, NOTHING)
        else pricing.internal_reasoning,
        web_search_usd=max(pricing.web_search or NOTHING, NOTHING),
    )


def _shown(value: object) -> str:
    return ascii(value)[:40]


def _shown_id(entry: object) -> str:
    name = entry.get("id") if isinstance(entry, dict) else entry
    return str(name) if _is_name(name) else _shown(name)


MOST_PAGES, MOST_ENTRIES = 250, 250_000
"""A catalogue that goes on beyond these does not end."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Catalogue:
    """An endpoint's offer on one day.

    Attributes:
        fetched: The day, ISO 8601.
        models: In order of name; no two have the same.
        faulty: Entries that are no model, each with its reason.
    """

    fetched: str
    models: tuple[Model, ...]
    faulty: tuple[Skip, ...] = ()


async def fetch_catalogue(get: Callable[[str], Awaitable[object]], *, today: str) -> Catalogue:
    """Ask an endpoint for its models, page by page.

    Args:
        get: Gets a path such as `/models?offset=500` below the endpoint's base and returns the JSON body.
        today: ISO 8601.

    Raises:
        CollectError: If the answer is no list of models, or the list does not end.
    """
    read: list[Model | Skip] = []
    query, seen = "", {""}
    for _ in range(MOST_PAGES):
        page, query = read_page(await get(f"/models?{query}" if query else "/models"))
        if len(read) + len(page) > MOST_ENTRIES:
            break
        read += map(read_entry, page)
        if query in seen:
            return _catalogue(read, fetched=today)
        seen.add(query)
    raise CollectError(
        f"/models: the list is longer than {MOST_PAGES} pages or {MOST_ENTRIES:,} models; "
        "name another --api-base, or have its catalogue fixed."
    )


def read_page(body: object) -> tuple[list[object], str]:
    """The entries of one answer, and the query that asks for the next page or an empty text.

    Only the query of the next page's link is used: a link cannot lead us to another host.

    Raises:
        CollectError: If the answer is neither a list nor holds one as `data` or `models`.
    """
    following: object = None
    if isinstance(body, dict):
        links = body.get("links")
        following = links.get("next") if isinstance(links, dict) else None
        body = body.get("data", _named(body.get("models")))
    if not isinstance(body, list):
        raise CollectError(
            "/models: the answer is no list of models; check --api-base, which ends before /models."
        )
    try:
        return body, urlsplit(following).query if isinstance(following, str) else ""
    except ValueError:
        return body, ""


def _named(entries: object) -> object:
    """The entries of a list under `models`, where a name may take the place of the id."""
    if not isinstance(entries, list):
        return entries
    return [
        {"id": entry.get("model") or entry.get("name"), **entry} if isinstance(entry, dict) else entry
        for entry in entries
    ]


def catalogue(entries: Iterable[object], *, fetched: str) -> Catalogue:
    """Entries as they came, sorted; of entries with one name the first counts."""
    return _catalogue(map(read_entry, entries), fetched=fetched)


def _catalogue(entries: Iterable[Model | Skip], *, fetched: str) -> Catalogue:
    models: dict[str, Model] = {}
    faulty: list[Skip] = []
    for read in entries:
        if isinstance(read, Skip):
            faulty.append(read)
        elif read.id in models:
            faulty.append(Skip(id=read.id, reason="listed twice; the first entry counts"))
        else:
            models[read.id] = read
    return Catalogue(
        fetched=fetched,
        models=tuple(models[name] for name in sorted(models)),
        faulty=tuple(sorted(faulty, key=lambda skip: (skip.id, skip.reason))),
    )


FORMAT = 1
"""Of `catalogue.json`."""


def dump_catalogue(offered: Catalogue) -> str:
    """`catalogue.json`: our own few fields of each model, the same bytes for the same catalogue."""
    record = {
        "format": FORMAT,
        "fetched": offered.fetched,
        "models": [_slim(model) for model in offered.models],
        "faulty": [asdict(skip) for skip in offered.faulty],
    }
    lines = ",\n".join(f"{json.dumps(key)}: {_lines(value)}" for key, value in record.items())
    return f"{{\n{lines}\n}}\n"


def load_catalogue(text: str | bytes, *, name: str = CATALOGUE_FILE) -> Catalogue:
    """Read `catalogue.json` back.

    Args:
        text: The file's, decoded or not.
        name: The file's path, for the error.

    Raises:
        StoreError: If it is damaged or of a later format.
    """
    try:
        record = json.loads(text)
        if record["format"] != FORMAT:
            raise StoreError(
                f"{name}: format {record['format']!r} is not known here; install a newer flipsite."
            )
        return Catalogue(
            fetched=str(record["fetched"]),
            models=tuple(_full(slim) for slim in record["models"]),
            faulty=tuple(Skip(**skip) for skip in record["faulty"]),
        )
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise StoreError(
            f"{name}: damaged ({error}); delete it, and `flipsite collect` writes it anew."
        ) from error


def _lines(value: object) -> str:
    """JSON with a line for each entry of a list: a changed price is a changed line."""
    if not isinstance(value, list) or not value:
        return json.dumps(value)
    return "[\n" + ",\n".join(json.dumps(entry, ensure_ascii=False) for entry in value) + "\n]"


_DEFAULTS = {spec.name: spec.default for spec in fields(Model)}


def _slim(model: Model) -> dict[str, Any]:
    """A model without what it does not say."""
    said = {key: getattr(model, key) for key, default in _DEFAULTS.items() if getattr(model, key) != default}
    return {key: plain(asdict(value) if isinstance(value, Price) else value) for key, value in said.items()}


def _full(slim: dict[str, Any]) -> Model:
    values: dict[str, Any] = {
        key: tuple(value) if isinstance(value, list) else value for key, value in slim.items()
    }
    if "price" in values:
        prices: dict[str, Any] = {
            key: each if each is None else usd(each) for key, each in values["price"].items()
        }
        values["price"] = Price(**prices)
    return Model(**values)
