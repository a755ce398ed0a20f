"""What is known of a model without asking anybody: its catalogue's entry, its name, who served it."""

from collections.abc import Iterator, Mapping
from dataclasses import replace

from flipsite.analyse.name_features import name_features
from flipsite.domain.catalogue import Model
from flipsite.domain.study import Feature
from flipsite.domain.urls import author_of


def known_features(
    model: str, entry: Model | None, *, day: str, providers: Mapping[str, int]
) -> tuple[Feature, ...]:
    """What is known of a model without asking anybody.

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
        told = ", ".join(f"{name} {providers[name]}" for name in served)
        found.append(_sure(model, "provider", ", ".join(served), "catalogue", f"as the answers say: {told}"))
    return tuple(found)


def catalogue_features(entry: Model, *, day: str = "", model: str | None = None) -> tuple[Feature, ...]:
    """What a catalogue's entry says of its model, and what the name of its open weights states.

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
        yield "price_completion", f"{model.price.completion_usd * 1e6:.6g}", 1.0, when
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
    """Whether it reasons unless told otherwise; that it can, says nothing of whether it does."""
    if model.reasoning_mandatory:
        yield "reasoning", "yes", 1.0, "the catalogue: it cannot be told not to"
    elif model.reasoning_default is not None:
        told = "on" if model.reasoning_default else "off"
        yield "reasoning", "yes" if model.reasoning_default else "no", 0.9, f"{told} by default"
    elif model.parameters and not model.reasoning:
        yield "reasoning", "no", 0.8, "the catalogue knows no reasoning of it"
