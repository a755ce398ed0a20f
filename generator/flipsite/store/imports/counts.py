"""Counts in place of draws, as papers print them: a table of them into a published study."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

import pyarrow.parquet as pq

from flipsite.domain.counts import PrintedCounts
from flipsite.domain.display import plural
from flipsite.domain.distribution import MOST_OUTCOMES
from flipsite.domain.estimates import MOST_DRAWS
from flipsite.domain.study import Kind
from flipsite.errors import UsageError
from flipsite.files import replacing
from flipsite.project import PRINTED_FILE
from flipsite.settings import dump_counts, load_counts, load_study
from flipsite.store.imports.cells import Labels, is_missing, name_of, number_of, whole_of
from flipsite.store.imports.codings import in_label_order
from flipsite.store.imports.columns import ImportOptions, matches
from flipsite.store.imports.csv import opened_csv
from flipsite.store.imports.files import head_of, is_json, is_parquet, opened_text, reading
from flipsite.store.imports.json_records import json_records, list_inside
from flipsite.store.imports.new_study import DrawFacts, write_study
from flipsite.store.imports.sheet import cell_text

Row = Mapping[str, str | None]

MOST_ROWS = 1_000_000
"""A longer table is refused: it holds draws, or is no table of counts."""

_LABEL_COLUMNS = ("label", "outcome", "side", "answer", "value")
_TOTAL_COLUMNS = ("n", "draws", "total", "valid", "flips", "count")
_TOTALS = frozenset(["total", "totals", "sum", "all", "all models", "overall"])
_COINS: tuple[Labels, ...] = (("tails", "heads"), ("zeros", "ones"))
_PAIRS: tuple[Labels, ...] = (*_COINS, ("0", "1"), ("no", "yes"), ("false", "true"))
_BITS: Mapping[Labels, Labels] = {("zeros", "ones"): ("0", "1")}


@dataclass(frozen=True, slots=True, kw_only=True)
class CountsReport:
    """The result of importing a table of counts.

    Attributes:
        path: The file.
        study: The study's id.
        labels: The labels of outcomes 0 … k − 1.
        added: Counts of models that are new in the study, or replaced there.
        n_there: Models whose counts the study had before.
        n_replaced: Models among those added whose other counts were replaced.
        notes: Sentences on how the table was understood.
    """

    path: Path
    study: str
    labels: Labels
    added: tuple[PrintedCounts, ...]
    n_there: int
    n_replaced: int
    notes: tuple[str, ...]


def import_counts(
    path: Path,
    *,
    folder: Path,
    options: ImportOptions,
    target: object,
    overwrite: bool,
    dry_run: bool,
) -> CountsReport:
    """Add a table's counts to a published study; the study is made where there is none.

    A row holds a model, a label and its count `n`; or a model, a column for each outcome, and all draws `n`;
    of two outcomes one column and `n` suffice.

    Args:
        path: CSV, JSON or Parquet, packed or not.
        folder: The study's folder; its name is the study's id.
        options: Which column is the model or the label, which rows are wanted, and the labels.
        target: The shares that were asked for, in a study that is made here.
        overwrite: Whether the table's counts take the place of other ones of the same model.
        dry_run: Whether all is read and nothing written.

    Raises:
        UsageError: If the table is none of counts, they contradict each other or the study, or the study
            holds draws or figures. Nothing is written then.
        SettingsError: If the study's files are faulty.
    """
    stored, known = _stored(folder)
    with reading(path):
        table = _Table.read(path, options, known=known)
    found = {row.model: row for row in table.counts()}
    total = _total_row(list(found.values()))
    if total is not None:
        del found[total]
    before = {row.model: row for row in stored}
    new = [row for model, row in found.items() if model not in before or not _same(row, before[model])]
    replaced = [row.model for row in new if row.model in before]
    if replaced and not overwrite:
        raise UsageError(
            f"{path}: the study {folder.name!r} has other counts of {replaced[0]} "
            f"({plural(len(replaced), 'such model')}); --replace puts the file's in their place; "
            "or name another study with --study"
        )
    if new and not dry_run:
        most = max(row.n_draws for row in new)
        facts = DrawFacts(
            labels=frozenset([table.labels]), orders=frozenset(), first_asked=None, most_draws=max(1, most)
        )
        write_study(folder, facts, path.name, target=target, kind=Kind.PUBLISHED)
        _write(folder / PRINTED_FILE, stored, new, rewrite=bool(replaced))
    return CountsReport(
        path=path,
        study=folder.name,
        labels=table.labels,
        added=tuple(new),
        n_there=len(found) - len(new),
        n_replaced=len(replaced),
        notes=(*table.notes, *([f"Left out: {total!r}, the sum of the other rows."] if total else [])),
    )


def _total_row(rows: Sequence[PrintedCounts]) -> str | None:
    """The model that is no model but the sum of all others, as tables have it in their last row."""
    for row in rows:
        others = [other for other in rows if other is not row]
        if row.model.casefold().strip(" :") in _TOTALS and len(others) > 1:
            sums = tuple(map(sum, zip(*(other.counts for other in others), strict=True)))
            if sums == row.counts and sum(other.n_draws for other in others) == row.n_draws:
                return row.model
    return None


def _same(row: PrintedCounts, other: PrintedCounts) -> bool:
    return row.counts == other.counts and row.n_draws == other.n_draws


def _stored(folder: Path) -> tuple[tuple[PrintedCounts, ...], Labels | None]:
    """The counts that a study has, and its labels; None for the labels where there is no study yet."""
    if not (folder / "study.toml").exists():
        return (), None
    study = load_study(folder)
    if study.kind is not Kind.PUBLISHED:
        raise UsageError(f"{folder}: a {study.kind} study takes no counts; name another with --study")
    if not (folder / PRINTED_FILE).exists():
        return (), study.prompt.outcomes
    stored = load_counts(folder, n_outcomes=study.prompt.n_outcomes)
    if stored is None:
        raise UsageError(
            f"{folder}: has printed figures, which mix with nothing; name another study with --study"
        )
    return stored, study.prompt.outcomes


def _write(
    path: Path, stored: Sequence[PrintedCounts], new: Sequence[PrintedCounts], *, rewrite: bool
) -> None:
    """Write the counts; those that were there stay as they were written unless one is replaced."""
    names = {row.model for row in new}
    if rewrite:
        text = dump_counts([*(row for row in stored if row.model not in names), *new])
    else:
        before = path.read_text(encoding="utf-8-sig").rstrip("\n") + "\n\n" if path.exists() else ""
        text = before + dump_counts(new)
    with replacing(path) as file:
        file.write(text.encode())


@dataclass(frozen=True, slots=True, kw_only=True)
class _Table:
    """The rows of a table of counts, and what its columns mean.

    Attributes:
        lines: The line, row or record that each row is.
        labels: Of outcomes 0 … k − 1.
        columns: The column of each outcome, None where it follows from the total; empty where a row has one
            label.
        label: The column of labels, where a row has one.
        total: The column of counts of a label, or of all draws.
    """

    path: Path
    rows: Sequence[tuple[str, Row]]
    options: ImportOptions
    labels: Labels
    columns: tuple[str | None, ...]
    label: str | None
    total: str | None
    model: str | None
    source: str | None
    notes: tuple[str, ...]

    @classmethod
    def read(cls, path: Path, options: ImportOptions, *, known: Labels | None) -> "_Table":
        """Read a table and find its columns.

        Args:
            path: The file.
            options: As for `import_counts`.
            known: The labels of the study, where there is one.
        """
        if options.labels and known and options.labels != known:
            raise UsageError(f"{path}: the study's labels are {', '.join(known)}; leave --labels out")
        rows = _wanted(path, options, list(_rows(path, options)))
        names = list(dict.fromkeys(name for _, row in rows for name in row))
        columns = _Columns(path, options, names, rows)
        model, label = columns.model(), columns.label()
        total, source = columns.named(_TOTAL_COLUMNS), columns.named(("source",))
        wanted = options.labels or known
        if label is not None and total is None:
            raise UsageError(
                f"{path}: no column of counts, such as n, beside {label!r}; leave --counts out for draws"
            )
        by_outcome: tuple[str | None, ...] = ()
        if label is not None:
            labels = wanted or columns.labels_in(label)
        else:
            labels, by_outcome = columns.outcomes({model, total, source}, wanted, has_total=total is not None)
        used = {model, label, total, source, *by_outcome}
        return cls(
            path=path,
            rows=rows,
            options=options,
            labels=labels,
            columns=by_outcome,
            label=label,
            total=total,
            model=model,
            source=source,
            notes=_notes([name for name in names if name not in used]),
        )

    def counts(self) -> Iterator[PrintedCounts]:
        """The counts of each model, in the order of the table.

        Raises:
            UsageError: That names the line of a cell that is no count, or a model that is there twice.
        """
        by_label = {label.casefold(): index for index, label in enumerate(self.labels)}
        found: dict[str, dict[int, int]] = {}
        for place, row in self.rows:
            model = self._model(place, row)
            if self.label is None:
                if model in found:
                    raise self._fault(place, f"{model} is there twice; take one row of each with --where")
                found[model] = {}
                yield self._of_row(place, row, model)
                continue
            text = (row.get(self.label) or "").strip()
            outcome = by_label.get(text.casefold())
            if outcome is None:
                raise self._fault(place, f"{text!r} is none of the labels {_list(self.labels)}")
            if outcome in found.setdefault(model, {}):
                raise self._fault(place, f"{model} with {text!r} is there twice; add the two up")
            found[model][outcome] = self._count(place, row, self.total)
        if self.label is not None:
            for model, counts in found.items():
                row_counts = tuple(counts.get(outcome, 0) for outcome in range(len(self.labels)))
                yield PrintedCounts(
                    model=model, counts=row_counts, n_draws=sum(row_counts), source=self.path.name
                )

    def _of_row(self, place: str, row: Row, model: str) -> PrintedCounts:
        known = [None if name is None else self._count(place, row, name) for name in self.columns]
        if self._looks_like_shares():
            raise self._fault(place, "0.0 and 1.0 look like shares; write counts as whole numbers")
        stated = sum(count for count in known if count is not None)
        n_draws = stated if self.total is None else self._count(place, row, self.total)
        if stated > n_draws:
            raise self._fault(place, f"the counts of {model} sum to {stated:,}, of {n_draws:,} draws")
        counts = tuple(n_draws - stated if count is None else count for count in known)
        source = (row.get(self.source) or "").strip() if self.source else ""
        return PrintedCounts(
            model=model, counts=counts, n_draws=n_draws, source=source or f"{self.path.name}, {place}"
        )

    def _looks_like_shares(self) -> bool:
        """Whether all counts of outcomes are 0 or 1, and written with a decimal mark, of more draws."""
        cells = [(row.get(name) or "").strip() for name in self.columns if name for _, row in self.rows]
        totals = [self._count(place, row, self.total) for place, row in self.rows] if self.total else []
        return (
            max(totals, default=0) > 1
            and {number_of(cell) for cell in cells} <= {0.0, 1.0}
            and all("." in cell for cell in cells)
        )

    def _model(self, place: str, row: Row) -> str:
        cell = self.options.model if self.model is None else row.get(self.model)
        if is_missing(cell):
            raise self._fault(place, "names no model")
        return name_of(cell, exact=False)

    def _count(self, place: str, row: Row, name: str | None) -> int:
        cell = row.get(name or "")
        count = _whole(cell, self.options)
        if count is None:
            raise self._fault(
                place, f"{name} {cell or ''!r} is no count; expected a whole number up to {MOST_DRAWS:,}"
            )
        return count

    def _fault(self, place: str, words: str) -> UsageError:
        return UsageError(f"{self.path}: {place}: {words}")


@dataclass(frozen=True, slots=True)
class _Columns:
    """The columns of a table of counts, found by their names."""

    path: Path
    options: ImportOptions
    names: Sequence[str]
    rows: Sequence[tuple[str, Row]]

    def named(self, wanted: Sequence[str]) -> str | None:
        """The first of these names that a column has, whatever its case."""
        by_folded = {name.casefold(): name for name in self.names}
        return next((by_folded[name] for name in wanted if name in by_folded), None)

    def model(self) -> str | None:
        """The column of models; None where `--model` names the model."""
        if self.options.model is not None:
            return None
        theirs = self._mapped("model") or self.named(("model",))
        if theirs is None:
            raise UsageError(
                f"{self.path}: no column 'model'; it has {_list(self.names)}; name it with --column model=…"
            )
        return theirs

    def label(self) -> str | None:
        """The column of labels; None where each outcome has a column."""
        return self._mapped("outcome") or self.named(_LABEL_COLUMNS)

    def labels_in(self, label: str) -> Labels:
        """The labels in a column."""
        found = dict.fromkeys((row.get(label) or "").strip() for _, row in self.rows)
        if "" in found or not 2 <= len(found) <= MOST_OUTCOMES:
            raise UsageError(
                f"{self.path}: {label!r} holds {plural(len(found), 'label')}; expected 2 to "
                f"{MOST_OUTCOMES:,}; name them with --labels A,B or --outcomes A,B,C"
            )
        return in_label_order(list(found))

    def outcomes(
        self, others: set[str | None], labels: Labels | None, *, has_total: bool
    ) -> tuple[Labels, tuple[str | None, ...]]:
        """The labels, and the column of each.

        Args:
            others: Columns that mean something else.
            labels: As the user or the study names them; None to take them from the columns' names.
            has_total: Whether a column says how many draws there are.
        """
        free = [name for name in self.names if name not in others]
        if labels is None:
            labels = self._labels_of(free, has_total=has_total)
        by_folded = {name.casefold(): name for name in free}
        for pair, bits in _BITS.items():
            if labels == bits:
                by_folded |= {
                    bit: by_folded[word]
                    for bit, word in zip(bits, pair, strict=True)
                    if bit not in by_folded and word in by_folded
                }
        columns = tuple(by_folded.get(label.casefold()) for label in labels)
        missing = [label for label, column in zip(labels, columns, strict=True) if column is None]
        if missing and not (has_total and len(missing) == 1 and len(labels) == 2):
            raise UsageError(
                f"{self.path}: no column of counts of {_list(missing)}; it has {_list(self.names)}"
                + ("" if has_total else "; where one of two outcomes is left out, n says how many draws")
            )
        return labels, columns

    def _labels_of(self, free: Sequence[str], *, has_total: bool) -> Labels:
        """The labels that columns are named by; other words than a coin's need a total to check them by."""
        folded = {name.casefold() for name in free}
        for pair in _PAIRS:
            if folded & set(pair) and (pair in _COINS or folded <= set(pair)):
                return _BITS.get(pair, pair)
        counted = [name for name in free if self._holds_counts(name)]
        if has_total and 2 <= len(counted) <= MOST_OUTCOMES:
            return in_label_order(counted)
        raise UsageError(
            f"{self.path}: the outcomes are not clear; it has {_list(self.names)}; "
            "name the labels with --labels A,B or --outcomes A,B,C"
        )

    def _holds_counts(self, name: str) -> bool:
        cells = [row.get(name) for _, row in self.rows]
        return all(_whole(cell, self.options) is not None for cell in cells)

    def _mapped(self, ours: str) -> str | None:
        theirs = dict(self.options.columns).get(ours)
        if not theirs:
            return None
        if theirs[0] not in self.names:
            raise UsageError(f"{self.path}: no column {theirs[0]!r}; it has {_list(self.names)}")
        return theirs[0]


def _whole(cell: str | None, options: ImportOptions) -> int | None:
    """The count that a cell holds, such as 27 or 27.0; None where it holds none."""
    return whole_of(number_of(cell, decimal=options.decimal), most=MOST_DRAWS)


def _notes(unused: Sequence[str]) -> tuple[str, ...]:
    if not unused:
        return ()
    return (f"Not used: {plural(len(unused), 'column')} ({_list(unused)}).",)


def _list(names: Sequence[str]) -> str:
    shown = ", ".join(repr(name[:40]) for name in names[:12]) or "none"
    return shown if len(names) <= 12 else f"{shown} and {len(names) - 12:,} more"


def _wanted(path: Path, options: ImportOptions, rows: list[tuple[str, Row]]) -> list[tuple[str, Row]]:
    """The rows that fit `--where`."""
    for name, _ in options.where:
        if not any(name in row for _, row in rows):
            raise UsageError(f"{path}: no column {name!r} for --where")
    filled = [each for each in rows if any((cell or "").strip() for cell in each[1].values())]
    found = [each for each in filled if all(matches(each[1].get(name), text) for name, text in options.where)]
    if not found:
        raise UsageError(f"{path}: no row of counts; expected a model and its counts in each")
    return found


def _rows(path: Path, options: ImportOptions) -> Iterator[tuple[str, Row]]:
    """The rows of a table with all their cells, and the words for the place of each."""
    if is_parquet(head_of(path)):
        with pq.ParquetFile(path, page_checksum_verification=True) as file:
            if file.metadata.num_rows > MOST_ROWS:
                raise _too_long(path)
            records = file.read().to_pylist()
        for number, record in enumerate(records, start=1):
            yield f"row {number}", {name: cell_text(value) for name, value in record.items()}
        return
    with opened_text(path, encoding=options.encoding) as text:
        model = "" if options.model else next(iter(options.mapping["model"]), "")
        found = _json_rows(path, text) if is_json(path, text) else _csv_rows(path, text, model)
        for number, (line, row) in enumerate(found, start=1):
            if number > MOST_ROWS:
                raise _too_long(path)
            yield f"line {line}", row


def _too_long(path: Path) -> UsageError:
    return UsageError(f"{path}: more than {MOST_ROWS:,} rows; import draws without --counts")


def _csv_rows(path: Path, text: TextIO, model: str) -> Iterator[tuple[int, Row]]:
    with opened_csv(path, text, wanted=None, needed=[model] if model else ()) as found:
        for piece in found.pieces:
            columns = (cells.to_pylist() for cells in piece.cells)
            for line, *cells in zip(piece.lines, *columns, strict=True):
                yield line, dict(zip(found.columns, cells, strict=True))


def _json_rows(path: Path, text: TextIO) -> Iterator[tuple[int, Row]]:
    for line, record in json_records(path, text):
        if not isinstance(record, dict):
            raise UsageError(f"{path}: line {line} {record}")
        for entry in list_inside(path, record) or [record]:
            yield line, {name: cell_text(value) for name, value in entry.items()}
