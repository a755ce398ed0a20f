"""A model's features in words: the lines of its page, the leaderboard's filters, the marks in its row."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from flipsite.domain.features import FEATURES
from flipsite.domain.study import Feature

_WORDS: Mapping[tuple[str, str], str] = {
    ("tuning", "instruct"): "following instructions",
    ("tuning", "roleplay"): "role-playing",
    ("tuning", "base"): "nothing: a base model",
    ("tuning", "other"): "something else",
    ("architecture", "moe"): "mixture of experts",
}
"""Values that do not speak for themselves."""

_GROUPS: Mapping[str, str] = {
    "tuning": "Tuned for",
    "reasoning": "Reasons by default",
    "architecture": "Architecture",
    "open_weights": "Open weights",
    "size": "Size",
}
"""The leaderboard's filters, in order; the many other features would leave groups of one."""

_SIZES = ((10, "under 10 billion"), (40, "10 to 40 billion"), (100, "40 to 100 billion"))
_LARGEST = "100 billion and more"

_MARKED = frozenset({"roleplay", "coding", "translation", "search", "vision", "base"})
"""Tunings worth a mark in the row; most models are tuned to follow instructions."""

_SOURCES: Mapping[str, str] = {
    "article": "the article",
    "catalogue": "the provider’s catalogue",
    "classifier": "a language model that was asked",
    "curated": "looked up by hand",
    "name": "the model’s name",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Trait:
    """One thing a model is, among those the leaderboard filters by.

    Attributes:
        feature: Its key in the address, such as `tuning`.
        value: Likewise, such as `roleplay`.
        text: For people.
        mark: The text in the row; empty where it is not worth the ink.
    """

    feature: str
    value: str
    text: str
    mark: str = ""

    @property
    def key(self) -> str:
        """The filter as the address holds it: `tuning=roleplay`."""
        return f"{self.feature}={self.value}"


Filters = tuple[tuple[str, tuple[tuple[Trait, int], ...]], ...]
"""By the label of a group, each trait with the number of models that have it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FeatureLine:
    """One feature on a model's page.

    Attributes:
        label: Its name.
        text: Its value with its unit; None where it is unknown.
        source: The source; empty where there is none.
        confidence: How sure that is, in [0, 1]; None where the value is unknown.
        note: Why.
        key: Of the trait that the leaderboard filters by; empty where there is none.
    """

    label: str
    text: str | None
    source: str
    confidence: float | None
    note: str
    key: str


ROLEPLAY = Trait(feature="tuning", value="roleplay", text="role-playing", mark="role-playing")


def traits(features: Iterable[Feature]) -> tuple[Trait, ...]:
    """The traits among a model's features, in the order of the filters."""
    found = [trait for feature in features if feature.value and (trait := _trait(feature))]
    return tuple(sorted(found, key=lambda trait: list(_GROUPS).index(trait.feature)))


def facts(features: Iterable[Feature]) -> dict[str, float | str]:
    """A model's known features by name: numbers as numbers, a date or a word as it is."""
    return {
        each.feature: float(each.value) if FEATURES[each.feature].kind == "number" else each.value
        for each in features
        if each.value
    }


def filters(rows: Sequence[Sequence[Trait]]) -> Filters:
    """List a leaderboard's filters, from the features of its models."""
    counts = Counter(trait for row in rows for trait in row)
    groups = []
    for feature, label in _GROUPS.items():
        of_group = [(trait, n) for trait, n in counts.items() if trait.feature == feature]
        if of_group:
            groups.append((label, tuple(sorted(of_group, key=lambda pair: _order(pair[0])))))
    return tuple(groups)


def feature_lines(features: Iterable[Feature]) -> tuple[FeatureLine, ...]:
    """A model's features in the order they come in, the unknown ones last."""
    lines = [_line(feature) for feature in features]
    return tuple(sorted(lines, key=lambda line: line.text is None))


def _trait(feature: Feature) -> Trait | None:
    if feature.feature == "parameters_total_b":
        return Trait(feature="size", value=_size(float(feature.value)), text=_size(float(feature.value)))
    if feature.feature not in _GROUPS:
        return None
    text = _text(feature)
    mark = ""
    if feature.feature == "tuning" and feature.value in _MARKED:
        mark = "base model" if feature.value == "base" else text
    elif (feature.feature, feature.value) == ("reasoning", "yes"):
        mark = "reasoning"
    return Trait(feature=feature.feature, value=feature.value, text=text, mark=mark)


def _size(billions: float) -> str:
    return next((text for below, text in _SIZES if billions < below), _LARGEST)


def _order(trait: Trait) -> int:
    if trait.feature == "size":
        return [*(text for _, text in _SIZES), _LARGEST].index(trait.value)
    return FEATURES[trait.feature].choices.index(trait.value)


def _text(feature: Feature) -> str:
    return _WORDS.get((feature.feature, feature.value), feature.value)


def _line(feature: Feature) -> FeatureLine:
    spec = FEATURES[feature.feature]
    text, trait = _text(feature), _trait(feature) if feature.value else None
    if spec.kind == "number" and feature.value:
        text = f"{float(feature.value):,.15g} {spec.unit}"
    return FeatureLine(
        label=spec.label,
        text=text or None,
        source=_SOURCES.get(feature.source, feature.source),
        confidence=feature.confidence,
        note=feature.note,
        key=trait.key if trait else "",
    )
