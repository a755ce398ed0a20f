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

from flipsite.domain import STATUSES, Budget, Draws, Kind, ModelChoice, Prompt, Sampling, Status, Study
from flipsite.errors import UsageError
from flipsite.projects import SNAPSHOT
from flipsite.settings import dump_study, load_study
from flipsite.store.columns import appended
from flipsite.store.import_cells import number_of
from flipsite.store.import_columns import ImportOptions, check_columns, parse_options, wanted_rows
from flipsite.store.import_files import Sheet, read_sheet, sha256_of
from flipsite.store.import_rows import Problem, Rows, rows_of
from flipsite.store.shard_merge import merge_shard, shards_in
from flipsite.store.snapshot import read_draws, read_notes, write_draws
from flipsite.store.swap import replacing

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
    snapshot = folder / SNAPSHOT
    records = _records(snapshot)
    record = _record(path, options)
    if _is_known(record, records, path, folder):
        _write_study(folder, read_draws(snapshot), records[0]["file"], target=target)
        return ImportReport(path=path, study=folder.name, already=True, by_status={})
    sheet = read_sheet(path, wanted=options.wanted, needed=options.needed)
    check_columns(sheet, options)
    rows = rows_of(sheet, options)
    draws = rows.draws
    if snapshot.exists():
        draws = appended(read_draws(snapshot), draws, renumber=not rows.numbered)
    records.append(record)
    note = json.dumps(records, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    write_draws(snapshot, draws, study=folder.name, notes={_NOTE: note})
    _write_study(folder, draws, records[0]["file"], target=target)
    report = _report(sheet, folder.name, rows)
    _log.info("%s: %d rows read, %d kept", path, report.n_rows, len(rows.draws))
    return report


def _merged(path: Path, folder: Path) -> ImportReport:
    merge = merge_shard(path, folder=folder)
    count = Counter(merge.draws.status.tolist())
    return ImportReport(
        path=path,
        study=folder.name,
        already=merge.already,
        n_rows=len(merge.draws),
        by_status={status: count[code] for code, status in enumerate(STATUSES) if count[code]},
        models=merge.draws.models,
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


def _records(snapshot: Path) -> list[dict[str, Any]]:
    if not snapshot.exists():
        return []
    records: list[dict[str, Any]] = json.loads(read_notes(snapshot).get(_NOTE, "[]"))
    return records


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


def _write_study(folder: Path, draws: Draws, source: str, *, target: float) -> None:
    """Describe the study as far as its draws tell; a description that is there stays."""
    if (folder / "study.toml").exists():
        return
    with replacing(folder / "study.toml") as file:
        file.write(dump_study(_study(folder.name, draws, source, target=target)).encode())


def _study(study_id: str, draws: Draws, source: str, *, target: float) -> Study:
    pairs = {tuple(json.loads(labels)) for labels in set(draws.labels) if labels is not None}
    only: tuple[str, str] = next(iter(pairs)) if len(pairs) == 1 else ("0", "1")
    plain = all(label.strip() for label in only) and only[0].strip().casefold() != only[1].strip().casefold()
    asked = [moment for moment in draws.asked_at if moment is not None]
    most = max((int(draws.starts[i + 1] - draws.starts[i]) for i in range(len(draws.models))), default=1)
    return Study(
        id=study_id,
        title=study_id.replace("-", " ").capitalize(),
        kind=Kind.MEASURED,
        summary=f"Draws of others, imported from {source}.",
        source=source,
        started=min(asked)[:10] if asked else None,
        prompt=Prompt(
            template="unknown",
            target=target,
            labels="fixed" if len(pairs) <= 1 else "random",
            pair=only if plain else ("0", "1"),
            orders="both" if {0, 1} <= set(draws.order.tolist()) else "one",
        ),
        sampling=Sampling(draws=most),
        models=ModelChoice(),
        budget=Budget(),
    )


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
