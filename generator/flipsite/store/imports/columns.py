"""Which of a file's columns mean what, and which of its rows are wanted."""

import csv
from collections.abc import Sequence
from dataclasses import dataclass, replace
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from flipsite.errors import UsageError
from flipsite.store.imports.cells import number_of
from flipsite.store.imports.files import Sheet
from flipsite.store.snapshot.columns import SCHEMA

OURS: tuple[str, ...] = tuple(name for name in SCHEMA.names if name != "study")
"""The columns that a file may bring; the study is named by the command."""

NEEDED = ("model", "outcome")


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportOptions:
    """How a file is to be read.

    Attributes:
        columns: Our column and theirs, one or (for labels) two; none switches a column off. What is not
            named here is taken from a column of our name where the file has one.
        where: A column of theirs and the value that a wanted row has there; all must hold.
        labels: The names of outcome 0 and of outcome 1.
        decimal: The decimal mark of the file's numbers, a point or a comma.
    """

    columns: tuple[tuple[str, tuple[str, ...]], ...] = ()
    where: tuple[tuple[str, str], ...] = ()
    labels: tuple[str, str] | None = None
    decimal: str = "."

    @property
    def mapping(self) -> dict[str, tuple[str, ...]]:
        """Ours to theirs, those of the same name included."""
        return {name: (name,) for name in OURS} | dict(self.columns)

    @property
    def needed(self) -> tuple[str, ...]:
        """Their columns without which the file cannot be imported."""
        mapping = self.mapping
        named = [theirs for ours in (*NEEDED, *dict(self.columns)) for theirs in mapping[ours]]
        return tuple(dict.fromkeys([*named, *(column for column, _ in self.where)]))

    @property
    def wanted(self) -> frozenset[str]:
        """Their columns that are of use where they are there."""
        return frozenset([*self.needed, *(theirs for columns in self.mapping.values() for theirs in columns)])


def parse_options(
    columns: Sequence[str], where: Sequence[str], labels: str | None, *, decimal: str = "."
) -> ImportOptions:
    """Parse the options as they are typed: `OURS=THEIRS`, `COL=VALUE`, `A,B`.

    Raises:
        UsageError: If one of them is not of that form, or they contradict each other.
    """
    mapped = {}
    for text in columns:
        ours, theirs = _split(text, option="--column", form="OURS=THEIRS")
        mapped[ours] = _theirs(ours, theirs)
    pair = None if labels is None else _pair(labels)
    if pair and mapped.get("labels"):
        raise UsageError("--labels and --column labels= both name the labels; leave one of them out")
    if any(not mapped.get(ours, (ours,)) for ours in NEEDED):
        raise UsageError("--column: model and outcome cannot be left out; name their columns")
    conditions = tuple(sorted(_split(text, option="--where", form="COL=VALUE") for text in where))
    if decimal not in (".", ","):
        raise UsageError(f"--decimal {decimal!r}: expected a point or a comma")
    return ImportOptions(
        columns=tuple(sorted(mapped.items())), where=conditions, labels=pair, decimal=decimal
    )


def match_case(options: ImportOptions, names: Sequence[str]) -> tuple[ImportOptions, tuple[str, ...]]:
    """Find columns whose names differ from the wanted ones only in case.

    Args:
        options: Which columns are wanted.
        names: The file's columns.

    Returns:
        The options with the file's own spelling, and a sentence for each column that was found so. A name
        that several columns could be is left as it is.
    """
    by_folded: dict[str, list[str]] = {}
    for name in dict.fromkeys(names):
        by_folded.setdefault(name.casefold(), []).append(name)
    spelled = {
        wanted: found[0]
        for wanted in sorted(options.wanted.difference(names))
        if len(found := by_folded.get(wanted.casefold(), [])) == 1 and not options.wanted.intersection(found)
    }
    if not spelled:
        return options, ()
    columns = {
        ours: tuple(spelled.get(name, name) for name in theirs)
        for ours, theirs in options.mapping.items()
        if ours in dict(options.columns) or spelled.keys() & set(theirs)
    }
    where = tuple((spelled.get(name, name), value) for name, value in options.where)
    told = tuple(f"The column {found!r} was taken as {wanted!r}." for wanted, found in spelled.items())
    return replace(options, columns=tuple(sorted(columns.items())), where=where), told


def check_columns(path: Path, names: Sequence[str], options: ImportOptions) -> None:
    """See to it that the columns that were named, and model and outcome, are there once.

    Args:
        path: The file.
        names: Its columns.
        options: Which of them are named.

    Raises:
        UsageError: That names the file, the column, the nearest one, and what there is.
    """
    for name in options.needed:
        if name not in names:
            near = get_close_matches(name, names, n=1, cutoff=0.75)
            hint = f"did you mean {near[0]!r}? " if near else ""
            there = ", ".join(repr(column[:40]) for column in names[:30]) or "none"
            ours = next((key for key in NEEDED if options.mapping[key] == (name,)), None)
            remedy = f"; name it with --column {ours}=…" if ours == name else ""
            raise UsageError(f"{path}: no column {name!r}; {hint}it has {there}{remedy}")
    for name in sorted(options.wanted):
        if names.count(name) > 1:
            raise UsageError(f"{path}: the column {name!r} stands twice; rename one of the two")


def wanted_rows(sheet: Sheet, options: ImportOptions) -> list[int]:
    """The rows at which every condition of `--where` holds."""
    rows = list(range(len(sheet.lines)))
    for column, value in options.where:
        cells = sheet.cells[column]
        matches = Matcher(value)
        rows = [row for row in rows if matches(cells[row])]
    return rows


def matched_text(cell: Any) -> str:
    """A cell as a value of `--where` names it."""
    return str(cell).lower() if isinstance(cell, bool) else "" if cell is None else str(cell).strip()


class Matcher:
    """Whether a cell has the value: as text, or as a number where both are numbers."""

    def __init__(self, value: str) -> None:
        self._text = value.strip()
        self._number = number_of(value)
        self._known: dict[str, bool] = {}

    def __call__(self, cell: Any) -> bool:
        """Whether this cell has it."""
        text = matched_text(cell)
        known = self._known.get(text)
        if known is None:
            number = number_of(text)
            known = text == self._text or (number is not None and number == self._number)
            self._known[text] = known
        return known


def _split(text: str, *, option: str, form: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals or not name.strip():
        raise UsageError(f"{option} {text!r}: expected {form}")
    return name.strip(), value.strip()


def _theirs(ours: str, theirs: str) -> tuple[str, ...]:
    if ours not in OURS:
        near = get_close_matches(ours, OURS, n=1, cutoff=0.5)
        hint = f"did you mean {near[0]!r}? " if near else ""
        raise UsageError(f"--column {ours}={theirs}: no column of ours; {hint}there are {', '.join(OURS)}")
    if ours != "labels":
        return (theirs,) if theirs else ()
    names = tuple(name.strip() for name in theirs.split(",")) if theirs else ()
    if len(names) > 2 or not all(names):
        raise UsageError(f"--column labels={theirs}: expected one column or two, as in labels=first,second")
    return names


def _pair(text: str) -> tuple[str, str]:
    names = [name.strip() for name in next(csv.reader([text]), [])]
    if len(names) != 2 or not all(names) or names[0] == names[1]:
        raise UsageError(f"--labels {text!r}: expected two different labels, as in --labels tails,heads")
    return names[0], names[1]
