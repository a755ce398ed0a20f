"""Which of a file's columns mean what, and which of its rows are wanted."""

import csv
import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from difflib import get_close_matches
from pathlib import Path

from flipsite.domain.distribution import MOST_OUTCOMES, MOST_PER_ANSWER
from flipsite.domain.draws import OPTIONAL
from flipsite.errors import UsageError
from flipsite.store.draws_schema import schema_with
from flipsite.store.imports.batch_requests import BatchRequests
from flipsite.store.imports.cells import number_of

OURS: tuple[str, ...] = tuple(name for name in schema_with(OPTIONAL).names if name != "study")
"""The columns that a file may bring; the study is named by the command."""

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
        rounds: Whether real numbers are rounded to the whole numbers that are the labels.
        requests: The requests of the batch whose output the file is, where they are known.
    """

    columns: tuple[tuple[str, tuple[str, ...]], ...] = ()
    where: tuple[tuple[str, str], ...] = ()
    labels: tuple[str, ...] | None = None
    model: str | None = None
    decimal: str = "."
    encoding: str | None = None
    source: str = "auto"
    rounds: bool = False
    requests: BatchRequests | None = None

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
    outcomes: str | None = None,
    rounds: bool = False,
) -> ImportOptions:
    """Parse the options as they are typed: `OURS=THEIRS`, `COL=VALUE`, `A,B`.

    Raises:
        UsageError: If one of them is not of that form, or they contradict each other.
    """
    mapped = {}
    for text in columns:
        ours, theirs = _split(text, option="--column", form="OURS=THEIRS")
        mapped[ours] = _theirs(ours, theirs)
    if labels is not None and outcomes is not None:
        raise UsageError("--labels and --outcomes both name the labels; leave one of them out")
    names = _pair(labels) if labels is not None else None if outcomes is None else _outcomes(outcomes)
    if rounds and not (outcomes and names and all(_WHOLE.fullmatch(name) for name in names)):
        raise UsageError("--round: takes outcomes that are whole numbers; name them, as in --outcomes 0..10")
    if names and mapped.get("labels"):
        option = "--outcomes" if outcomes else "--labels"
        raise UsageError(f"{option} and --column labels= both name the labels; leave one of them out")
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
        labels=names,
        model=model,
        decimal=decimal,
        encoding=encoding,
        source=source,
        rounds=rounds,
    )


def reads_answers(options: ImportOptions, names: Collection[str]) -> bool:
    """Whether a file with these columns has answers to read in place of outcomes."""
    mapping = options.mapping
    return (
        not set(mapping["outcome"]) & set(names)
        and bool(set(mapping["response"]) & set(names))
        and not reads_sequences(options, names)
    )


def reads_sequences(options: ImportOptions, names: Collection[str]) -> bool:
    """Whether a file with these columns has several draws an answer."""
    columns = options.mapping["sequence"]
    return bool(columns) and set(columns) <= set(names)


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
    notes = tuple(f"The column {found!r} was taken as {wanted!r}." for wanted, found in spelled.items())
    return replace(options, columns=tuple(sorted(columns.items())), where=where), notes


def check_columns(path: Path, names: Sequence[str], options: ImportOptions) -> None:
    """See to it that the columns that were named, and model and outcome, are there once.

    Args:
        path: The file.
        names: Its columns.
        options: Which of them are named.

    Raises:
        UsageError: That names the file, the column, the nearest one, and what there is.
    """
    elsewhere = reads_answers(options, names) or reads_sequences(options, names)
    answers = options.mapping["outcome"] if elsewhere else ()
    optional = set(answers) - {theirs for _, found in options.columns for theirs in found}
    for name in options.needed:
        if name not in names and name not in optional:
            near = get_close_matches(name, names, n=1, cutoff=0.75)
            hint = f"did you mean {near[0]!r}? " if near else ""
            there = ", ".join(repr(column[:40]) for column in names[:MOST_COLUMNS_SHOWN]) or "none"
            remedy = _REMEDY.get(name, "") if options.mapping.get(name) == (name,) else ""
            if name == "outcome" and {"n", "count", "draws"}.intersection(map(str.casefold, names)):
                remedy = "; --counts reads a table of counts"
            raise UsageError(f"{path}: no column {name!r}; {hint}it has {there}{remedy}")
    for name in sorted(options.wanted):
        if names.count(name) > 1:
            raise UsageError(f"{path}: the column {name!r} is there twice; rename one of the two")


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
    if ours == "sequence":
        return _columns_in_row(theirs)
    if ours != "labels":
        return (theirs,) if theirs else ()
    names = tuple(name.strip() for name in theirs.split(",")) if theirs else ()
    if len(names) > 2 or not all(names):
        raise UsageError(f"--column labels={theirs}: expected one column or two, as in labels=first,second")
    return names


def _columns_in_row(theirs: str) -> tuple[str, ...]:
    """The columns of a sequence: one, several with commas between, or all from `d_1` to `d_10`."""
    found = _COLUMN_RANGE.fullmatch(theirs)
    if found and found[1] == found[3] and 0 < int(found[4]) - int(found[2]) < MOST_PER_ANSWER:
        return tuple(f"{found[1]}{number}" for number in range(int(found[2]), int(found[4]) + 1))
    names = tuple(name.strip() for name in theirs.split(",")) if theirs else ()
    if not all(names):
        raise UsageError(f"--column sequence={theirs}: expected a column, or several as in d_1..d_10")
    return names


_COLUMN_RANGE = re.compile(r"(.*?)(\d{1,6})\.\.(.*?)(\d{1,6})")
_WHOLE = re.compile(r"-?\d{1,18}", re.ASCII)
_NUMBER_RANGE = re.compile(r"(-?\d{1,9})\.\.(-?\d{1,9})")


def _outcomes(text: str) -> tuple[str, ...]:
    """The labels of `--outcomes`: a list with commas, or all whole numbers of a range."""
    if found := _NUMBER_RANGE.fullmatch(text.strip()):
        low, high = int(found[1]), int(found[2])
        if 2 <= high - low + 1 <= MOST_OUTCOMES:
            return tuple(map(str, range(low, high + 1)))
        raise UsageError(f"--outcomes {text}: expected 2 to {MOST_OUTCOMES:,} whole numbers")
    names = [name.strip() for name in next(csv.reader([text]), [])]
    if not 2 <= len(names) <= MOST_OUTCOMES or not all(names):
        raise UsageError(f"--outcomes {text!r}: expected labels, as in --outcomes red,green,blue or 1..100")
    if len({name.casefold() for name in names}) < len(names):
        raise UsageError(f"--outcomes {text!r}: two labels are the same, apart from case")
    return tuple(names)


def parse_target(text: str) -> str | list[float] | list[int]:
    """The target that `--target` names: `uniform`, or shares or whole weights with commas between.

    Raises:
        UsageError: If it is anything else.
    """
    if text.strip() == "uniform":
        return "uniform"
    numbers = [number_of(part) for part in text.split(",")]
    shares = [number for number in numbers if number is not None]
    if len(shares) < len(numbers):
        raise UsageError(f"--target {text!r}: expected uniform, or shares as in --target 0.5,0.3,0.2")
    if len(shares) == 1 and shares[0] <= 1:
        return [1 - shares[0], shares[0]]
    return [int(share) for share in shares] if all(share.is_integer() for share in shares) else shares


def _pair(text: str) -> tuple[str, str]:
    names = [name.strip() for name in next(csv.reader([text]), [])]
    if len(names) != 2 or not all(names) or names[0] == names[1]:
        raise UsageError(f"--labels {text!r}: expected two different labels, as in --labels tails,heads")
    return names[0], names[1]
