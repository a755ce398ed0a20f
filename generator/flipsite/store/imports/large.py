"""A file of very many rows as draws: those that a small one of the same rows gives, within bounded memory."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from flipsite.domain.draws import STATUSES, Status
from flipsite.errors import UsageError
from flipsite.store.exports import COLUMNS
from flipsite.store.imports.cells import Pair, name_of
from flipsite.store.imports.columns import ImportOptions
from flipsite.store.imports.files import Sheet
from flipsite.store.imports.outcomes import RowOutcomes
from flipsite.store.imports.rows import Problem, Reader, name_fault, none_readable, none_wanted
from flipsite.store.imports.staging import PLAIN, Stage, Tables, cell_of
from flipsite.store.snapshot.columns import SCHEMA, labels_text

MOST_ALIKE = 300_000
"""Most combinations of outcome, labels, order, status and last line of an answer that are read."""

PROBLEMS_KEPT = 10
"""Of what could not be read, so many are told."""

_TOGETHER = ("outcome", "labels", "order", "status")
_ALIKE = ("labels", "order", "outcome", "status")
_FLAW = ""
"""Stands among the columns of a file, none of which is called so, for what is wrong with a row."""

_LAST_LINE = r"""CASE WHEN length({0}) <= 40 THEN {0} ELSE '…' || chr(10) || coalesce(
    [CASE WHEN length(line) > 80 THEN '…' ELSE line END for line in string_split({0}, chr(10))
     if NOT regexp_full_match(line, '\s*') AND NOT regexp_matches(line, '^\s*```')][-1], '') END"""
"""What an answer may be told a label by: the whole of a short one, of a longer one its last line."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LargeRows:
    """The draws of a large file, in its database, and how the reading went.

    Attributes:
        tables: The file's cells and what they mean.
        models: Sorted.
        n_draws: Of each model.
        by_status: Rows kept, by status.
        pairs: The labels that stand in them.
        orders: Their orders; -1 where unknown.
        first_asked: When the first was asked; None where that is not told.
        reading: How the outcome column was understood.
        n_contradictions: Rows whose response names the other side.
        n_filtered: Rows that `--where` left out.
        n_lost: Rows that name no model, and lines that are no row.
        n_problems: What could not be read.
        problems: The first of it, by line.
        numbered: Whether the draws carry the file's own numbers.
    """

    tables: Tables
    models: tuple[str, ...]
    n_draws: tuple[int, ...]
    by_status: Mapping[Status, int]
    pairs: frozenset[Pair]
    orders: frozenset[int]
    first_asked: str | None
    reading: str
    n_contradictions: int
    n_filtered: int
    n_lost: int
    n_problems: int
    problems: tuple[Problem, ...]
    numbered: bool

    def draws(self, *, study: str, last: Mapping[str, int]) -> Iterator[pa.Table]:
        """The draws by model and number, as the snapshot's columns, some at a time.

        Args:
            study: The study's id.
            last: The last number that each model's draws have in the study. Where one of a model's new
                numbers is not beyond it, all of them follow it.
        """
        following = np.array([last.get(model, -1) + 1 for model in self.models], np.int64)
        if self.numbered:
            following[self._first_draws() >= following] = 0
        names = pa.array(self.models, pa.string())
        question = _question(self.tables, numbered=self.numbered)
        for batch in self.tables.stream(question):
            model = batch["model"].to_numpy()
            draw = batch["draw"].to_numpy() + following[model] if self.numbered else _next(model, following)
            columns = dict(zip(batch.schema.names, batch.columns, strict=True))
            columns |= {"model": names.take(batch["model"]), "draw": pa.array(draw)}
            columns["study"] = pa.repeat(pa.scalar(study), len(draw))
            yield pa.table([columns[name] for name in SCHEMA.names], names=SCHEMA.names).cast(SCHEMA)

    def _first_draws(self) -> NDArray[np.int64]:
        draw, joins = self.tables.value("draw"), self.tables.joins("draw")
        first = f"SELECT min({draw}) FROM draws {joins} GROUP BY model ORDER BY model"
        return np.array([row[0] for row in self.tables.execute(first)], np.int64)


def large_rows(stage: Stage, options: ImportOptions) -> LargeRows:
    """Read the wanted rows of a large file whose columns were checked.

    What was made of another choice of its rows is gone then.

    Raises:
        UsageError: If not one of them can be read.
    """
    tables = Tables(stage=stage, options=options)
    n_wanted = tables.make_wanted()
    if not n_wanted:
        raise UsageError(none_wanted(stage.path, stage.n_rows - stage.n_lost))
    n_draws = _make_models(tables)
    drawn, order, status, n_rows = _make_alike(tables, n_wanted=n_wanted)
    for ours in PLAIN:
        tables.make_read(ours)
    n_problems, problems = tables.problems(most=PROBLEMS_KEPT)
    lost = [Problem(line=line, text=text) for line, text in stage.lost]
    by_status = {one: int(n_rows[status == code].sum()) for code, one in enumerate(STATUSES)}
    asked = f"SELECT min({tables.value('asked_at')}) FROM draws {tables.joins('asked_at')}"
    return LargeRows(
        tables=tables,
        models=tuple(n_draws),
        n_draws=tuple(n_draws.values()),
        by_status={one: n for one, n in by_status.items() if n},
        pairs=frozenset(pair for pair in drawn.labels if pair is not None),
        orders=frozenset(order.tolist()),
        first_asked=tables.one(asked),
        reading=drawn.reading,
        n_contradictions=drawn.n_contradictions,
        n_filtered=stage.n_rows - stage.n_lost - n_wanted,
        n_lost=stage.n_lost + n_wanted - sum(n_draws.values()),
        n_problems=n_problems + stage.n_lost,
        problems=tuple(sorted([*problems, *lost])[:PROBLEMS_KEPT]),
        numbered=_is_numbered(tables),
    )


def _make_models(tables: Tables) -> dict[str, int]:
    """The view `draws`, of the wanted rows that name a model, by its place; returns how many of each."""
    (column,) = tables.columns_of("model")
    cell, exact = f"coalesce({column}, 'null')", tables.stage.names == COLUMNS
    counted = tables.execute(f"SELECT {cell}, count(*) FROM wanted GROUP BY 1")
    named = [(text, name_of(cell_of(text), exact=exact), n) for text, n in counted]
    faults = [name_fault(name) for _, name, _ in named]
    n_draws = dict.fromkeys(sorted({name for _, name, _ in named if name_fault(name) is None}), 0)
    place = {name: index for index, name in enumerate(n_draws)}
    for _, name, n in named:
        if name in n_draws:
            n_draws[name] += n
    tables.execute("CREATE OR REPLACE TABLE models (cell VARCHAR, model BIGINT, fault VARCHAR)")
    tables.insert("models", [text for text, _, _ in named], [place.get(name) for _, name, _ in named], faults)
    tables.execute(
        "CREATE OR REPLACE VIEW draws AS SELECT wanted.*, models.model FROM wanted"
        f" JOIN models ON {cell} = models.cell WHERE models.model IS NOT NULL"
    )
    tables.faults.append(
        f"SELECT n, fault AS text FROM wanted JOIN models ON {cell} = models.cell WHERE fault IS NOT NULL"
    )
    return n_draws


def _make_alike(
    tables: Tables, *, n_wanted: int
) -> tuple[RowOutcomes, NDArray[np.int8], NDArray[np.int8], NDArray[np.int64]]:
    """The table `alike`, of what rows drew, once for all that read the same.

    Returns:
        What they drew, their orders, their statuses, and how many rows each stands for.
    """
    keys, cells, n_rows = _alike(tables)
    told = dict(zip(keys, cells, strict=True))
    flaws = told.pop(_FLAW, [])
    sheet = Sheet(
        path=tables.stage.path,
        names=tables.stage.names,
        cells={name: [cell_of(text) for text in texts] for name, texts in told.items()},
        lines=list(range(len(n_rows))),
        faults={row: flaw for row, flaw in enumerate(flaws) if flaw},
        unit=tables.stage.unit,
    )
    reader = Reader(sheet=sheet, options=tables.options, rows=sheet.lines, weights=n_rows)
    drawn, status, n_readable = reader.outcomes()
    order = reader.orders() if "order" in reader.there else drawn.order
    labels = [None if pair is None else labels_text(pair) for pair in drawn.labels]
    valid = status == STATUSES.index(Status.VALID)
    kinds = "".join(f"k{index} VARCHAR, " for index in range(len(keys)))
    tables.execute(
        f'CREATE OR REPLACE TABLE alike ({kinds} alike BIGINT, labels VARCHAR, "order" TINYINT,'
        " outcome TINYINT, status VARCHAR)"
    )
    tables.insert(
        "alike",
        *cells,
        sheet.lines,
        labels,
        [None if each < 0 else each for each in order.tolist()],
        [each if is_valid else None for each, is_valid in zip(drawn.outcome.tolist(), valid, strict=True)],
        [STATUSES[code].value for code in status.tolist()],
    )
    tables.execute("CREATE OR REPLACE TABLE unlike (alike BIGINT, fault VARCHAR)")
    unlike = reader.problems
    tables.insert("unlike", [problem.line for problem in unlike], [problem.text for problem in unlike])
    tables.faults.append(
        f"SELECT n, fault AS text FROM draws JOIN alike ON {_same(keys)} JOIN unlike USING (alike)"
    )
    if not n_readable:
        _, (first,) = tables.problems(most=1)
        raise UsageError(none_readable(sheet, first, n_rows=n_wanted))
    tables.alike = _same(keys)
    return drawn, order, status, np.array(n_rows, np.int64)


def _alike(tables: Tables) -> tuple[dict[str, str], list[list[str | None]], list[int]]:
    """What rows say together: columns of the file with SQL of their cells, the cells, and how many rows each.

    What is first in the file is first. An answer counts by what can tell a label; where even so hardly any
    two answers are alike, and no label has to be told by them, they are left out.

    Raises:
        UsageError: If hardly any two rows are alike.
    """
    mapping, there = tables.options.mapping, tables.stage.columns
    theirs = dict.fromkeys(name for ours in _TOGETHER for name in mapping[ours])
    keys = {name: there[name] for name in theirs if name in there}
    if tables.stage.flawed:
        keys[_FLAW] = "flaw"
    tries = [keys]
    for name in mapping["response"]:
        if name in there and name not in keys:
            text = f"coalesce(json_extract_string({there[name]}, '$'), '')"
            answers = {**keys, name: f"to_json({_LAST_LINE.format(text)})::VARCHAR"}
            by_place = len(tables.columns_of("labels")) == 2 or tables.options.labels is not None
            tries = [answers] if by_place else [answers, keys]
    for columns in tries:
        question = f"SELECT {', '.join(columns.values())}, count(*), min(n) FROM draws GROUP BY ALL"
        found = tables.execute(f"{question} ORDER BY min(n) LIMIT {MOST_ALIKE + 1}")
        if len(found) <= MOST_ALIKE:
            *cells, n_rows, _ = zip(*found, strict=True) if found else [()] * (len(columns) + 2)
            return columns, [list(column) for column in cells], list(n_rows)
    raise UsageError(
        f"{tables.stage.path}: its labels and answers are too various to be read at once; "
        "split the file, and import one piece after the other"
    )


def _same(keys: Mapping[str, str]) -> str:
    """SQL that joins `draws` with `alike`."""
    return " AND ".join(f"{cell} IS NOT DISTINCT FROM k{index}" for index, cell in enumerate(keys.values()))


def _is_numbered(tables: Tables) -> bool:
    """Whether every draw has a number of the file's, and no model has one twice."""
    draw, joins = tables.value("draw"), tables.joins("draw")
    if not tables.columns_of("draw") or tables.one(f"SELECT count(*) != count({draw}) FROM draws {joins}"):
        return False
    twice = f"SELECT 1 FROM draws {joins} GROUP BY model, {draw} HAVING count(*) > 1"
    return bool(tables.one(f"SELECT NOT EXISTS ({twice})"))


def _question(tables: Tables, *, numbered: bool) -> str:
    """SQL of the draws by model and number; without numbers, as they stand in the file."""
    draw = tables.value("draw") if numbered else "n"
    ours = [f"{tables.value(name)} AS {name}" for name in PLAIN if name != "draw"]
    alike = [f'alike."{name}"' for name in _ALIKE]
    return (
        f"SELECT draws.model, {draw} AS draw, {', '.join([*alike, *ours])} FROM draws"
        f" JOIN alike ON {tables.alike} {tables.joins(*PLAIN)} ORDER BY draws.model, {draw}"
    )


def _next(model: NDArray[np.int64], following: NDArray[np.int64]) -> NDArray[np.int64]:
    """Numbers for some draws, sorted by model, counting on in `following`."""
    found, starts, counts = np.unique(model, return_index=True, return_counts=True)
    numbers = np.arange(len(model)) - np.repeat(starts - following[found], counts)
    following[found] += counts
    return numbers
