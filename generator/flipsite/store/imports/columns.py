"""Which of a file's columns mean what, and which of its rows are wanted."""

import csv
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from difflib import get_close_matches
from pathlib import Path

from flipsite.domain.draws import OPTIONAL
from flipsite.errors import UsageError
from flipsite.store.imports.cells import number_of
from flipsite.store.snapshot.columns import schema_with

OURS: tuple[str, ...] = tuple(name for name in schema_with(OPTIONAL).names if name != "study")
"""The columns that a file may bring; the study is named by the command."""

NEEDED = ("model", "outcome")
"""Columns without which there is no draw; answers may stand in place of outcomes."""

MOST_COLUMNS_SHOWN = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportOptions:
    """How a file is to be read.

    Attributes:
        columns: Our column and theirs, one or (for labels) two; none switches a column off. What is not
            named here is taken from a column of our name where the file has one.
        where: A column of theirs and the value that a wanted row has there; all must hold.
        labels: The names of outcome 0, outcome 1 and so on.
        model: The model of every row, where the file does not name it.
        decimal: The decimal mark of the file's numbers, a point or a comma.
        encoding: The encoding of its text; None for UTF-8, or what a byte order mark says.
        source: The tool whose log the file is, as `--from` names it.
    """

    columns: tuple[tuple[str, tuple[str, ...]], ...] = ()
    where: tuple[tuple[str, str], ...] = ()
    labels: tuple[str, ...] | None = None
    model: str | None = None
    decimal: str = "."
    encoding: str | None = None
    source: str = "auto"

    @property
    def source_of_log(self) -> str:
        """The tool whose log the file may be: `table` for none, as where columns are named."""
        return "table" if self.columns and self.source == "auto" else self.source

    @property
    def mapping(self) -> dict[str, tuple[str, ...]]:
        """Ours to theirs, those of the same name included."""
        return {name: (name,) for name in OURS} | dict(self.columns)

    @property
    def needed(self) -> tuple[str, ...]:
        """Their columns without which the file cannot be imported."""
        mapping = self.mapping
        needed = (*(() if self.model else ("model",)), "outcome" if mapping["outcome"] else "response")
        named = [theirs for ours in (*needed, *dict(self.columns)) for theirs in mapping[ours]]
        return tuple(dict.fromkeys([*named, *(column for column, _ in self.where)]))

    @property
    def wanted(self) -> frozenset[str]:
        """Their columns that are of use where they are there."""
        return frozenset([*self.needed, *(theirs for columns in self.mapping.values() for theirs in columns)])


def parse_options(
    columns: Sequence[str],
    where: Sequence[str],
    labels: str | None,
    *,
    model: str | None = None,
    decimal: str = ".",
    encoding: str | None = None,
    source: str = "auto",
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
    if not mapped.get("model", ("model",)) and model is None:
        raise UsageError("--column: model cannot be left out; name its column, or the model with --model")
    if not mapped.get("outcome", ("outcome",)) and not mapped.get("response", ("response",)):
        raise UsageError("--column: outcome and response cannot both be left out; name the column of one")
    conditions = tuple(sorted(_split(text, option="--where", form="COL=VALUE") for text in where))
    if decimal not in (".", ","):
        raise UsageError(f"--decimal {decimal!r}: expected a point or a comma")
    return ImportOptions(
        columns=tuple(sorted(mapped.items())),
        where=conditions,
        labels=pair,
        model=model,
        decimal=decimal,
        encoding=encoding,
        source=source,
    )


def reads_answers(options: ImportOptions, names: Collection[str]) -> bool:
    """Whether a file with these columns has answers to read in place of outcomes."""
    mapping = options.mapping
    return not set(mapping["outcome"]) & set(names) and bool(set(mapping["response"]) & set(names))


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
    answers = options.mapping["outcome"] if reads_answers(options, names) else ()
    optional = set(answers) - {theirs for _, found in options.columns for theirs in found}
    for name in options.needed:
        if name not in names and name not in optional:
            near = get_close_matches(name, names, n=1, cutoff=0.75)
            hint = f"did you mean {near[0]!r}? " if near else ""
            there = ", ".join(repr(column[:40]) for column in names[:MOST_COLUMNS_SHOWN]) or "none"
            remedy = _REMEDY.get(name, "") if options.mapping.get(name) == (name,) else ""
            raise UsageError(f"{path}: no column {name!r}; {hint}it has {there}{remedy}")
    for name in sorted(options.wanted):
        if names.count(name) > 1:
            raise UsageError(f"{path}: the column {name!r} stands twice; rename one of the two")


def matches(cell: str | None, value: str) -> bool:
    """Whether a cell has the value of a `--where`: as text, or as a number where both are numbers."""
    text, value = matched_text(cell), value.strip()
    number = number_of(text)
    return text == value or (number is not None and number == number_of(value))


def matched_text(cell: str | None) -> str:
    """The text of a cell that a value of `--where` names."""
    return "" if cell is None else cell.strip()


_REMEDY = {
    "model": "; name it with --column model=…, or name the model of all rows with --model",
    "outcome": "; name it with --column outcome=…, or that of the answers with --column response=…",
}


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
