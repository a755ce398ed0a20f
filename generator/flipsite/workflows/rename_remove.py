"""Rename a study, or take a study or a model off the site; each whole or not at all.

What is done on disk is written to a journal first. A process that is killed leaves a study that is where it
was, or where it goes; the next command reads the journal and finishes the move, or undoes it.
"""

import json
import re
import shutil
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from difflib import get_close_matches
from pathlib import Path

from flipsite.collect.clock import stamp
from flipsite.domain.study import Kind, Study
from flipsite.errors import StoreError, UsageError
from flipsite.files import replacing, sync_folder
from flipsite.project import (
    FEATURES_FILE,
    FIT_FILE,
    Project,
    existing_study,
    snapshot_files,
    study_folder,
)
from flipsite.settings import load_project, load_study
from flipsite.store.cache.cache import cached_studies, rename_studies
from flipsite.store.cache.private_folder import hold, private_folder
from flipsite.store.features import read_features, write_features
from flipsite.store.fits import read_fit, write_fit
from flipsite.store.snapshot.extent import model_extents
from flipsite.store.snapshot.rewrite import drop_model, rename_rows
from flipsite.workflows.features import share_of_cache
from flipsite.workflows.load import draws_place, sha256
from flipsite.workflows.shared_budget import follow_rename

JOURNAL = "move.json"
SCRATCH, REPLACED = "moving", "moved"
REMOVED = "removed"
"""The private folder of removed studies."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Removal:
    """A model that was taken off a study's site.

    Attributes:
        n_draws: Draws that left the snapshot.
        n_features: Rows that left features.csv.
        skipped: Whether study.toml skips it now; it did before where this is False.
    """

    n_draws: int
    n_features: int
    skipped: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class _Move:
    """A move under way, as the journal holds it; paths are relative to the project's root.

    Attributes:
        study: The study that moves.
        share: Its name in the cache afterwards.
        source: Its folder.
        target: Where its folder goes. The move is done once this exists, and undone while it does not.
        copied: Whether the target is a copy, so that the source is left to delete.
    """

    study: str
    share: str
    source: str
    target: str
    copied: bool


def rename_study(project: Project, study_id: str, new_id: str) -> tuple[str, ...]:
    """Give a study another id: its folder, the rows of its snapshot, and its share of the cache.

    Returns:
        The lines of the project's own texts that mention the old id, as `path:line`.

    Raises:
        UsageError: If there is no such study, the new id is taken or is none, or its draws lie elsewhere.
        StoreError: If a collector holds the study, the cache knows the new id, or a file cannot be written;
            then nothing has changed.
    """
    source, target = _own_study(project, study_id), study_folder(project, new_id)
    if target.exists():
        raise UsageError(f"{target}: there is a study {new_id!r} already; choose another name.")
    if new_id in cached_studies(project.cache):
        raise StoreError(
            f"{project.cache}: holds answers of a study {new_id!r} already; choose another name."
        )
    move = _Move(
        study=study_id,
        share=new_id,
        source=str(source.relative_to(project.root)),
        target=str(target.relative_to(project.root)),
        copied=True,
    )
    with _holding(project, study_id):
        _start(project, move)
        with _undone_on_failure(project):
            scratch = project.cache / SCRATCH
            shutil.copytree(source, scratch, symlinks=True)
            _rename_content(scratch, source, new_id)
            _finish(project, move)
    return tuple(_mentions(project, study_id))


def remove_study(project: Project, study_id: str) -> Path:
    """Take a study off the site: its folder, with all draws, goes to the private `.flipsite/removed/`.

    Its raw answers stay in the cache under the name of that folder.

    Returns:
        Where the study's folder is now.

    Raises:
        UsageError: If there is no such study.
        StoreError: If a collector holds the study or something cannot be written; then nothing has changed.
    """
    source = _own_study(project, study_id)
    removed = project.cache / REMOVED
    name = f"{study_id}.{datetime.now(UTC):%Y%m%dT%H%M%S%fZ}"
    move = _Move(
        study=study_id,
        share=name,
        source=str(source.relative_to(project.root)),
        target=str((removed / name).relative_to(project.root)),
        copied=False,
    )
    with _holding(project, study_id):
        removed.mkdir(exist_ok=True)
        _start(project, move)
        with _undone_on_failure(project):
            _finish(project, move)
    return removed / name


def remove_model(project: Project, study_id: str, model: str) -> Removal:
    """Take a model off a study's site: settings, snapshot and features; its raw answers stay in the cache.

    study.toml, which is written first, skips it from then on: no build shows it and no run asks it. Killed
    half way, the same command does the rest.

    Raises:
        UsageError: If the study has no such model, or its figures are printed ones.
        StoreError: If something cannot be written.
    """
    folder = _own_study(project, study_id)
    study = load_study(folder)
    if study.kind is Kind.PUBLISHED:
        raise UsageError(f"{folder}: its figures are printed elsewhere; edit published.toml.")
    with _holding(project, study_id):
        known = set(model_extents(snapshot_files(folder)))
        skipped = any(skip.id.casefold() == model.casefold() for skip in study.models.skip)
        if model not in known and not skipped:
            near = get_close_matches(model, sorted(known), n=1)
            hint = f"did you mean {near[0]!r}?" if near else "`flipsite export` lists its draws."
            raise UsageError(f"{folder}: no draws of a model {model!r}; {hint}")
        if not skipped:
            _skip(folder, study, model)
        n_draws = drop_model(folder, model) if model in known else 0
        return Removal(n_draws=n_draws, n_features=_drop_features(folder, model), skipped=not skipped)


def finish_move(project: Project) -> None:
    """Finish or undo a move that a killed process left; cheap where there is none.

    Raises:
        StoreError: If something cannot be written.
    """
    journal = project.cache / JOURNAL
    if not journal.is_file():
        return
    move = _read_journal(journal)
    with _holding(project, move.study):
        if (project.root / move.target).exists():
            _finish(project, move)
        else:
            _undo(project, move)


def _own_study(project: Project, study_id: str) -> Path:
    if project.packaged:
        raise UsageError(f"{project.root}: no project here; the studies that come with flipsite stay.")
    finish_move(project)
    folder = existing_study(project, study_id)
    if study_id in load_project(project.root).draws:
        raise UsageError(f"{project.root / 'flipsite.toml'}: [draws] names {study_id!r}; take it out first.")
    return folder


@contextmanager
def _holding(project: Project, study_id: str) -> Iterator[None]:
    """Keep collectors of a study away."""
    private_folder(project.cache)
    now = stamp(datetime.now(UTC))
    with ExitStack() as stack:
        for name in (study_id, share_of_cache(study_id)):
            stack.enter_context(hold(project.cache, study=name, now=now))
        yield


def _start(project: Project, move: _Move) -> None:
    for name in (SCRATCH, REPLACED):
        shutil.rmtree(project.cache / name, ignore_errors=True)
    with replacing(project.cache / JOURNAL) as file:
        fields = {name: getattr(move, name) for name in _Move.__slots__}
        file.write(json.dumps(fields, ensure_ascii=False).encode())


@contextmanager
def _undone_on_failure(project: Project) -> Iterator[None]:
    try:
        yield
    except BaseException as error:
        journal = project.cache / JOURNAL
        move = _read_journal(journal)
        if not (project.root / move.target).exists():
            _undo(project, move)
        if isinstance(error, OSError):
            reason = error.strerror or str(error)
            raise StoreError(f"{move.study}: cannot be moved ({reason}); run the command again.") from error
        raise


def _finish(project: Project, move: _Move) -> None:
    """Do what is left of a move; each step may have been done before."""
    source, target = project.root / move.source, project.root / move.target
    _rename_share(project, move.study, move.share)
    if not target.exists():
        (project.cache / SCRATCH if move.copied else source).rename(target)
        sync_folder(target.parent)
        sync_folder(source.parent)
    if move.copied and source.exists():
        source.rename(project.cache / REPLACED)
        sync_folder(source.parent)
    shutil.rmtree(project.cache / REPLACED, ignore_errors=True)
    fit = project.cache / "fits" / f"{move.study}.nc"
    if fit.exists():
        fit.rename(fit.with_name(f"{move.share}.nc"))
    if move.copied:
        follow_rename(project, move.study, move.share)
    (project.cache / JOURNAL).unlink()


def _undo(project: Project, move: _Move) -> None:
    _rename_share(project, move.share, move.study)
    shutil.rmtree(project.cache / SCRATCH, ignore_errors=True)
    (project.cache / JOURNAL).unlink()


def _rename_share(project: Project, name: str, new: str) -> None:
    rename_studies(project.cache, {name: new, share_of_cache(name): share_of_cache(new)})


def _read_journal(path: Path) -> _Move:
    try:
        fields = json.loads(path.read_text(encoding="utf-8"))
        return _Move(**{name: fields[name] for name in _Move.__slots__})
    except (ValueError, TypeError, KeyError) as error:
        raise StoreError(f"{path}: is damaged; see whether the study is whole, and delete it.") from error


def _rename_content(scratch: Path, source: Path, new_id: str) -> None:
    """Write the new id into the copy's snapshot; a fit of the same draws stays up to date."""
    for path in snapshot_files(scratch):
        rename_rows(path, study=new_id)
    if (scratch / FIT_FILE).exists():
        fit = read_fit(scratch / FIT_FILE)
        if fit.draws_sha256 == sha256(draws_place(source)):
            write_fit(scratch / FIT_FILE, replace(fit, draws_sha256=sha256(draws_place(scratch))))
    for folder in (scratch, *(path for path in scratch.rglob("*") if path.is_dir())):
        sync_folder(folder)


def _mentions(project: Project, study_id: str) -> Iterator[str]:
    word = re.compile(rf"(?<![\w-]){re.escape(study_id)}(?![\w-])")
    for path in sorted([*project.content.rglob("*.md"), project.root / "flipsite.toml"]):
        if path.is_file():
            lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
            for number, line in enumerate(lines, start=1):
                if word.search(line):
                    yield f"{path.relative_to(project.root)}:{number}"


def _skip(folder: Path, study: Study, model: str) -> None:
    """Add a model to study.toml's skip list, at its end, so that the rest stays as its author wrote it."""
    path = folder / "study.toml"
    before = path.read_bytes()
    if study.models.skip and b"[[models.skip]]" not in before:
        raise UsageError(f"{path}: models.skip is written in one line; add {model!r} to it, then run again.")
    name = json.dumps(model, ensure_ascii=False)
    entry = f'[[models.skip]]\nid = {name}\nreason = "removed"\n'
    with replacing(path) as file:
        file.write(before.rstrip() + b"\n\n" + entry.encode())
    try:
        load_study(folder)
    except UsageError:
        with replacing(path) as file:
            file.write(before)
        raise UsageError(f"{path}: add {model!r} to models.skip by hand, then run again.") from None


def _drop_features(folder: Path, model: str) -> int:
    path = folder / FEATURES_FILE
    if not path.exists():
        return 0
    rows = read_features(path)
    kept = [row for row in rows if row.model != model]
    if len(kept) < len(rows):
        write_features(path, kept)
    return len(rows) - len(kept)
