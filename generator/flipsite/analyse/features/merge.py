"""Join features of several sources without losing a value.

Two runs may say different things of one model. The surer one counts; where both are equally sure, the one
that comes first in `features.SOURCES`. What a person wrote, `curated` or `article`, counts always.

Several answers to one question become a value, as sure as they agree, or a doubt with its reason. No answer
is outvoted silently: an answer that says otherwise takes as much confidence away as one that agrees adds, and
the note repeats what it says.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from flipsite.domain.catalogue import FeatureClaim
from flipsite.domain.features import FEATURES, PROTECTED, SOURCES
from flipsite.domain.study import Feature


@dataclass(frozen=True, slots=True, kw_only=True)
class FeatureChange:
    """A row that a run has added, `before` None, or replaced."""

    before: Feature | None
    after: Feature


@dataclass(frozen=True, slots=True, kw_only=True)
class RefusedValue:
    """A value that was found and not taken, because a surer one, or a person's, is there."""

    kept: Feature
    found: Feature


@dataclass(frozen=True, slots=True, kw_only=True)
class MergedFeatures:
    """Features after a run.

    Attributes:
        features: Sorted by model and feature, one row each.
        changed: What was added or replaced.
        refused: What would have changed a person's value.
        overruled: What a classifier says against a surer source, whose value is kept.
    """

    features: tuple[Feature, ...]
    changed: tuple[FeatureChange, ...]
    refused: tuple[RefusedValue, ...]
    overruled: tuple[RefusedValue, ...]


def joined(kept: Iterable[Feature], found: Iterable[Feature]) -> MergedFeatures:
    """Join what was kept with what a run has found.

    What the run has not found stays; what a source says anew takes the place of what it said before. The
    order of either argument does not matter.

    Args:
        kept: One row a model and feature.
        found: Any number of them. A row without a value says that its source cannot tell, and why; it is kept
            where nothing better is known.
    """
    rows = {(row.model, row.feature): row for row in kept}
    found = tuple(found)
    answered = {(row.model, row.feature, row.source) for row in found}
    changed, refused = [], []
    for key, row in sorted(_surest(found).items()):
        held = rows.get(key)
        after = row if row.value else replace(row, source="", confidence=None)
        if held == after:
            continue
        if held and held.source in PROTECTED:
            if contradicts(row, held):
                refused.append(RefusedValue(kept=held, found=row))
        elif not held or not held.value or (*key, held.source) in answered or _rank(row) < _rank(held):
            rows[key] = after
            changed.append(FeatureChange(before=held, after=after))
    return MergedFeatures(
        features=tuple(rows[key] for key in sorted(rows)),
        changed=tuple(changed),
        refused=tuple(refused),
        overruled=tuple(_overruled(found, rows)),
    )


def in_proportion(found: Iterable[Feature], features: Iterable[Feature]) -> tuple[Feature, ...]:
    """The joined features, with a doubt where a model would use more parameters than it has.

    Args:
        found: What a run has found.
        features: What is known with it, of all sources.
    """
    totals = {
        row.model: float(row.value) for row in features if row.feature == "parameters_total_b" and row.value
    }

    def doubted(row: Feature) -> bool:
        active = row.feature == "parameters_active_b" and bool(row.value)
        return active and row.model in totals and float(row.value) > totals[row.model]

    return tuple(
        replace(
            row, value="", confidence=None, note=f"{row.value} of {totals[row.model]:g} in all: {row.note}"
        )
        if doubted(row)
        else row
        for row in found
    )


def contradicts(row: Feature, other: Feature) -> bool:
    """Whether two rows of a feature cannot both be right; a day lies in its month, and in its year."""
    if not row.value or row.value == other.value:
        return False
    if FEATURES[row.feature].kind == "date" and other.value:
        return not (row.value.startswith(other.value) or other.value.startswith(row.value))
    return True


def by_model(features: Iterable[Feature]) -> Mapping[str, tuple[Feature, ...]]:
    """Each model's features in the order of `FEATURES`."""
    found: dict[str, list[Feature]] = {}
    order = list(FEATURES)
    for row in sorted(features, key=lambda row: (row.model, order.index(row.feature))):
        found.setdefault(row.model, []).append(row)
    return {model: tuple(rows) for model, rows in found.items()}


def _overruled(found: Iterable[Feature], rows: Mapping[tuple[str, str], Feature]) -> Iterator[RefusedValue]:
    for row in sorted(found, key=lambda row: (row.model, row.feature, row.value, _rank(row), row.note)):
        kept = rows[row.model, row.feature]
        if row.source == "classifier" and kept.source not in PROTECTED and contradicts(row, kept):
            yield RefusedValue(kept=kept, found=row)


def _surest(found: Iterable[Feature]) -> dict[tuple[str, str], Feature]:
    """The surest finding of each model and feature; a value goes before none."""
    best: dict[tuple[str, str], Feature] = {}
    for row in sorted(found, key=lambda row: (not row.value, _rank(row), row.value, row.note)):
        best.setdefault((row.model, row.feature), row)
    return best


def _rank(row: Feature) -> tuple[float, int]:
    """Lower is surer."""
    return -(row.confidence or 0.0), SOURCES.index(row.source)


SUREST: Final = 0.9
"""Confidence in what every answer says: a model that repeats itself may still be wrong."""

ALIKE: Final = 0.05
"""Numbers whose larger one exceeds the smaller by no more than this share say the same: 8 and 8.03."""


def agreed_features(
    model: str, answers: Sequence[Mapping[str, FeatureClaim]], *, classifier: str, askings: int
) -> tuple[Feature, ...]:
    """Combine a classifier's answers about one model.

    With a answers that state the commonest value, c that state another one, and n askings, the confidence is
    0.9 (a − c)/n. Answers that say `unknown`, cannot be read or have not come count among the n alone. Where
    a ≤ c the feature is unknown, and its note says why.

    Args:
        model: The one asked about.
        answers: One a model's asking that was answered, in the order of asking.
        classifier: Who answered, for the note.
        askings: How often it was to be asked.

    Returns:
        One feature each, where an answer states a value of it; without a value where they do not agree.
    """
    features = dict.fromkeys(feature for answer in answers for feature in answer)
    found = []
    for feature in features:
        claims = [answer[feature] for answer in answers if feature in answer]
        if any(claim.value for claim in claims):
            found.append(_agreed(model, feature, claims, classifier=classifier, askings=askings))
    return tuple(found)


def _agreed(
    model: str, feature: str, claims: Sequence[FeatureClaim], *, classifier: str, askings: int
) -> Feature:
    groups = sorted(_groups(feature, claims), key=len, reverse=True)
    first, *others = groups
    net = len(first) - sum(map(len, others))
    unsaid = Counter("unknown" if claim.value == "" else "unreadable" for claim in claims if not claim.value)
    said = [f"{group[0].value} {_times(len(group))}" for group in groups]
    rest = [f"{word} {_times(n)}" for word, n in sorted(unsaid.items())]
    if net <= 0:
        note = f"{classifier} does not agree with itself: {', '.join(said + rest)}"
        return Feature(model=model, feature=feature, value="", source="classifier", note=note)
    but = f", but {', '.join(said[1:] + rest)}" if len(first) < len(claims) else ""
    source = next((f" (source: {claim.source})" for claim in first if claim.source), "")
    return Feature(
        model=model,
        feature=feature,
        value=_agreed_value(feature, first),
        source="classifier",
        confidence=round(SUREST * net / askings, 3),
        note=f"{classifier}, {len(first)} of {askings}{but}{source}",
    )


def _groups(feature: str, claims: Sequence[FeatureClaim]) -> Iterator[list[FeatureClaim]]:
    """The claims that state a value, those together that state the same one."""
    stated = [claim for claim in claims if claim.value]
    if FEATURES[feature].kind == "number":
        yield from _near(sorted(stated, key=_number))
        return
    by_value: dict[str, list[FeatureClaim]] = {}
    for claim in stated:
        by_value.setdefault(_key(claim), []).append(claim)
    yield from by_value.values()


def _near(stated: Sequence[FeatureClaim]) -> Iterator[list[FeatureClaim]]:
    """Runs of numbers, smallest first, each as near as ALIKE to the first of its run."""
    group: list[FeatureClaim] = []
    for claim in stated:
        if group and _number(claim) > _number(group[0]) * (1 + ALIKE):
            yield group
            group = []
        group.append(claim)
    if group:
        yield group


def _agreed_value(feature: str, group: Sequence[FeatureClaim]) -> str:
    """A group's value, as one member gave it: of numbers the median, else the first."""
    middle = (len(group) - 1) // 2 if FEATURES[feature].kind == "number" else 0
    return str(group[middle].value)


def _number(claim: FeatureClaim) -> float:
    return float(claim.value or 0)


def _key(claim: FeatureClaim) -> str:
    """A text without what two spellings of one name differ in: `Llama 3.1`, `llama-3.1`."""
    return "".join(sign for sign in (claim.value or "").casefold() if sign.isalnum() or sign == ".")


def _times(n: int) -> str:
    return {1: "once", 2: "twice"}.get(n, f"{n} times")
