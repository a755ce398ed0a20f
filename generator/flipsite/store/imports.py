"""Somebody's file into a study: read, added to the snapshot, and remembered there.

The snapshot's own metadata say which files it holds, so that draws and record change together: a second
import of a file changes nothing, and one that was killed is mended by running it again.
"""

import json
import logging
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from flipsite.domain import STATUSES, Kind, Status
from flipsite.errors import UsageError
from flipsite.projects import SNAPSHOT, snapshot_files
from flipsite.settings import load_study
from flipsite.store.arrow import draws_table
from flipsite.store.columns import appended, following
from flipsite.store.extents import model_extents
from flipsite.store.import_cells import number_of
from flipsite.store.import_columns import ImportOptions, check_columns, parse_options, wanted_rows
from flipsite.store.import_files import Sheet, read_sheet, sha256_of
from flipsite.store.import_large import large_rows
from flipsite.store.import_rows import Problem, Rows, rows_of
from flipsite.store.import_stage import staged, too_large
from flipsite.store.import_study import Facts, facts_of, write_study
from flipsite.store.parts import add_parts
from flipsite.store.shard_merge import merge_shard, shards_in
from flipsite.store.snapshot import read_draws, read_notes, write_draws

__all__ = ["ImportOptions", "ImportReport", "Problem", "import_file", "parse_options", "targets_of"]

PROBLEMS_SHOWN = 10

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
        n_contradictions: Rows whose response names the other label than their outcome.
        numbered: Whether the draws carry the file's own numbers.
        n_problems: Everything that could not be read.
        problems: The first ten of them.
        unit: What their numbers count: a `line` of the file, or (Parquet) a `row`.
        shards: The shards of a collection that the file is; empty of any other file.
        missing: Shards that the study still lacks.
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
    n_contradictions: int = 0
    numbered: bool = False
    n_problems: int = 0
    problems: tuple[Problem, ...] = ()
    unit: str = "line"
    shards: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()


def import_file(path: Path, *, folder: Path, options: ImportOptions, target: float = 0.5) -> ImportReport:
    """Add a file's rows to a study's draws; the study is made where there is none.

    Args:
        path: CSV, JSON lines (both also gzipped) or Parquet.
        folder: The study's folder; its name is the study's id.
        options: Which of the file's columns mean what, and which rows are wanted.
        target: The share of ones that was asked for, in a study that is made here.

    Raises:
        UsageError: If the file, or a column of it, is not what it should be, no row can be read, the study is
            not a measured one, or the file was imported otherwise before. Nothing is written then.
        StoreError: If the study's snapshot cannot be read or written.
    """
    if shards_in(path):
        return _merged(path, folder)
    _check_kind(folder)
    record = _record(path, options)
    if _is_known(record, _records(folder), path, folder):
        if not (folder / "study.toml").exists():
            write_study(
                folder, facts_of(read_draws(folder / SNAPSHOT)), _records(folder)[0]["file"], target=target
            )
        return ImportReport(path=path, study=folder.name, already=True, by_status={})
    if too_large(path):
        report = _import_large(path, folder, options, record, target=target)
    else:
        report = _import_small(path, folder, options, record, target=target)
    _log.info("%s: %d rows read, %d kept", path, report.n_rows, sum(report.by_status.values()))
    return report


def _import_small(
    path: Path, folder: Path, options: ImportOptions, record: dict[str, Any], *, target: float
) -> ImportReport:
    """Read a file whole; a study that lies in parts gets one more."""
    sheet = read_sheet(path, wanted=options.wanted, needed=options.needed)
    check_columns(sheet, options)
    rows = rows_of(sheet, options)
    files, records = snapshot_files(folder), _records(folder)
    if files and files != (folder / SNAPSHOT,):
        last = {model: extent.last for model, extent in model_extents(files).items()}
        table = draws_table(following(rows.draws, last, renumber=not rows.numbered), study=folder.name)
        add_parts(folder, [table], name=_name_of(record), notes=_notes([record]))
    else:
        draws = rows.draws
        if files:
            draws = appended(read_draws(folder / SNAPSHOT), draws, renumber=not rows.numbered)
        records.append(record)
        write_draws(folder / SNAPSHOT, draws, study=folder.name, notes=_notes(records))
        write_study(folder, facts_of(draws), records[0]["file"], target=target)
    return _report(sheet, folder.name, rows)


def _import_large(
    path: Path, folder: Path, options: ImportOptions, record: dict[str, Any], *, target: float
) -> ImportReport:
    """Read a file through DuckDB, into parts of its own."""
    with staged(path, options.wanted) as stage:
        rows = large_rows(stage, options)
        last = {model: extent.last for model, extent in model_extents(snapshot_files(folder)).items()}
        facts = Facts(
            pairs=rows.pairs,
            orders=rows.orders,
            first_asked=rows.first_asked,
            most_draws=max(rows.n_draws, default=1),
        )
        source = next(iter(_records(folder)), record)["file"]
        write_study(folder, facts, source, target=target)
        tables = rows.draws(study=folder.name, last=last)
        add_parts(folder, tables, name=_name_of(record), notes=_notes([record]))
        return ImportReport(
            path=path,
            study=folder.name,
            already=False,
            n_rows=stage.n_rows,
            n_filtered=rows.n_filtered,
            n_lost=rows.n_lost,
            by_status=rows.by_status,
            models=rows.models,
            reading=rows.reading,
            n_contradictions=rows.n_contradictions,
            numbered=rows.numbered,
            n_problems=rows.n_problems,
            problems=rows.problems,
            unit=stage.unit,
        )


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


def targets_of(path: Path, column: str, options: ImportOptions) -> dict[str, float]:
    """Each value of a file's column of targets, as the file writes it, with the share of ones it asks for.

    Values of which one is above 1 are read as per cent.

    Raises:
        UsageError: If there is no such column, or a wanted row's target is no share.
    """
    wanted = replace(options, where=(*options.where, (column, "")))
    sheet = read_sheet(path, wanted=wanted.wanted, needed=wanted.needed)
    check_columns(sheet, wanted)
    rows = wanted_rows(sheet, options)
    texts = {str(sheet.cells[column][row]).strip(): row for row in rows}
    numbers = {text: number_of(text) for text in texts}
    unit = 100.0 if any(number is not None and number > 1 for number in numbers.values()) else 1.0
    targets = {}
    for text, number in numbers.items():
        if number is None or not 0 <= number <= unit:
            line = sheet.lines[texts[text]]
            raise UsageError(
                f"{path}: {sheet.unit} {line}: {column} is {text!r}; expected a share or per cent"
            )
        targets[text] = number / unit
    return targets


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


def _name_of(record: dict[str, Any]) -> str:
    """What the parts of a file are called, among those of others."""
    return f"import={record['sha256'][:12]}"


def _record(path: Path, options: ImportOptions) -> dict[str, Any]:
    return {
        "file": path.name,
        "sha256": sha256_of(path),
        "columns": [[ours, *theirs] for ours, theirs in options.columns],
        "where": [list(condition) for condition in options.where],
        "labels": options.labels and list(options.labels),
    }


def _is_known(record: dict[str, Any], records: list[dict[str, Any]], path: Path, folder: Path) -> bool:
    """Whether the same bytes were imported before, and in the same way."""
    for known in records:
        if known["sha256"] == record["sha256"]:
            if {**known, "file": ""} == {**record, "file": ""}:
                return True
            raise UsageError(
                f"{path}: imported into {folder.name!r} before with other options; "
                f"remove {folder / SNAPSHOT} to import it anew, or name another study with --study"
            )
    return False


def _report(sheet: Sheet, study: str, rows: Rows) -> ImportReport:
    count = Counter(rows.draws.status.tolist())
    return ImportReport(
        path=sheet.path,
        study=study,
        already=False,
        n_rows=rows.n_read,
        n_filtered=rows.n_filtered,
        n_lost=rows.n_lost,
        by_status={status: count[code] for code, status in enumerate(STATUSES) if count[code]},
        models=rows.draws.models,
        reading=rows.drawn.reading,
        n_contradictions=rows.drawn.n_contradictions,
        numbered=rows.numbered,
        n_problems=len(rows.problems),
        problems=rows.problems[:PROBLEMS_SHOWN],
        unit=sheet.unit,
    )
