"""Snapshots of shards become one study's: without an overlap and without a gap.

A shard's snapshot notes which shard it is, of which study and kind. What is merged so far is noted in the
study's snapshot, until it is whole: then it is the snapshot that one collector alone would have written.
"""

import json
from dataclasses import dataclass
from pathlib import Path

from flipsite.domain import Draws
from flipsite.errors import UsageError
from flipsite.projects import SNAPSHOT
from flipsite.settings import load_study
from flipsite.shards import Shard, shard_of
from flipsite.store.columns import appended
from flipsite.store.snapshot import read_draws, read_notes, write_draws

SHARDS, STUDY, KIND = "flipsite_shards", "flipsite_study", "flipsite_kind"
"""Notes of a shard's snapshot: a JSON list such as `["3/16"]`; the study's id; its kind."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Merge:
    """What became of a shard's snapshot.

    Attributes:
        already: Whether the study held it before; then nothing changed.
        draws: Its draws.
        shards: What it brought.
        missing: Which shards the study still lacks.
    """

    already: bool
    draws: Draws
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
    brought, draws, place = shards_in(path), read_draws(path), folder / SNAPSHOT
    held = _shards(read_notes(place)) if place.exists() else ()
    old = read_draws(place) if place.exists() else None
    if odd := [model for model in draws.models if not any(shard.holds(model) for shard in brought)]:
        raise UsageError(f"{path}: {odd[0]} is not of shard {_names(brought)}; collect that shard anew")
    if old is not None and set(old.models) & set(draws.models):
        _need_equal(path, draws, old)
        return Merge(already=True, draws=draws, shards=brought, missing=_missing(held))
    if old is not None and not held:
        raise UsageError(
            f"{place}: holds draws of no shard, or of all; import {path.name} into another study"
        )
    if any(shard.of != brought[0].of for shard in held):
        raise UsageError(f"{path}: is one of {brought[0].of} shards, and the study has some of {held[0].of}")
    if again := sorted(set(held) & set(brought)):
        raise UsageError(f"{path}: shard {_names(tuple(again))} is in {place} with other models; keep one")
    together = tuple(sorted({*held, *brought}))
    study = load_study(folder)
    whole = draws if old is None else appended(old, draws, renumber=False)
    write_draws(
        place, whole, study=study.id, notes=shard_notes(together, study=study.id, kind=study.kind.value)
    )
    return Merge(already=False, draws=draws, shards=brought, missing=_missing(together))


def _check_study(path: Path, folder: Path) -> None:
    notes = read_notes(path)
    if not (folder / "study.toml").exists():
        raise UsageError(f"{folder / 'study.toml'}: not there; copy it from where {path} was collected")
    kind = load_study(folder).kind.value
    if notes.get(STUDY) != folder.name:
        raise UsageError(f"{path}: a shard of the study {notes.get(STUDY)!r}; import it into that one")
    if notes.get(KIND) != kind:
        raise UsageError(f"{path}: its draws are {notes.get(KIND)}, and {folder} is a {kind} study")


def _need_equal(path: Path, draws: Draws, old: Draws) -> None:
    """The shard was merged before, or its models have other draws here."""
    for index, model in enumerate(draws.models):
        if model not in old.models or _told(draws, index) != _told(old, old.models.index(model)):
            raise UsageError(f"{path}: the study has other draws of {model}; keep one of the two collections")


def _told(draws: Draws, index: int) -> tuple[object, ...]:
    rows = draws.rows(index)
    columns = (draws.draw, draws.outcome, draws.status, draws.order)
    return (*(column[rows].tolist() for column in columns), list(draws.response[rows]))


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
