"""Features known without asking anybody: from a model's catalogue entry, its provider and its name.

Rules read sizes, experts, tuning, reasoning and dates from a name. A name is believed where it says something
(`70b`, `a22b`, `coder`) and never guessed from: that `midnight-rose` is a role-playing model is known to
people, and no name says so.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

from flipsite.domain.catalogue import Model
from flipsite.domain.study import Feature
from flipsite.domain.urls import author_of


def name_features(model: str) -> tuple[Feature, ...]:
    """Features that a model's name states.

    Args:
        model: `author/slug`, maybe with a variant. The author's name is not read: a firm called after codes
            does not make every model of its one for coding.

    Returns:
        At most one feature of each name, sorted by it; empty where the name says nothing.
    """
    slug, _, variant = model.rpartition("/")[2].lower().partition(":")
    words = re.split(r"[-_]", slug)
    found = [*_sizes(slug), *_tuning(words), *_reasoning([*words, variant]), *_released(slug)]
    return tuple(
        Feature(model=model, feature=feature, value=value, source="name", confidence=confidence, note=note)
        for feature, value, confidence, note in sorted(found)
    )


Found = tuple[str, str, float, str]
"""Feature, value, confidence, note."""

_EDGE = r"(?<![a-z0-9.]){}(?![a-z0-9])"
_ACTIVE = re.compile(_EDGE.format(r"a(\d+(?:\.\d+)?)b"))
_EFFECTIVE = re.compile(_EDGE.format(r"e(\d+(?:\.\d+)?)b"))
_EXPERTS = re.compile(_EDGE.format(r"(\d+)x(\d+(?:\.\d+)?)b"))
_ACTIVE_OF_EXPERTS = re.compile(_EDGE.format(r"(\d+(?:\.\d+)?)b-(\d+)e"))
_TOTAL = re.compile(_EDGE.format(r"(?:r(?=[\d.]+b))?(\d+(?:\.\d+)?)([mbt])"))
"""`r7b` is a size; `r1t` is a model made from R1, not one of a trillion."""
_BILLIONS = {"m": 1e-3, "b": 1.0, "t": 1e3}


def _sizes(slug: str) -> Iterator[Found]:
    active, effective, experts = _ACTIVE.search(slug), _EFFECTIVE.search(slug), _EXPERTS.search(slug)
    routed = _ACTIVE_OF_EXPERTS.search(slug)
    totals = {(_billions(match), match[0]) for match in _TOTAL.finditer(slug) if not routed}
    if len(totals) == 1:
        size, said = totals.pop()
        yield "parameters_total_b", size, 1.0, f"{said} in the name"
    elif experts and not totals:
        size = f"{int(experts[1]) * float(experts[2]):g}"
        yield "parameters_total_b", size, 0.7, f"{experts[0]} in the name: at most, for experts share layers"
    if of_all := active or routed:
        yield "parameters_active_b", f"{float(of_all[1]):g}", 1.0, f"{of_all[0]} in the name"
    elif effective:
        yield "parameters_active_b", f"{float(effective[1]):g}", 0.7, f"{effective[0]} in the name: effective"
    routing = experts or active or routed
    if routing or "moe" in slug.split("-"):
        yield "architecture", "moe", 1.0, f"{routing[0] if routing else 'moe'} in the name"


def _billions(match: re.Match[str]) -> str:
    return f"{float(match[1]) * _BILLIONS[match[2]]:g}"


_TUNINGS: tuple[tuple[str, re.Pattern[str]], ...] = (
    ("roleplay", re.compile(r"rp|rpr|roleplay")),
    ("coding", re.compile(r"code\w*|codestral|\w*coder|swe")),
    ("translation", re.compile(r"translat\w+|mt")),
    ("search", re.compile(r"search")),
    ("vision", re.compile(r"vl|vision|multimodal")),
    ("base", re.compile(r"base")),
    ("other", re.compile(r"guard|safeguard|safety|prover|image|audio")),
    ("instruct", re.compile(r"instruct|it|chat")),
)
"""The first that a word of the name matches counts: a coder with instructions is a coder."""


def _tuning(words: Iterable[str]) -> Iterator[Found]:
    said = [(tuning, word) for tuning, rule in _TUNINGS for word in words if rule.fullmatch(word)]
    if said:
        tuning, word = said[0]
        alone = len({tuning for tuning, _ in said}) == 1
        yield "tuning", tuning, 1.0 if alone else 0.9, f"{word} in the name"


_REASONING = re.compile(r"thinking|think|reasoning|reasoner")
_NEGATION = re.compile(r"non|no|not|without")


def _reasoning(words: list[str]) -> Iterator[Found]:
    for before, word in zip(["", *words], words, strict=False):
        if _REASONING.fullmatch(word):
            yield "reasoning", "no" if _NEGATION.fullmatch(before) else "yes", 1.0, f"{word} in the name"
            return
    if "r1" in words:
        yield "reasoning", "yes", 0.8, "r1 in the name: made from the reasoning model R1"


_DAY = re.compile(_EDGE.format(r"(20[2-3]\d)-?(0[1-9]|1[0-2])-?(0[1-9]|[12]\d|3[01])"))
_MONTH_YEAR = re.compile(_EDGE.format(r"(0[1-9]|1[0-2])-(20[2-3]\d)"))
_YEAR_MONTH = re.compile(_EDGE.format(r"(2[3-9])(0[1-9]|1[0-2])"))
"""`2411`; a day and month such as `0324` says no year, and is not read."""


def _released(slug: str) -> Iterator[Found]:
    if day := _DAY.search(slug):
        yield "released", f"{day[1]}-{day[2]}-{day[3]}", 0.9, f"{day[0]} in the name"
    elif month := _MONTH_YEAR.search(slug):
        yield "released", f"{month[2]}-{month[1]}", 0.9, f"{month[0]} in the name"
    elif month := _YEAR_MONTH.search(slug):
        yield "released", f"20{month[1]}-{month[2]}", 0.9, f"{month[0]} in the name"


def known_features(
    model: str, entry: Model | None, *, day: str, providers: Mapping[str, int]
) -> tuple[Feature, ...]:
    """Infer a model's features without asking anybody.

    Args:
        model: Its name.
        entry: Its entry in a catalogue, where it has one.
        day: The catalogue's, ISO 8601.
        providers: How many of its answers name which provider.
    """
    found = [*name_features(model), *(catalogue_features(entry, day=day, model=model) if entry else ())]
    if author := author_of(model):
        found.append(_sure(model, "author", author, "name", "before the slash"))
    if served := sorted(providers, key=lambda name: (-providers[name], name)):
        counts = ", ".join(f"{name} {providers[name]}" for name in served)
        found.append(
            _sure(model, "provider", ", ".join(served), "catalogue", f"as the answers say: {counts}")
        )
    return tuple(found)


def catalogue_features(entry: Model, *, day: str = "", model: str | None = None) -> tuple[Feature, ...]:
    """Read a catalogue entry's features, and those in the name of its open weights.

    Args:
        entry: The catalogue's.
        day: When it said so, ISO 8601, for what changes: price and context.
        model: The name the study knows it by; the entry's own where None.
    """
    model = model or entry.id
    found = [
        Feature(
            model=model,
            feature=feature,
            value=value,
            source="catalogue",
            confidence=confidence,
            note=note,
        )
        for feature, value, confidence, note in _said(entry, f"on {day}" if day else "")
    ]
    if entry.hugging_face_id:
        found += [
            replace(row, model=model, source="catalogue", note=f"{row.note} of its weights")
            for row in name_features(entry.hugging_face_id)
        ]
    return tuple(found)


def _sure(model: str, feature: str, value: str, source: str, note: str) -> Feature:
    return Feature(model=model, feature=feature, value=value, source=source, confidence=1.0, note=note)


def _said(model: Model, when: str) -> Iterator[tuple[str, str, float, str]]:
    if model.context_length:
        yield "context_length", str(model.context_length), 1.0, when
    if model.price:
        yield "price_completion", f"{1_000_000 * model.price.completion_usd:.6g}", 1.0, when
    if model.created:
        yield "released", model.created, 0.6, "the day it was added to the catalogue"
    if model.hugging_face_id:
        yield "open_weights", "yes", 1.0, f"weights at {model.hugging_face_id}"
    else:
        yield "open_weights", "no", 0.6, "the catalogue names no weights"
    yield from _reasons(model)
    if model.inputs and model.outputs:
        yield "modality", f"{'+'.join(model.inputs)}>{'+'.join(model.outputs)}", 1.0, ""
    if model.tokenizer and model.tokenizer not in {"Other", "Router"}:
        yield "tokenizer", model.tokenizer, 1.0, ""


def _reasons(model: Model) -> Iterator[tuple[str, str, float, str]]:
    """Whether it reasons by default: that it can does not mean that it does."""
    if model.reasoning_mandatory:
        yield "reasoning", "yes", 1.0, "the catalogue: it cannot be told not to"
    elif model.reasoning_default is not None:
        setting = "on" if model.reasoning_default else "off"
        yield "reasoning", "yes" if model.reasoning_default else "no", 0.9, f"{setting} by default"
    elif model.parameters and not model.reasoning:
        yield "reasoning", "no", 0.8, "the catalogue knows no reasoning of it"
