"""Features as the columns of a regression: standardised, against a reference, the unknown marked as such.

A model of which a number is not known is put at the average of those of which it is, and has a one in a
column of its own: it is compared, and never dropped. (Missing-indicator method; what it says of the unknown
is part of the finding, for that a firm does not say is no accident.)
"""

import datetime as dt
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from flipsite.domain.display import plural
from flipsite.domain.features import FEATURES
from flipsite.domain.fit import CovariateNote

Floats = NDArray[np.float64]

LOGARITHMIC: Final = ("parameters_total_b", "price_completion", "context_length")
"""Features on a scale of ratios, where ten times more means the same at every size; taken as log10."""

USED: Final = (
    "parameters_total_b",
    "architecture",
    "reasoning",
    "tuning",
    "open_weights",
    "released",
    "context_length",
    "price_completion",
)

REFERENCE: Final = {"architecture": "dense", "reasoning": "no", "open_weights": "no", "tuning": "instruct"}
"""Where no model is of this class, the commonest one takes its place."""

FEWEST: Final = 3
"""A class of fewer models than this has no column of its own, and what is known of fewer has none at all."""

RARE: Final = "a rarer kind"
UNKNOWN: Final = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class CovariateColumn:
    """One column.

    Attributes:
        covariate: Its feature; of a column of the unknown, maybe several joined by ` + `.
        level: Class, `unknown`, or empty for a number.
        contrast: What its coefficient compares, in words.
        step: The contrast in the column's units.
        average: What was subtracted, in natural units (log10, years, or a share).
        deviation: What it was divided by; 1 for a class.
        reference: Of a class: the one it is compared with.
    """

    covariate: str
    level: str
    contrast: str
    step: float
    average: float
    deviation: float
    reference: str = ""

    @property
    def name(self) -> str:
        """As terms are named."""
        return f"{self.covariate}: {self.level}" if self.level else self.covariate


@dataclass(frozen=True, slots=True, kw_only=True)
class Covariates:
    """The columns with their matrix (n_models x n_columns), each of average 0; and what became of each."""

    columns: tuple[CovariateColumn, ...]
    matrix: Floats
    notes: tuple[CovariateNote, ...]


def covariates(models: Sequence[str], values: Mapping[str, Mapping[str, str]]) -> Covariates:
    """Make a study's features into columns.

    Args:
        models: The fitted models.
        values: Each model's feature values; a missing or empty one is unknown.
    """
    made: list[tuple[CovariateColumn, Floats]] = []
    notes = []
    for feature in USED:
        cells = [values.get(model, {}).get(feature, "") for model in models]
        known = np.array([bool(cell) for cell in cells])
        if FEATURES[feature].kind == "choice":
            columns, used = _classes(feature, cells, known)
        else:
            columns, used = _number(feature, cells, known)
        made += columns
        unknown = tuple(model for model, cell in zip(models, cells, strict=True) if not cell)
        notes.append(CovariateNote(covariate=feature, known=int(known.sum()), unknown=unknown, used=used))
    columns = _distinct(made)
    matrix = np.column_stack([cells for _, cells in columns]) if columns else np.empty((len(models), 0))
    return Covariates(columns=tuple(column for column, _ in columns), matrix=matrix, notes=tuple(notes))


def _number(
    feature: str, cells: Sequence[str], known: NDArray[np.bool_]
) -> tuple[list[tuple[CovariateColumn, Floats]], str]:
    """A number's column, one of those at zero (a logarithm has no place for them), one of the unknown."""
    logarithmic = feature in LOGARITHMIC
    read = [
        _years(cell) if FEATURES[feature].kind == "date" else float(cell) if cell else 0.0 for cell in cells
    ]
    raw = np.array(read)
    free = known & (raw == 0) if logarithmic else np.zeros(len(cells), dtype=bool)
    placed = known & ~free
    if placed.sum() < FEWEST or np.ptp(raw[placed]) == 0:
        return [], f"left out: {_how_many(int(placed.sum()))}, or the same of all"
    natural = np.log10(np.where(placed, raw, 1.0)) if logarithmic else raw
    average, deviation = float(natural[placed].mean()), float(natural[placed].std())
    label = FEATURES[feature].label
    contrast = f"ten times the {label}" if logarithmic else "a year later"
    column = CovariateColumn(
        covariate=feature,
        level="",
        contrast=contrast,
        step=1 / deviation,
        average=average,
        deviation=deviation,
    )
    cells_placed = np.where(placed, (natural - average) / deviation, 0.0)
    scale = f"log10 of the {FEATURES[feature].unit}" if logarithmic else "years"
    columns = [(column, cells_placed)]
    columns += [_mark(feature, "free", f"free rather than at the average {label}", free)] * bool(free.any())
    columns += _unknown(feature, known)
    return columns, f"{scale}, standardised"


def _classes(
    feature: str, cells: Sequence[str], known: NDArray[np.bool_]
) -> tuple[list[tuple[CovariateColumn, Floats]], str]:
    """A column for each class but the reference; the rare ones share one."""
    counts = Counter(cell for cell in cells if cell)
    if counts.total() < FEWEST:
        return [], f"left out: {_how_many(counts.total())}"
    common = [level for level in FEATURES[feature].choices if counts[level] >= FEWEST]
    reference = (
        REFERENCE[feature] if counts[REFERENCE[feature]] else max(common or counts, key=counts.__getitem__)
    )
    label = FEATURES[feature].label
    columns = [
        _mark(
            feature,
            level,
            _rather(label, level, reference),
            np.array([cell == level for cell in cells]),
            reference=reference,
        )
        for level in common
        if level != reference
    ]
    rare = {level for level in counts if level not in common and level != reference}
    if rare:
        among = np.array([cell in rare for cell in cells])
        level = next(iter(rare)) if len(rare) == 1 else RARE
        columns.append(_mark(feature, level, _rather(label, level, reference), among, reference=reference))
    columns += _unknown(feature, known, reference)
    if not columns:
        return [], f"left out: {reference} of every model"
    contrast = f"against {reference}"
    return columns, contrast + (f"; {', '.join(sorted(rare))} together" if len(rare) > 1 else "")


def _unknown(
    feature: str, known: NDArray[np.bool_], reference: str = ""
) -> list[tuple[CovariateColumn, Floats]]:
    label = FEATURES[feature].label
    return [] if known.all() else [_mark(feature, UNKNOWN, f"{label} unknown", ~known, reference=reference)]


def _mark(
    feature: str, level: str, contrast: str, among: NDArray[np.bool_], *, reference: str = ""
) -> tuple[CovariateColumn, Floats]:
    share = float(among.mean())
    column = CovariateColumn(
        covariate=feature,
        level=level,
        contrast=contrast,
        step=1.0,
        average=share,
        deviation=1.0,
        reference=reference,
    )
    return column, np.asarray(among - share, dtype=np.float64)


def _distinct(made: Sequence[tuple[CovariateColumn, Floats]]) -> list[tuple[CovariateColumn, Floats]]:
    """Columns of the unknown that mark the same models, as one: they cannot be distinguished."""
    kept: list[tuple[CovariateColumn, Floats]] = []
    for column, cells in made:
        for place, (other, others) in enumerate(kept):
            if column.level == other.level == UNKNOWN and np.array_equal(cells, others):
                together = CovariateColumn(
                    covariate=f"{other.covariate} + {column.covariate}",
                    level=UNKNOWN,
                    contrast=f"{other.contrast.removesuffix(' unknown')} and {column.contrast}",
                    step=1.0,
                    average=other.average,
                    deviation=1.0,
                )
                kept[place] = together, cells
                break
        else:
            kept.append((column, cells))
    return kept


def _rather(label: str, level: str, reference: str) -> str:
    if {level, reference} == {"yes", "no"}:
        return label if level == "yes" else f"not: {label}"
    names = {"moe": "mixture of experts"}
    return f"{names.get(level, level)} rather than {names.get(reference, reference)}"


def _how_many(known: int) -> str:
    return f"known of {plural(known, 'model')}" if known else "known of no model"


def _years(cell: str) -> float:
    """A date as a year with its fraction; the middle of what a shorter date leaves open."""
    if not cell:
        return 0.0
    parts = [int(part) for part in cell.split("-")]
    if len(parts) == 1:
        return parts[0] + 0.5
    if len(parts) == 2:
        return parts[0] + (parts[1] - 0.5) / 12
    day = dt.date(parts[0], parts[1], min(parts[2], 28))
    return parts[0] + (day.timetuple().tm_yday - 0.5) / 365.25
