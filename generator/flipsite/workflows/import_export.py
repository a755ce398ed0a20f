"""Import other people's draws into a study, and export a study's draws."""

import re
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import BinaryIO

from flipsite.collect.batch import read_output_line
from flipsite.collect.reading.answer import read_answer
from flipsite.collect.reading.sequence import read_sequence
from flipsite.domain.draws import Outcome, OutcomeSequence, Status, sequence_text
from flipsite.domain.progress import Progress, unwatched
from flipsite.domain.study import Kind
from flipsite.errors import UsageError
from flipsite.files import replacing
from flipsite.project import SNAPSHOT, Project, existing_study, snapshot_files, study_folder
from flipsite.settings import load_study
from flipsite.store.exports import ExportFormat, export_groups
from flipsite.store.imports.columns import ImportOptions
from flipsite.store.imports.counts import CountsReport, import_counts
from flipsite.store.imports.files import opened_text, reading
from flipsite.store.imports.importer import ImportReport, import_by_target, import_file
from flipsite.store.imports.placement import REFUSE, RepeatPolicy
from flipsite.store.snapshot.read import is_large, n_draws, read_draws, read_groups
from flipsite.store.snapshot.shards import shards_in


def import_draws(
    project: Project,
    study_id: str,
    path: Path,
    *,
    options: ImportOptions,
    target: object = None,
    repeats: RepeatPolicy = REFUSE,
    dry_run: bool = False,
    progress: Progress = unwatched,
) -> ImportReport:
    """Add a file's rows to a study of the project; where there is no project, one begins in this folder.

    A file that has answers and no outcomes is read by the reader that reads collected answers.

    Raises:
        UsageError: If the file, its columns, the study's name or its kind forbid it; nothing is written then.
        StoreError: If the study's snapshot cannot be read or written.
    """
    folder = study_folder(_own(project), study_id)
    return import_file(
        path,
        folder=folder,
        options=options,
        target=target,
        read_answer=_read_answer,
        repeats=repeats,
        dry_run=dry_run,
        progress=progress,
    )


def import_targets(
    project: Project,
    study_id: str,
    path: Path,
    *,
    options: ImportOptions,
    column: str,
    repeats: RepeatPolicy = REFUSE,
    dry_run: bool = False,
    progress: Progress = unwatched,
) -> list[ImportReport]:
    """Import one study a target: `<study>-p005` for 5 per cent, and so on, in the order of the targets.

    Raises:
        UsageError: As `import_draws`, or if the file's targets cannot be read; nothing is written then.
        StoreError: As `import_draws`.
    """

    def folder_of(target: float) -> Path:
        per_cent = f"{100 * target:06.2f}".rstrip("0").rstrip(".").zfill(3).replace(".", "-")
        return study_folder(_own(project), f"{study_id}-p{per_cent}")

    return import_by_target(
        path,
        column=column,
        options=options,
        folder_of=folder_of,
        read_answer=_read_answer,
        repeats=repeats,
        dry_run=dry_run,
        progress=progress,
    )


def import_table_of_counts(
    project: Project,
    study_id: str,
    path: Path,
    *,
    options: ImportOptions,
    target: object,
    overwrite: bool,
    dry_run: bool,
) -> CountsReport:
    """Add a table's counts to a published study of the project; as `import_draws` in all else.

    Raises:
        UsageError: If the table, the study's name or its kind forbid it; nothing is written then.
        SettingsError: If the study's files are faulty.
    """
    folder = study_folder(_own(project), study_id)
    return import_counts(
        path, folder=folder, options=options, target=target, overwrite=overwrite, dry_run=dry_run
    )


@contextmanager
def input_files(paths: Sequence[Path], stdin: BinaryIO) -> Iterator[list[Path]]:
    """The files to import: those named, those in a folder that is named, and for `-` what comes from stdin.

    A study's own folder, or that of its parts, stays one.

    Raises:
        UsageError: If a folder holds no file that could be imported.
    """
    with TemporaryDirectory(prefix="flipsite-") as scratch:
        files: list[Path] = []
        for path in paths:
            if path == Path("-"):
                files.append(Path(scratch, STDIN))
                with files[-1].open("wb") as file:
                    shutil.copyfileobj(stdin, file)
            elif path.is_dir() and not shards_in(path):
                files += _files_in(path)
            elif path.is_fifo():  # which can be read once, and a file is read several times
                files.append(Path(scratch, str(len(files)), STDIN))
                files[-1].parent.mkdir()
                with files[-1].open("wb") as file, path.open("rb") as pipe:
                    shutil.copyfileobj(pipe, file)
            else:
                files.append(path)
        try:
            yield files
        except UsageError as error:
            raise UsageError(re.sub(rf"{re.escape(scratch)}\S*?{STDIN}", STDIN, str(error))) from error


STDIN = "standard input"
"""The name of what comes from there, in sentences and in the record of imported files."""


def names_study(path: Path, study_id: str) -> bool:
    """Whether a file begins with an answer to a request that `collect --batch` wrote for a study."""
    try:
        with reading(path), opened_text(path, errors="replace") as file:
            answer = read_output_line(file.readline(_LONGEST_LINE))
    except UsageError:
        return False  # the import says what is wrong with it
    return answer is not None and answer.key is not None and answer.key.study == study_id


_LONGEST_LINE = 2**24


def _files_in(folder: Path) -> list[Path]:
    files = [
        path
        for path in sorted(folder.rglob("*"))
        if path.is_file()
        and not set(path.suffixes[-2:]).isdisjoint(_SUFFIXES)
        and not any(part.startswith(".") for part in path.relative_to(folder).parts)
    ]
    if any(path.name.startswith("samples_") for path in files):  # lm-eval's, with results beside them
        files = [path for path in files if not path.name.startswith("results_")]
    if not files:
        known = ", ".join(sorted(_SUFFIXES))
        raise UsageError(f"{folder}: holds no file to import; a file's name ends in one of {known}")
    return files


_SUFFIXES = frozenset([".csv", ".tsv", ".txt", ".jsonl", ".ndjson", ".json", ".parquet", ".eval", ".xlsx"])


def _read_answer(
    text: str, labels: Sequence[str], finish_reason: str | None, per_answer: int
) -> tuple[int | str, Status]:
    """Read the outcome of an answer, or its row of them; the first is -1 where it states none."""
    if per_answer > 1:
        row = read_sequence(text, labels=labels, count=per_answer, finish_reason=finish_reason)
        if isinstance(row, OutcomeSequence):
            return sequence_text(row.indices), Status.VALID
        return -1, row.status
    result = read_answer(text, labels=labels, finish_reason=finish_reason)
    return (result.index, Status.VALID) if isinstance(result, Outcome) else (-1, result.status)


def _own(project: Project) -> Project:
    """The project that takes imports; the packaged studies take none."""
    if project.packaged:
        return replace(project, content=project.root / "content", packaged=False)
    return project


def export_study(
    project: Project,
    study_id: str,
    *,
    form: ExportFormat,
    out: Path | BinaryIO,
    flat: bool = False,
    progress: Progress = unwatched,
) -> int:
    """Write a study's draws to a file, which appears whole or not at all, or to an open stream.

    Args:
        project: The study's.
        study_id: Its id.
        form: The form of the file.
        out: Where to write.
        flat: Whether each draw of an answer of several has a row of its own.
        progress: Told of the draws that are written.

    Returns:
        How many draws were written.

    Raises:
        UsageError: If there is no such study, or it has no draws by its kind.
        StoreError: If its snapshot cannot be read, or the file cannot be written.
    """
    folder = existing_study(project, study_id)
    if load_study(folder).kind == Kind.PUBLISHED:
        raise UsageError(f"{study_id}: a published study has figures and no draws; name a study with draws")
    files = snapshot_files(folder) or (folder / SNAPSHOT,)
    n_all = sum(map(n_draws, files))
    groups = read_groups(files) if is_large(files) else [read_draws(files[0])]
    if isinstance(out, Path):
        with replacing(out) as file:
            return export_groups(
                groups, file, study=study_id, form=form, flat=flat, n_all=n_all, progress=progress
            )
    return export_groups(groups, out, study=study_id, form=form, flat=flat, n_all=n_all, progress=progress)
