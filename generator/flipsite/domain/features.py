"""The features a model can have: what each means, the values it may take, who may say so."""

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

FeatureKind = Literal["number", "choice", "date", "text"]


@dataclass(frozen=True, slots=True, kw_only=True)
class FeatureSpec:
    """A feature's meaning and its possible values.

    Attributes:
        kind: A positive number, one of `choices`, a date of ISO 8601 (year, month or day), or any text.
        label: For people; a noun.
        unit: Of a number.
        choices: Of a choice, in the order of tables.
        zero: Whether a number may be 0.
    """

    kind: FeatureKind
    label: str
    unit: str = ""
    choices: tuple[str, ...] = ()
    zero: bool = False

    def fault(self, value: str) -> str | None:
        """The fault of a value, or None; an empty one is unknown and never wrong."""
        if not value:
            return None
        if self.kind == "choice":
            return None if value in self.choices else f"expected one of {', '.join(self.choices)}"
        if self.kind == "date":
            return None if _DATE.fullmatch(value) else "expected a date such as 2025-09-08, 2025-09 or 2025"
        if self.kind == "number":
            number = _number(value)
            if number is None or number < 0 or (number == 0 and not self.zero):
                return f"expected a {'number of at least 0' if self.zero else 'positive number'}"
        return None


FEATURE_COLUMNS: Final = ("model", "feature", "value", "source", "confidence", "note")

FEATURES: Final[Mapping[str, FeatureSpec]] = {
    "parameters_total_b": FeatureSpec(kind="number", label="parameters", unit="billion"),
    "parameters_active_b": FeatureSpec(kind="number", label="active parameters", unit="billion a token"),
    "architecture": FeatureSpec(kind="choice", label="architecture", choices=("dense", "moe")),
    "reasoning": FeatureSpec(kind="choice", label="reasons by default", choices=("yes", "no")),
    "tuning": FeatureSpec(
        kind="choice",
        label="tuning",
        choices=("instruct", "roleplay", "coding", "translation", "search", "vision", "base", "other"),
    ),
    "open_weights": FeatureSpec(kind="choice", label="open weights", choices=("yes", "no")),
    "released": FeatureSpec(kind="date", label="release"),
    "context_length": FeatureSpec(kind="number", label="context", unit="tokens"),
    "price_completion": FeatureSpec(
        kind="number", label="price", unit="US dollars a million completion tokens", zero=True
    ),
    "modality": FeatureSpec(kind="text", label="reads and writes"),
    "tokenizer": FeatureSpec(kind="text", label="tokenizer"),
    "base_family": FeatureSpec(kind="text", label="base family"),
    "author": FeatureSpec(kind="text", label="author"),
    "provider": FeatureSpec(kind="text", label="served by"),
}
"""In the order of a model's page. The texts describe; no regression uses them."""

SOURCES: Final = ("curated", "article", "catalogue", "name", "classifier")
"""The sources of a feature; where two are equally sure, the first one counts."""

PROTECTED: Final = frozenset({"curated", "article"})
"""The source of values that a person wrote, which no run of the program changes."""

ASKINGS: Final = 3
"""How often a classifier is asked about each model: a single answer may be a guess."""


def _number(value: str) -> float | None:
    if not re.fullmatch(r"\d+(\.\d+)?([eE][+-]?\d+)?", value, re.ASCII):
        return None
    number = float(value)
    return number if math.isfinite(number) else None


_DATE = re.compile(r"(?:19|20)\d\d(?:-(?:0[1-9]|1[0-2])(?:-(?:0[1-9]|[12]\d|3[01]))?)?", re.ASCII)
