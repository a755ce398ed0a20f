"""Snapshots of shards become one study's: without an overlap and without a gap.

A shard's snapshot notes which shard it is, of which study and kind. What is merged so far is noted in the
study's snapshot, until it is whole: then it is the snapshot that one collector alone would have written.
"""

import hashlib
import heapq
import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from operator import itemgetter
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from flipsite.domain import STATUSES, Status
from flipsite.errors import UsageError
from flipsite.projects import SNAPSHOT
from flipsite.settings import load_study
from flipsite.shards import Shard, shard_of
from flipsite.store.arrow import SCHEMA, dictionary
from flipsite.store.extents import model_extents
from flipsite.store.parts import grouped
from flipsite.store.snapshot import ROWS_A_GROUP, parquet_writer, read_groups, read_notes, readable
from flipsite.store.swap import replacing

SHARDS, STUDY, KIND = "flipsite_shards", "flipsite_study", "flipsite_kind"
"""Notes of a shard's snapshot: a JSON list such as `["3/16"]`; the study's id; its kind."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Merge:
    """What became of a shard's snapshot.

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
    """The shards that a file holds; none of a file that is no shard's snapshot."""
    if not path.exists():
        return ()
    with path.open("rb") as file:
        if file.read(4) != b"PAR1":
            return ()
    return _shards(read_notes(path))


def merge_shard(path: Path, *, folder: Path) -> Merge:
    """Add a shard's snapshot to a study's.

    Raises:
        UsageError: If it is another study's or of another kind, was cut otherwise, a model of it is not of
            its shards, or the study holds other draws of the same models. Nothing is written then.
        StoreError: If a snapshot cannot be read or written.
    """
    _check_study(path, folder)
    brought, place = shards_in(path), folder / SNAPSHOT
    held = _shards(read_notes(place)) if place.exists() else ()
    models, by_status = _counted(path)
    old = model_extents([place]) if place.exists() else {}
    if odd := [model for model in models if not any(shard.holds(model) for shard in brought)]:
        raise UsageError(f"{path}: {odd[0]} is not of shard {_names(brought)}; collect that shard anew")
    if set(old) & set(models):
        _need_equal(path, place)
        return Merge(already=True, models=models, by_status=by_status, shards=brought, missing=_missing(held))
    if place.exists() and not held:
        raise UsageError(
            f"{place}: holds draws of no shard, or of all; import {path.name} into another study"
        )
    if any(shard.of != brought[0].of for shard in held):
        raise UsageError(f"{path}: is one of {brought[0].of} shards, and the study has some of {held[0].of}")
    if again := sorted(set(held) & set(brought)):
        raise UsageError(f"{path}: shard {_names(tuple(again))} is in {place} with other models; keep one")
    together = tuple(sorted({*held, *brought}))
    study = load_study(folder)
    notes = shard_notes(together, study=study.id, kind=study.kind.value)
    sources = [path, *([place] if place.exists() else [])]
    with replacing(place) as file, parquet_writer(file, notes) as writer:
        for group in grouped(_by_model(sources)):
            writer.write_table(group.combine_chunks(), row_group_size=ROWS_A_GROUP)
    missing = _missing(together)
    return Merge(already=False, models=models, by_status=by_status, shards=brought, missing=missing)


def _counted(path: Path) -> tuple[tuple[str, ...], dict[Status, int]]:
    """A snapshot's models, and its draws by status; every promise of it is looked at."""
    models, count = dict[str, None](), Counter[int]()
    for draws in read_groups([path]):
        models |= dict.fromkeys(draws.models)
        count.update(draws.status.tolist())
    return tuple(sorted(models)), {status: count[code] for code, status in enumerate(STATUSES) if count[code]}


def _by_model(files: Sequence[Path]) -> Iterator[pa.Table]:
    """The rows of sorted snapshots that share no model, as of one that is sorted."""
    runs = heapq.merge(*map(_runs, files), key=itemgetter(0))
    return (table for _, table in runs)


def _runs(path: Path) -> Iterator[tuple[str, pa.Table]]:
    """A snapshot's rows, a model at a time or less."""
    with readable(path), pq.ParquetFile(path, page_checksum_verification=True) as file:
        for index in range(file.metadata.num_row_groups):
            table = file.read_row_group(index, columns=SCHEMA.names).cast(SCHEMA)
            names, codes = dictionary(table["model"])
            starts = [0, *(np.flatnonzero(np.diff(codes)) + 1).tolist(), len(codes)]
            for start, stop in pairwise(starts):
                yield names[codes[start]], table.slice(start, stop - start)


def _check_study(path: Path, folder: Path) -> None:
    notes = read_notes(path)
    if not (folder / "study.toml").exists():
        raise UsageError(f"{folder / 'study.toml'}: not there; copy it from where {path} was collected")
    kind = load_study(folder).kind.value
    if notes.get(STUDY) != folder.name:
        raise UsageError(f"{path}: a shard of the study {notes.get(STUDY)!r}; import it into that one")
    if notes.get(KIND) != kind:
        raise UsageError(f"{path}: its draws are {notes.get(KIND)}, and {folder} is a {kind} study")


def _need_equal(path: Path, place: Path) -> None:
    """The shard was merged before, or its models have other draws here."""
    brought = _digests(path)
    held = _digests(place, models=frozenset(brought))
    for model, told in brought.items():
        if held.get(model) != told:
            raise UsageError(f"{path}: the study has other draws of {model}; keep one of the two collections")


def _digests(path: Path, *, models: frozenset[str] | None = None) -> dict[str, str]:
    """A digest of what each model drew and said, or of each of some models."""
    digests = dict[str, Any]()
    for draws in read_groups([path]):
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
