"""What is known of the models besides their flips, joined without losing a word.

Two runs may say different things of one model. The surer one counts; where both are equally sure, the one
that stands first in `traits.SOURCES`. What a person wrote, `curated` or `article`, counts always.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from flipsite.domain.features import FEATURES, PROTECTED, SOURCES
from flipsite.domain.study import Feature


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """A row that a run has added, `before` None, or replaced."""

    before: Feature | None
    after: Feature


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """A value that was found and not taken, because a surer one, or a person's, is there."""

    kept: Feature
    found: Feature


@dataclass(frozen=True, slots=True, kw_only=True)
class Joined:
    """Features after a run.

    Attributes:
        features: Sorted by model and feature, one row each.
        changed: What was added or replaced.
        refused: What would have changed a person's value.
        overruled: What a classifier says against a surer source, whose value stands.
    """

    features: tuple[Feature, ...]
    changed: tuple[Change, ...]
    refused: tuple[Refused, ...]
    overruled: tuple[Refused, ...]


def joined(kept: Iterable[Feature], found: Iterable[Feature]) -> Joined:
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
    told = {(row.model, row.feature, row.source) for row in found}
    changed, refused = [], []
    for key, row in sorted(_surest(found).items()):
        held = rows.get(key)
        after = row if row.value else replace(row, source="", confidence=None)
        if held == after:
            continue
        if held and held.source in PROTECTED:
            if contradicts(row, held):
                refused.append(Refused(kept=held, found=row))
        elif not held or not held.value or (*key, held.source) in told or _rank(row) < _rank(held):
            rows[key] = after
            changed.append(Change(before=held, after=after))
    return Joined(
        features=tuple(rows[key] for key in sorted(rows)),
        changed=tuple(changed),
        refused=tuple(refused),
        overruled=tuple(_overruled(found, rows)),
    )


def in_proportion(found: Iterable[Feature], features: Iterable[Feature]) -> tuple[Feature, ...]:
    """What was found, with a doubt where a model would use more parameters than it has.

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
    """Each model's features in the order of `traits.FEATURES`."""
    found: dict[str, list[Feature]] = {}
    order = list(FEATURES)
    for row in sorted(features, key=lambda row: (row.model, order.index(row.feature))):
        found.setdefault(row.model, []).append(row)
    return {model: tuple(rows) for model, rows in found.items()}


def _overruled(found: Iterable[Feature], rows: Mapping[tuple[str, str], Feature]) -> Iterator[Refused]:
    for row in sorted(found, key=lambda row: (row.model, row.feature, row.value, _rank(row), row.note)):
        stands = rows[row.model, row.feature]
        if row.source == "classifier" and stands.source not in PROTECTED and contradicts(row, stands):
            yield Refused(kept=stands, found=row)


def _surest(found: Iterable[Feature]) -> dict[tuple[str, str], Feature]:
    """Of what a run has found, the surest of each model and feature; a value before none."""
    best: dict[tuple[str, str], Feature] = {}
    for row in sorted(found, key=lambda row: (not row.value, _rank(row), row.value, row.note)):
        best.setdefault((row.model, row.feature), row)
    return best


def _rank(row: Feature) -> tuple[float, int]:
    """Lower is surer."""
    return -(row.confidence or 0.0), SOURCES.index(row.source)
