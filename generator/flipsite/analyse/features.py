"""What is known of the models besides their flips: read from a catalogue, and joined without losing a word.

Two runs may say different things of one model. The surer one counts; where both are equally sure, the one
that stands first in `traits.SOURCES`. What a person wrote, `curated` or `article`, counts always.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from flipsite.analyse.name_features import name_features
from flipsite.dealings import Model
from flipsite.domain import Feature
from flipsite.traits import FEATURES, PROTECTED, SOURCES


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """A row that a run has added, `before` None, or replaced."""

    before: Feature | None
    after: Feature


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """A value that was found and not taken, because a person had written another one."""

    kept: Feature
    found: Feature


@dataclass(frozen=True, slots=True, kw_only=True)
class Joined:
    """Features after a run.

    Attributes:
        features: Sorted by model and feature, one row each.
        changed: What was added or replaced.
        refused: What would have changed a person's value.
    """

    features: tuple[Feature, ...]
    changed: tuple[Change, ...]
    refused: tuple[Refused, ...]


def joined(kept: Iterable[Feature], found: Iterable[Feature]) -> Joined:
    """Join what was kept with what a run has found.

    What the run has not found stays. The order of either argument does not matter.
    """
    rows = {(row.model, row.feature): row for row in kept}
    changed, refused = [], []
    for key, row in sorted(_surest(found).items()):
        held = rows.get(key)
        if held == row:
            continue
        if held and held.source in PROTECTED:
            if held.value != row.value:
                refused.append(Refused(kept=held, found=row))
        elif not held or not held.value or held.source == row.source or _rank(row) < _rank(held):
            rows[key] = row
            changed.append(Change(before=held, after=row))
    return Joined(
        features=tuple(rows[key] for key in sorted(rows)), changed=tuple(changed), refused=tuple(refused)
    )


def by_model(features: Iterable[Feature]) -> Mapping[str, tuple[Feature, ...]]:
    """Each model's features in the order of `traits.FEATURES`."""
    found: dict[str, list[Feature]] = {}
    order = list(FEATURES)
    for row in sorted(features, key=lambda row: (row.model, order.index(row.feature))):
        found.setdefault(row.model, []).append(row)
    return {model: tuple(rows) for model, rows in found.items()}


def catalogue_features(model: Model) -> tuple[Feature, ...]:
    """What a catalogue's entry says of its model, and what stands in the name of its open weights."""
    found = [
        Feature(
            model=model.id,
            feature=feature,
            value=value,
            source="catalogue",
            confidence=confidence,
            note=note,
        )
        for feature, value, confidence, note in _said(model)
    ]
    if model.hugging_face_id:
        found += [
            replace(row, model=model.id, source="catalogue", note=f"{row.note} of its weights")
            for row in name_features(model.hugging_face_id)
            if row.feature.startswith("parameters") or row.feature == "architecture"
        ]
    return tuple(found)


def _said(model: Model) -> Iterator[tuple[str, str, float, str]]:
    if model.context_length:
        yield "context_length", str(model.context_length), 1.0, ""
    if model.price:
        yield "price_completion", f"{model.price.completion_usd * 1e6:.6g}", 1.0, ""
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


def _surest(found: Iterable[Feature]) -> dict[tuple[str, str], Feature]:
    """Of what a run has found, the surest of each model and feature."""
    best: dict[tuple[str, str], Feature] = {}
    for row in sorted((row for row in found if row.value), key=lambda row: (_rank(row), row.value, row.note)):
        best.setdefault((row.model, row.feature), row)
    return best


def _rank(row: Feature) -> tuple[float, int]:
    """Lower is surer."""
    return -(row.confidence or 0.0), SOURCES.index(row.source)
