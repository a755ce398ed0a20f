"""Somebody's file into a study: read, added to the snapshot, and remembered there.

The snapshot's own metadata say which files it holds, so that draws and record change together: a second
import of a file changes nothing, and one that was killed is repaired by running it again.

The description of a study that is made of somebody's draws: as much as they tell.
"""

import json
import logging
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from flipsite.domain.draws import Draws, Status
from flipsite.domain.study import UNKNOWN_PROMPT, Budget, Kind, ModelChoice, Prompt, Sampling, Study
from flipsite.errors import UsageError
from flipsite.files import replacing
from flipsite.project import SNAPSHOT, snapshot_files
from flipsite.settings import dump_study, load_study
from flipsite.store.imports.cells import Labels
from flipsite.store.imports.columns import ImportOptions, match_case
from flipsite.store.imports.files import sha256_of
from flipsite.store.imports.rows import Rows, rows_of, targets_of
from flipsite.store.imports.sheet import Sheet, read_sheet
from flipsite.store.imports.survey import AnswerReader, Problem
from flipsite.store.snapshot.columns import SCHEMA, appended
from flipsite.store.snapshot.read import (
    draws_of_table,
    model_extents,
    read_draws,
    read_notes,
    write_draws,
)
from flipsite.store.snapshot.shards import merge_shard, shards_in
from flipsite.store.snapshot.write import MOST_IN_A_FILE, add_parts


@dataclass(frozen=True, slots=True, kw_only=True)
class DrawFacts:
    """What draws tell of how they were asked.

    Attributes:
        labels: The labels that stand in them.
        orders: The indices of the labels named first; -1 where unknown.
        first_asked: When the first was asked.
        most_draws: Of any model.
    """

    labels: frozenset[Labels]
    orders: frozenset[int]
    first_asked: str | None
    most_draws: int


def facts_of(draws: Draws) -> DrawFacts:
    """What all of some draws tell."""
    return DrawFacts(
        labels=frozenset(tuple(json.loads(text)) for text in set(draws.labels) if text is not None),
        orders=frozenset(draws.order.tolist()),
        first_asked=min((moment for moment in draws.asked_at if moment is not None), default=None),
        most_draws=max((int(n) for n in np.diff(draws.starts)), default=1),
    )


def facts_of_files(files: Sequence[Path]) -> DrawFacts:
    """What the draws of a whole snapshot tell, read a file at a time; errors as for `read_draws`."""
    told = [facts_of(read_draws(path)) for path in files]
    return DrawFacts(
        labels=frozenset(labels for each in told for labels in each.labels),
        orders=frozenset(order for each in told for order in each.orders),
        first_asked=min((each.first_asked for each in told if each.first_asked is not None), default=None),
        most_draws=max((extent.draws for extent in model_extents(files).values()), default=1),
    )


def write_study(folder: Path, facts: DrawFacts, source: str, *, target: float) -> None:
    """Describe the study as far as its draws tell; a description that is there stays."""
    if (folder / "study.toml").exists():
        return
    with replacing(folder / "study.toml") as file:
        file.write(dump_study(_study(folder.name, facts, source, target=target)).encode())


def _study(study_id: str, facts: DrawFacts, source: str, *, target: float) -> Study:
    only = next(iter(facts.labels)) if len(facts.labels) == 1 else ("0", "1")
    folded = {label.strip().casefold() for label in only}
    plain = "" not in folded and len(folded) == len(only)
    return Study(
        id=study_id,
        title=study_id.replace("-", " ").capitalize(),
        kind=Kind.MEASURED,
        summary=f"Draws of others, imported from {source}.",
        source=source,
        started=facts.first_asked[:10] if facts.first_asked else None,
        prompt=Prompt(
            template=UNKNOWN_PROMPT,
            shares=(1 - target, target),
            labels="fixed" if len(facts.labels) <= 1 else "random",
            outcomes=only if plain else ("0", "1"),
            orders="both" if facts.orders >= {0, 1} else "one",
        ),
        sampling=Sampling(draws=facts.most_draws),
        models=ModelChoice(),
        budget=Budget(),
    )


_NOTE = "flipsite_imports"
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportReport:
    """What became of a file.

    Attributes:
        path: The file.
        study: The study's id.
        already: Whether the study held the file before; then nothing changed and no row was read.
        n_rows: Rows of the file.
        n_filtered: Rows that `--where` left out.
        n_lost: Rows that could not be kept: no model is named, or the line is no row.
        by_status: Rows kept, by status.
        models: The models of the rows kept.
        reading: How the outcome column was understood.
        from_answers: Whether outcomes were read from the models' answers.
        n_contradictions: Rows whose response names the other label than their outcome.
        numbered: Whether the draws carry the file's own numbers.
        n_problems: Everything that could not be read.
        problems: The first ten of them.
        unit: What their numbers count: a `line` of the file, or (Parquet) a `row`.
        shards: The shards of a collection that the file is; empty of any other file.
        missing: Shards that the study still lacks.
        notes: Sentences on how the file was understood beyond its outcomes.
    """

    path: Path
    study: str
    already: bool
    n_rows: int = 0
    n_filtered: int = 0
    n_lost: int = 0
    by_status: Mapping[Status, int]
    models: tuple[str, ...] = ()
    reading: str = ""
    from_answers: bool = False
    n_contradictions: int = 0
    numbered: bool = False
    n_problems: int = 0
    problems: tuple[Problem, ...] = ()
    unit: str = "line"
    shards: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


def import_file(
    path: Path,
    *,
    folder: Path,
    options: ImportOptions,
    target: float = 0.5,
    read_answer: AnswerReader | None = None,
) -> ImportReport:
    """Add a file's rows to a study's draws; the study is made where there is none.

    Args:
        path: CSV, JSON or Parquet, packed or not.
        folder: The study's folder; its name is the study's id.
        options: Which of the file's columns mean what, and which rows are wanted.
        target: The share of ones that was asked for, in a study that is made here.
        read_answer: Reads the answers of a file that has no outcomes.

    Raises:
        UsageError: If the file, or a column of it, is not what it should be, no row can be read, the study is
            not a measured one, or the file was imported otherwise before. Nothing is written then.
        StoreError: If the study's snapshot cannot be read or written.
    """
    if shards_in(path):
        return _merged(path, folder)
    plan = _ImportPlan(
        path=path,
        sha256=sha256_of(path),
        folder=folder,
        options=options,
        target=target,
        read_answer=read_answer,
    )
    if report := _known(plan):
        return report
    with read_sheet(path, options) as sheet:
        return _import(sheet, plan)


def import_by_target(
    path: Path,
    *,
    column: str,
    options: ImportOptions,
    folder_of: Callable[[float], Path],
    read_answer: AnswerReader | None = None,
) -> list[ImportReport]:
    """Add a file's rows to one study a target, in the order of the targets; the file is read once.

    Args:
        path: As for `import_file`.
        column: The file's column of targets: shares, or, where one is above 1, per cent.
        options: Which of the file's columns mean what, and which rows are wanted.
        folder_of: The folder of a target's study.
        read_answer: As for `import_file`.

    Raises:
        UsageError: As `import_file`, or if the file's targets cannot be read; nothing is written then.
        StoreError: As `import_file`.
    """
    reports = []
    sha256 = sha256_of(path)
    with read_sheet(path, replace(options, where=(*options.where, (column, "")))) as sheet:
        spelled, _ = match_case(replace(options, where=((column, ""), *options.where)), sheet.names)
        (theirs, _), *where = spelled.where
        targets = targets_of(sheet, theirs, replace(spelled, where=tuple(where)))
        for target, text in sorted(targets.items()):
            chosen = replace(options, where=tuple(sorted((*options.where, (column, text)))))
            plan = _ImportPlan(
                path=path,
                sha256=sha256,
                folder=folder_of(target),
                options=chosen,
                target=target,
                read_answer=read_answer,
            )
            reports.append(_known(plan) or _import(sheet, plan))
    return reports


@dataclass(frozen=True, slots=True, kw_only=True)
class _ImportPlan:
    """What is to be brought from where to where."""

    path: Path
    sha256: str
    folder: Path
    options: ImportOptions
    target: float
    read_answer: AnswerReader | None

    @property
    def record(self) -> dict[str, Any]:
        """The record of it that the snapshot keeps."""
        options = self.options
        later = {"decimal": options.decimal, "encoding": options.encoding, "model": options.model}
        later |= {"source": None if options.source == "auto" else options.source}
        return {
            "file": self.path.name,
            "sha256": self.sha256,
            "columns": [[ours, *theirs] for ours, theirs in options.columns],
            "where": [list(condition) for condition in options.where],
            "labels": options.labels and list(options.labels),
        } | {name: value for name, value in later.items() if value not in {None, "."}}

    @property
    def parts(self) -> str:
        """The name of the parts of a file, among those of others."""
        return f"import={self.sha256[:12]}"

    @property
    def study_labels(self) -> Labels | None:
        """The labels of the study, where it is described already."""
        if not (self.folder / "study.toml").exists():
            return None
        return load_study(self.folder).prompt.outcomes


def _known(plan: _ImportPlan) -> ImportReport | None:
    """The report of a file that the study holds already; None where it does not."""
    folder = plan.folder
    _check_kind(folder)
    records = _records(folder)
    if not _is_known(plan, records):
        return None
    if not (folder / "study.toml").exists():
        write_study(folder, facts_of_files(snapshot_files(folder)), records[0]["file"], target=plan.target)
    return ImportReport(path=plan.path, study=folder.name, already=True, by_status={})


def _import(sheet: Sheet, plan: _ImportPlan) -> ImportReport:
    options, notes = match_case(plan.options, sheet.names)
    rows = rows_of(sheet, options, read_answer=plan.read_answer, labels=plan.study_labels)
    with closing(rows.runs):
        files = snapshot_files(plan.folder)
        in_one_file = files in ((), (plan.folder / SNAPSHOT,))
        if in_one_file and len(rows.runs) <= MOST_IN_A_FILE:
            _append(rows, plan, files)
        else:
            _add_parts(rows, plan, files)
    report = _report(sheet, plan.folder.name, rows, (*sheet.notes, *notes))
    _log.info("%s: %d rows read, %d kept", plan.path, report.n_rows, sum(report.by_status.values()))
    return report


def _append(rows: Rows, plan: _ImportPlan, files: Sequence[Path]) -> None:
    """Add draws to a snapshot that is one file."""
    folder, records = plan.folder, [*_records(plan.folder), plan.record]
    none = np.zeros(len(rows.models), np.int64)
    tables = list(rows.runs.tables(study=folder.name, shift=none)) or [SCHEMA.empty_table()]
    draws = draws_of_table(plan.path, pa.concat_tables(tables))
    if files:
        draws = appended(read_draws(folder / SNAPSHOT), draws, renumber=not rows.numbered)
    write_draws(folder / SNAPSHOT, draws, study=folder.name, notes=_notes(records))
    write_study(folder, facts_of(draws), records[0]["file"], target=plan.target)


def _add_parts(rows: Rows, plan: _ImportPlan, files: Sequence[Path]) -> None:
    """Add draws in parts of their own."""
    folder = plan.folder
    last = {model: extent.last for model, extent in model_extents(files).items()}
    facts = DrawFacts(
        labels=rows.labels,
        orders=rows.orders,
        first_asked=rows.first_asked,
        most_draws=max(rows.n_draws, default=1),
    )
    source = next(iter(_records(folder)), plan.record)["file"]
    write_study(folder, facts, source, target=plan.target)
    shift = np.array([last.get(model, -1) + 1 for model in rows.models], np.int64)
    if rows.numbered:
        shift[rows.runs.first_draws(len(rows.models)) >= shift] = 0
    tables = rows.runs.tables(study=folder.name, shift=shift)
    add_parts(folder, tables, name=plan.parts, notes=_notes([plan.record]))


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
        records |= {each["sha256"]: each for each in json.loads(read_notes(path).get(_NOTE, "[]"))}
    return list(records.values())


def _notes(records: list[dict[str, Any]]) -> dict[str, str]:
    return {_NOTE: json.dumps(records, ensure_ascii=False, sort_keys=True, separators=(",", ":"))}


def _is_known(plan: _ImportPlan, records: list[dict[str, Any]]) -> bool:
    """Whether the same bytes were imported before, and in the same way."""
    for known in records:
        if known["sha256"] == plan.sha256:
            if {**known, "file": ""} == {**plan.record, "file": ""}:
                return True
            raise UsageError(
                f"{plan.path}: imported into {plan.folder.name!r} before with other options; "
                f"remove {plan.folder / SNAPSHOT} to import it anew, or name another study with --study"
            )
    return False


def _report(sheet: Sheet, study: str, rows: Rows, notes: tuple[str, ...]) -> ImportReport:
    return ImportReport(
        path=sheet.path,
        study=study,
        already=False,
        n_rows=sheet.n_rows + sheet.n_lost,
        n_filtered=rows.n_filtered,
        n_lost=rows.n_lost,
        by_status=rows.by_status,
        models=rows.models,
        reading=rows.reading,
        from_answers=rows.from_answers,
        n_contradictions=rows.n_contradictions,
        numbered=rows.numbered,
        n_problems=rows.problems.n,
        problems=rows.problems.first,
        unit=sheet.unit,
        notes=notes,
    )
