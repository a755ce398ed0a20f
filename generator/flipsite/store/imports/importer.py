"""Somebody's file into a study: read, added to the snapshot, and remembered there.

The snapshot's own metadata say which files it holds, so that draws and record change together: a second
import of a file changes nothing, and one that was killed is repaired by running it again.
"""

import json
import logging
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass, field, replace
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from flipsite.domain.draws import STATUSES, Status
from flipsite.domain.progress import Progress, unwatched
from flipsite.domain.study import Kind, Study
from flipsite.errors import StoreError, UsageError
from flipsite.project import SNAPSHOT, snapshot_files
from flipsite.settings import load_study
from flipsite.store.imports.columns import ImportOptions, match_case
from flipsite.store.imports.files import sha256_of
from flipsite.store.imports.logs import model_beside
from flipsite.store.imports.new_study import DrawFacts, check_target, facts_of, facts_of_files, write_study
from flipsite.store.imports.placement import REFUSE, RepeatPolicy, place_draws
from flipsite.store.imports.problems import Problem
from flipsite.store.imports.rows import Rows, rows_of, targets_of
from flipsite.store.imports.sheet import Sheet, read_sheet
from flipsite.store.imports.survey import BITS, AnswerReader
from flipsite.store.snapshot.assemble import appended, without_rows
from flipsite.store.snapshot.parquet import write_draws
from flipsite.store.snapshot.read import draws_of_table, read_draws, read_notes
from flipsite.store.snapshot.shards import merge_shard, shards_in
from flipsite.store.snapshot.write import MOST_IN_A_FILE, add_parts

_NOTE = "flipsite_imports"
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportReport:
    """The outcome of one file's import.

    Attributes:
        path: The file.
        study: The study's id.
        already: Whether the study held the file before; then nothing changed and no row was read.
        n_rows: Rows of the file.
        n_filtered: Rows that `--where` left out.
        n_lost: Rows that could not be kept: no model is named, or the line is no row.
        n_there: Draws that the study had before; they were left out.
        n_repeated: Rows that repeat a draw of the file; they were left out.
        n_replaced: Draws of the study that were replaced.
        by_status: Draws added, by status.
        models: The models of the rows kept.
        reading: How the outcome column was understood.
        from_answers: Whether outcomes were read from the models' answers.
        per_answer: Draws in an answer, as most answers have them.
        n_contradictions: Rows whose response names the other label than their outcome.
        n_rounded: Rows whose outcome was rounded to a whole number.
        numbered: Whether the draws carry the file's own numbers.
        n_problems: Everything that could not be read.
        problems: The first ten of them.
        unit: What their numbers count: a `line` of the file, or (Parquet) a `row`.
        shards: The shards of a collection that the file is; empty of any other file.
        missing: Shards that the study still lacks.
        notes: Sentences on how the file was understood beyond its outcomes.
        reasons: What could not be read, by kind, and how often.
        preview: The first draws as they would be stored, of a dry run, which writes nothing.
    """

    path: Path
    study: str
    already: bool
    n_rows: int = 0
    n_filtered: int = 0
    n_lost: int = 0
    n_there: int = 0
    n_repeated: int = 0
    n_replaced: int = 0
    by_status: Mapping[Status, int]
    models: tuple[str, ...] = ()
    reading: str = ""
    from_answers: bool = False
    per_answer: int = 1
    n_contradictions: int = 0
    n_rounded: int = 0
    numbered: bool = False
    n_problems: int = 0
    problems: tuple[Problem, ...] = ()
    unit: str = "line"
    shards: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    reasons: Mapping[str, int] = field(default_factory=dict)
    preview: tuple[Mapping[str, Any], ...] = ()


def import_file(
    path: Path,
    *,
    folder: Path,
    options: ImportOptions,
    target: object = None,
    read_answer: AnswerReader | None = None,
    repeats: RepeatPolicy = REFUSE,
    dry_run: bool = False,
    progress: Progress = unwatched,
) -> ImportReport:
    """Add a file's rows to a study's draws; the study is made where there is none.

    Args:
        path: CSV, JSON or Parquet, packed or not.
        folder: The study's folder; its name is the study's id.
        options: Which of the file's columns mean what, and which rows are wanted.
        target: The shares that were asked for, in a study that is made here: as `target` in `study.toml`;
            None for equal ones.
        read_answer: Reads the answers of a file that has no outcomes.
        repeats: What becomes of draws that the study may have already.
        dry_run: Whether all is read and nothing written.
        progress: Told of what is read and written.

    Raises:
        UsageError: If the file, or a column of it, is not what it should be, no row can be read, the study is
            not a measured one, or the file was imported otherwise before. Nothing is written then.
        StoreError: If the study's snapshot cannot be read or written.
    """
    if _is_shard(path):
        return _merged(path, folder)
    plan = _ImportPlan(
        path=path,
        sha256=sha256_of(path),
        folder=folder,
        options=options,
        target=target,
        read_answer=read_answer,
        repeats=repeats,
        dry_run=dry_run,
    )
    if report := _known(plan):
        return report
    with read_sheet(path, options, progress=progress) as sheet:
        return _import(sheet, plan)


def import_by_target(
    path: Path,
    *,
    column: str,
    options: ImportOptions,
    folder_of: Callable[[float], Path],
    read_answer: AnswerReader | None,
    repeats: RepeatPolicy,
    dry_run: bool,
    progress: Progress,
) -> list[ImportReport]:
    """Add a file's rows to one study a target, in the order of the targets; the file is read once.

    Args:
        path: As for `import_file`.
        column: The file's column of targets: shares, or, where one is above 1, per cent.
        options: Which of the file's columns mean what, and which rows are wanted.
        folder_of: The folder of a target's study.
        read_answer: As for `import_file`.
        repeats: As for `import_file`.
        dry_run: As for `import_file`.
        progress: As for `import_file`.

    Raises:
        UsageError: As `import_file`, or if the file's targets cannot be read; nothing is written then.
        StoreError: As `import_file`.
    """
    sha256 = sha256_of(path)
    wanted = replace(options, where=(*options.where, (column, "")))
    with read_sheet(path, wanted, progress=progress) as sheet:
        spelled, _ = match_case(replace(options, where=((column, ""), *options.where)), sheet.names)
        (theirs, _), *where = spelled.where
        targets = targets_of(sheet, theirs, replace(spelled, where=tuple(where)))
        plans = [
            _ImportPlan(
                path=path,
                sha256=sha256,
                folder=folder_of(target),
                options=replace(options, where=tuple(sorted((*options.where, (column, text))))),
                target=target,
                read_answer=read_answer,
                repeats=repeats,
                dry_run=dry_run,
            )
            for target, text in sorted(targets.items())
        ]
        for plan in plans[1:]:  # whatever forbids one target is found before another one is written
            _known(plan) or _import(sheet, replace(plan, dry_run=True))
        return [_known(plan) or _import(sheet, plan) for plan in plans]


@dataclass(frozen=True, slots=True, kw_only=True)
class _ImportPlan:
    """One file of an import: its study, its folder, its options."""

    path: Path
    sha256: str
    folder: Path
    options: ImportOptions
    target: object
    read_answer: AnswerReader | None
    repeats: RepeatPolicy
    dry_run: bool

    @property
    def record(self) -> dict[str, Any]:
        """The record of it that the snapshot keeps."""
        options = self.options
        model = options.model or _model_of_samples(self.path)
        later: dict[str, Any] = {"decimal": options.decimal, "encoding": options.encoding, "model": model}
        later |= {"source": None if options.source == "auto" else options.source}
        later |= {"round": options.rounds or None}
        return {
            "file": self.path.name,
            "sha256": self.sha256,
            "columns": [[ours, *theirs] for ours, theirs in options.columns],
            "where": [list(condition) for condition in options.where],
            "labels": options.labels and list(options.labels),
        } | {name: value for name, value in later.items() if value not in {None, "."}}

    def describe(self, facts: DrawFacts, records: Sequence[Mapping[str, Any]]) -> None:
        """Write the study's description, where there is none, after the first file that it holds."""
        write_study(
            self.folder, facts, records[0]["file"], target=self.target, requests=self.options.requests
        )

    @property
    def parts(self) -> str:
        """The name of the parts of a file, among those of others."""
        return f"import={self.sha256[:12]}"

    @property
    def study(self) -> Study | None:
        """The study, where it is described already."""
        return load_study(self.folder) if (self.folder / "study.toml").exists() else None


def _known(plan: _ImportPlan) -> ImportReport | None:
    """The report of a file that the study holds already; None where it does not."""
    folder = plan.folder
    _check_kind(folder)
    records = _records(folder)
    if not _is_known(plan, records):
        return None
    if not plan.dry_run and not (folder / "study.toml").exists():
        plan.describe(facts_of_files(snapshot_files(folder)), records)
    return ImportReport(path=plan.path, study=folder.name, already=True, by_status={})


def _import(sheet: Sheet, plan: _ImportPlan) -> ImportReport:
    options, notes = match_case(plan.options, sheet.names)
    if options.labels is not None:
        check_target(plan.target, len(options.labels))
    study = plan.study
    if study is not None and not set(options.mapping["labels"]) & set(sheet.names):
        options = _with_labels(options, study, plan)
    rows = rows_of(
        sheet,
        options,
        read_answer=plan.read_answer,
        labels=study.prompt.outcomes if study else None,
        per_answer=study.sampling.per_answer if study else 1,
    )
    with closing(rows.runs):
        if study is None:
            check_target(plan.target, max(map(len, rows.labels), default=2))
        files = snapshot_files(plan.folder)
        placed = place_draws(
            rows,
            files,
            path=plan.path,
            folder=plan.folder,
            repeats=plan.repeats,
        )
        by_status = Counter[Status]()
        merged = rows.runs.tables(study=plan.folder.name, shift=placed.shift)
        tables = _counted(merged, by_status, n_all=len(rows.runs), progress=sheet.progress)
        first = next(tables, None)
        preview = tuple(first.slice(0, PREVIEWED).to_pylist()) if first is not None and plan.dry_run else ()
        if first is None or plan.dry_run:
            for _ in tables:
                pass
        elif files in ((), (plan.folder / SNAPSHOT,)) and len(rows.runs) <= MOST_IN_A_FILE:
            _append([first, *tables], plan, files, without=placed.replaced)
        else:
            _add_parts(chain([first], tables), rows, plan, files)
    report = ImportReport(
        path=sheet.path,
        study=plan.folder.name,
        already=False,
        n_rows=sheet.n_rows + sheet.n_lost,
        n_filtered=rows.n_filtered,
        n_lost=rows.n_lost,
        n_there=placed.n_there,
        n_repeated=rows.n_repeated,
        n_replaced=len(placed.replaced),
        by_status={status: by_status[status] for status in STATUSES if by_status[status]},
        models=rows.models,
        reading=rows.reading,
        from_answers=rows.from_answers,
        n_contradictions=rows.n_contradictions,
        n_rounded=rows.n_rounded,
        numbered=rows.numbered,
        n_problems=rows.problems.n,
        problems=rows.problems.first,
        reasons=rows.problems.reasons,
        unit=sheet.unit,
        per_answer=rows.per_answer,
        notes=(*sheet.notes, *_request_notes(options), *notes, *rows.notes, *placed.notes),
        preview=preview,
    )
    _log.info("%s: %d rows read, %d kept", plan.path, report.n_rows, sum(report.by_status.values()))
    return report


def _with_labels(options: ImportOptions, study: Study, plan: _ImportPlan) -> ImportOptions:
    """The options for a file without labels of its own: it has those of the study.

    Raises:
        UsageError: If `--labels` names others than the study's.
    """
    prompt = study.prompt
    if prompt.labels != "fixed" or options.labels == prompt.outcomes:
        return options
    if options.labels is not None:
        raise UsageError(
            f"{plan.path}: the labels of study {study.id!r} are {', '.join(prompt.outcomes)}, and not "
            f"{', '.join(options.labels)}; leave --labels out, or name another study with --study"
        )
    return options if prompt.outcomes == BITS else replace(options, labels=prompt.outcomes)


def _request_notes(options: ImportOptions) -> tuple[str, ...]:
    return () if options.requests is None else (options.requests.note,)


PREVIEWED = 10
"""Draws that a dry run shows."""


def _counted(
    tables: Iterator[pa.Table], by_status: Counter[Status], *, n_all: int, progress: Progress
) -> Iterator[pa.Table]:
    """The same tables, their draws counted by status, and all of them by the progress."""
    for table in tables:
        progress("stored draw", by_status.total(), n_all)
        for each in pc.value_counts(table["status"]).to_pylist():
            by_status[Status(each["values"])] += each["counts"]
        yield table


def _append(
    tables: Sequence[pa.Table], plan: _ImportPlan, files: Sequence[Path], *, without: NDArray[np.int64]
) -> None:
    """Add draws to a snapshot that is one file, in place of some of its rows."""
    folder, draws = plan.folder, draws_of_table(plan.path, pa.concat_tables(tables))
    records = _with_record(_records(folder), plan, n_draws=len(draws), n_models=len(draws.models))
    if files:
        draws = appended(without_rows(read_draws(folder / SNAPSHOT), without), draws)
    write_draws(folder / SNAPSHOT, draws, study=folder.name, notes=_notes(records))
    plan.describe(facts_of(draws), records)


def _add_parts(tables: Iterator[pa.Table], rows: Rows, plan: _ImportPlan, files: Sequence[Path]) -> None:
    """Add draws in parts of their own."""
    folder = plan.folder
    facts = DrawFacts(
        labels=rows.labels,
        orders=rows.orders,
        first_asked=rows.first_asked,
        most_draws=max(rows.n_draws, default=1),
        per_answer=rows.per_answer,
    )
    records = _with_record([], plan, n_draws=len(rows.runs), n_models=len(rows.models))
    plan.describe(facts, _records(folder) or [plan.record])
    add_parts(folder, tables, name=plan.parts, notes=_notes(records))


def _with_record(
    records: list[dict[str, Any]], plan: _ImportPlan, *, n_draws: int, n_models: int
) -> list[dict[str, Any]]:
    """The records with that of a file, and how much it brought."""
    record = plan.record
    key = record["sha256"], record.get("model")
    others = [each for each in records if (each["sha256"], each.get("model")) != key]
    return [*others, record | {"brought": {"draws": n_draws, "models": n_models}}]


def _is_shard(path: Path) -> bool:
    with suppress(StoreError):
        return bool(shards_in(path))
    return False  # the file is damaged, as its reader will say


def _merged(path: Path, folder: Path) -> ImportReport:
    merge = merge_shard(path, folder=folder)
    return ImportReport(
        path=path,
        study=folder.name,
        already=merge.already,
        n_rows=sum(merge.by_status.values()),
        by_status=merge.by_status,
        models=merge.models,
        numbered=True,
        unit="row",
        shards=tuple(map(str, merge.shards)),
        missing=tuple(map(str, merge.missing)),
    )


def _check_kind(folder: Path) -> None:
    if (folder / "study.toml").exists():
        kind = load_study(folder).kind
        if kind != Kind.MEASURED:
            raise UsageError(f"{folder}: a {kind} study takes no imported draws; name another with --study")


def _records(folder: Path) -> list[dict[str, Any]]:
    """Which files were imported into a study, in the order of its snapshot's files."""
    records: dict[str, dict[str, Any]] = {}
    for path in snapshot_files(folder):
        records |= {
            f"{each['sha256']} {each.get('model')}": each
            for each in json.loads(read_notes(path).get(_NOTE, "[]"))
        }
    return list(records.values())


def _model_of_samples(path: Path) -> str | None:
    """The model that lm-eval's results file beside these samples names."""
    if not path.name.startswith("samples_"):
        return None
    with suppress(UsageError):
        return model_beside(path)
    return None


def _notes(records: list[dict[str, Any]]) -> dict[str, str]:
    return {_NOTE: json.dumps(records, ensure_ascii=False, sort_keys=True, separators=(",", ":"))}


def _is_known(plan: _ImportPlan, records: list[dict[str, Any]]) -> bool:
    """Whether the same bytes were imported before, and in the same way."""
    sampled = _model_of_samples(plan.path)  # two models may have given the very same samples
    for known in records:
        if known["sha256"] == plan.sha256 and (sampled is None or known.get("model") == sampled):
            if {**known, "file": "", "brought": None} == {**plan.record, "file": "", "brought": None}:
                return True
            if plan.repeats.replace:
                return False
            raise UsageError(
                f"{plan.path}: imported into {plan.folder.name!r} before with other options; "
                f"--replace puts its draws in their place, or remove {plan.folder / SNAPSHOT} to import it "
                "anew, or name another study with --study"
            )
    return False
