"""Snapshots of shards become one study's: without an overlap and without a gap.

A shard's snapshot notes which shard it is, of which study and kind. What is merged so far is noted in the
study's snapshot, until it is whole: then it is the snapshot that one collector alone would have written.
"""

import hashlib
import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from flipsite.domain.draws import STATUSES, Status
from flipsite.domain.study import Shard, shard_of
from flipsite.errors import UsageError
from flipsite.project import snapshot_files, snapshot_place
from flipsite.settings import load_study
from flipsite.store.snapshot.extent import model_extents
from flipsite.store.snapshot.merge import woven
from flipsite.store.snapshot.read import optional_in, read_groups, read_notes
from flipsite.store.snapshot.tables import snapshot_tables
from flipsite.store.snapshot.write import replace_snapshot

SHARDS, STUDY, KIND = "flipsite_shards", "flipsite_study", "flipsite_kind"
"""Notes of a shard's snapshot: a JSON list such as `["3/16"]`; the study's id; its kind."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Merge:
    """The result of merging a shard's snapshot.

    Attributes:
        already: Whether the study held it before; then nothing changed.
        models: Its models, sorted.
        by_status: Its draws, by status.
        shards: What it brought.
        missing: Which shards the study still lacks.
    """

    already: bool
    models: tuple[str, ...]
    by_status: Mapping[Status, int]
    shards: tuple[Shard, ...]
    missing: tuple[Shard, ...]


def shard_notes(shards: tuple[Shard, ...], *, study: str, kind: str) -> dict[str, str]:
    """The notes of a snapshot that holds these shards; none once they are all there are."""
    if shards and len(shards) == shards[0].of:
        return {}
    return {SHARDS: json.dumps([str(shard) for shard in sorted(shards)]), STUDY: study, KIND: kind}


def shards_in(path: Path) -> tuple[Shard, ...]:
    """The shards that a file holds, or a folder of parts; none of what is no shard's snapshot."""
    files = _files(path)
    if not files:
        return ()
    with files[0].open("rb") as file:
        if file.read(4) != b"PAR1":
            return ()
    return _shards(read_notes(files[0]))


def merge_shard(path: Path, *, folder: Path) -> Merge:
    """Add a shard's snapshot to a study's.

    Args:
        path: Its file, the folder of its parts, or the folder of its study.
        folder: The study's.

    Raises:
        UsageError: If it is one part of several, another study's or of another kind, was cut otherwise, a
            model of it is not of its shards, or the study holds other draws of the same models. Nothing is
            written then.
        StoreError: If a snapshot cannot be read or written.
    """
    if path.is_file() and path.parent.name.startswith("part="):
        raise UsageError(f"{path}: one of the parts of a shard; name their folder, {path.parent.parent}")
    files, there = _files(path), snapshot_files(folder)
    _check_study(path, folder)
    brought, held = shards_in(path), shards_in(folder)
    models, by_status = _counted(files)
    old = model_extents(there)
    if odd := [model for model in models if not any(shard.holds(model) for shard in brought)]:
        raise UsageError(f"{path}: {odd[0]} is not of shard {_names(brought)}; collect that shard anew")
    if set(old) & set(models):
        _need_equal(files, there)
        return Merge(already=True, models=models, by_status=by_status, shards=brought, missing=_missing(held))
    if there and not held:
        raise UsageError(
            f"{snapshot_place(folder)}: holds draws of no shard, or of all; "
            f"import {path.name} into another study"
        )
    if any(shard.of != brought[0].of for shard in held):
        raise UsageError(f"{path}: is one of {brought[0].of} shards, and the study has some of {held[0].of}")
    if again := sorted(set(held) & set(brought)):
        raise UsageError(
            f"{path}: shard {_names(tuple(again))} is in {snapshot_place(folder)} with other models; keep one"
        )
    together = tuple(sorted({*held, *brought}))
    study = load_study(folder)
    notes = shard_notes(together, study=study.id, kind=study.kind.value)
    rows = woven(there, snapshot_tables(files))
    replace_snapshot(folder, rows, notes=notes, optional=optional_in([*there, *files]))
    missing = _missing(together)
    return Merge(already=False, models=models, by_status=by_status, shards=brought, missing=missing)


def _files(path: Path) -> tuple[Path, ...]:
    if path.is_dir():
        return snapshot_files(path) or tuple(sorted(path.rglob("*.parquet")))
    return (path,) if path.exists() else ()


def _counted(files: Sequence[Path]) -> tuple[tuple[str, ...], dict[Status, int]]:
    """A snapshot's models, and its draws by status; every promise of it is looked at."""
    models, count = dict[str, None](), Counter[int]()
    for draws in read_groups(files):
        models |= dict.fromkeys(draws.models)
        count.update(draws.status.tolist())
    return tuple(sorted(models)), {status: count[code] for code, status in enumerate(STATUSES) if count[code]}


def _check_study(path: Path, folder: Path) -> None:
    notes = read_notes(_files(path)[0])
    if not (folder / "study.toml").exists():
        raise UsageError(f"{folder / 'study.toml'}: not there; copy it from where {path} was collected")
    kind = load_study(folder).kind.value
    if notes.get(STUDY) != folder.name:
        raise UsageError(f"{path}: a shard of the study {notes.get(STUDY)!r}; import it into that one")
    if notes.get(KIND) != kind:
        raise UsageError(f"{path}: its draws are {notes.get(KIND)}, and {folder} is a {kind} study")


def _need_equal(files: Sequence[Path], there: Sequence[Path]) -> None:
    """The shard was merged before, or its models have other draws here."""
    brought = _digests(files)
    held = _digests(there, models=frozenset(brought))
    for model, extent in brought.items():
        if held.get(model) != extent:
            raise UsageError(
                f"{files[0]}: the study has other draws of {model}; keep one of the two collections"
            )


def _digests(files: Sequence[Path], *, models: frozenset[str] | None = None) -> dict[str, str]:
    """A digest of what each model drew and said, or of each of some models."""
    digests = dict[str, Any]()
    for draws in read_groups(files):
        for index, model in enumerate(draws.models):
            if models is None or model in models:
                rows = draws.rows(index)
                columns = [
                    column[rows].tolist() for column in (draws.draw, draws.outcome, draws.status, draws.order)
                ]
                digest = digests.setdefault(model, hashlib.sha256())
                for row in zip(*columns, draws.response[rows], strict=True):
                    digest.update(repr(row).encode())
    return {model: digest.hexdigest() for model, digest in digests.items()}


def _missing(held: tuple[Shard, ...]) -> tuple[Shard, ...]:
    if not held:
        return ()
    return tuple(sorted({Shard(number, held[0].of) for number in range(1, held[0].of + 1)} - set(held)))


def _shards(notes: dict[str, str]) -> tuple[Shard, ...]:
    try:
        return tuple(shard_of(str(text)) for text in json.loads(notes.get(SHARDS, "[]")))
    except (ValueError, TypeError) as error:
        raise UsageError(f"its note {SHARDS} is no list of shards; collect the shard anew") from error


def _names(shards: tuple[Shard, ...]) -> str:
    return ", ".join(str(shard) for shard in shards)
