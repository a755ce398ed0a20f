"""`features.csv`: what is known of a study's models, a row a model and feature; people edit it."""

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from flipsite.csv_cells import csv_cell, without_guard
from flipsite.domain.features import FEATURE_COLUMNS, FEATURES, PROTECTED, SOURCES
from flipsite.domain.study import Feature
from flipsite.errors import SettingsError
from flipsite.files import replacing


def read_features(path: Path) -> tuple[Feature, ...]:
    """Read the features of a study, sorted by model and feature.

    Raises:
        SettingsError: If the file cannot be read, or a row does not fit `domain.features`: all faults, a
            line each, with the line of the file.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is no UTF-8 text"
        raise SettingsError(f"{path}: cannot be read ({reason}).") from error
    rows, faults = _rows(text)
    features: dict[tuple[str, str], Feature] = {}
    for line, cells in rows:
        row, wrong = _feature(cells)
        key = (row.model, row.feature)
        if not wrong and key in features:
            wrong = [f"{row.feature} of {row.model} is here twice; leave one"]
        faults += [f"line {line}: {fault}" for fault in wrong]
        features.setdefault(key, row)
    if faults:
        raise SettingsError("\n".join(f"{path}, {fault}." for fault in faults))
    return tuple(features[key] for key in sorted(features))


def write_features(path: Path, features: Iterable[Feature]) -> None:
    """Write the features of a study: whole or not at all, the same bytes for the same features.

    Raises:
        StoreError: If the file cannot be written; the old one is as it was.
    """
    with replacing(path) as file:
        file.write(features_csv(features))


def features_csv(features: Iterable[Feature]) -> bytes:
    """The file's content, sorted; text that a spreadsheet would run is disarmed by an apostrophe."""
    lines = [",".join(FEATURE_COLUMNS)]
    for row in sorted(features, key=lambda row: (row.model, row.feature)):
        sure = "" if row.confidence is None else f"{row.confidence:.3g}"
        cells = (row.model, row.feature, row.value, row.source, sure, row.note)
        lines.append(",".join(map(csv_cell, cells)))
    return ("\n".join(lines) + "\n").encode("utf-8", "replace")


def _rows(text: str) -> tuple[list[tuple[int, list[str]]], list[str]]:
    """The rows with the line each begins at, or what is wrong with the file as a whole."""
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    rows: list[tuple[int, list[str]]] = []
    try:
        header = next(reader, [])
        if tuple(header) != FEATURE_COLUMNS:
            return [], [f"line 1: expected the columns {','.join(FEATURE_COLUMNS)}"]
        begins = reader.line_num + 1
        for cells in reader:
            if cells:
                rows.append((begins, cells))
            begins = reader.line_num + 1
    except csv.Error as error:
        return [], [f"line {reader.line_num}: it is no CSV ({error})"]
    return rows, []


def _feature(cells: Sequence[str]) -> tuple[Feature, list[str]]:
    """A row as a feature, and its faults."""
    armed = [without_guard(cell.strip()) for cell in cells]
    if len(armed) != len(FEATURE_COLUMNS):
        blank = Feature(model="", feature="", value="", source="")
        return blank, [f"expected {len(FEATURE_COLUMNS)} cells, found {len(armed)}"]
    model, feature, value, source, sure, note = armed
    confidence = _confidence(sure)
    row = Feature(model=model, feature=feature, value=value, source=source, confidence=confidence, note=note)
    return row, [*_faults(row), *([f"confidence {sure!r}: expected 0 to 1, or nothing"] * (confidence == -1))]


def _faults(row: Feature) -> Iterator[str]:
    if not row.model:
        yield "the model is missing"
    spec = FEATURES.get(row.feature)
    if spec is None:
        yield f"no feature {row.feature!r}; there are {', '.join(FEATURES)}"
    elif fault := spec.fault(row.value):
        yield f"{row.feature} {row.value!r}: {fault}, or nothing where it is unknown"
    if row.source and row.source not in SOURCES:
        yield f"no source {row.source!r}; there are {', '.join(SOURCES)}"
    elif row.value and not row.source:
        yield f"{row.feature} has a value and no source; a person’s is `curated`"
    elif row.source and not row.value and row.source not in PROTECTED:
        yield f"{row.feature} has a source and no value; give it a value, or leave out the source"


def _confidence(text: str) -> float | None:
    """None for nothing, −1 for what is no confidence."""
    if not text:
        return None
    try:
        number = float(text)
    except ValueError:
        return -1
    return number if 0 <= number <= 1 else -1  # NaN is not in between
