"""From a study's cache to its snapshot: what changed since the last one is read, the rest copied."""

import logging
from collections.abc import Collection, Container
from dataclasses import replace
from itertools import chain
from pathlib import Path

from flipsite.collect.catalogue import load_catalogue
from flipsite.collect.reading.completion import draw_of
from flipsite.collect.selection import with_stated_price
from flipsite.domain.draws import OPTIONAL, OPTIONAL_CODES, Draw
from flipsite.domain.endpoint import StoredDraw
from flipsite.domain.study import Shard, Study
from flipsite.project import CATALOGUE_FILE, own_digest, snapshot_files, snapshot_place
from flipsite.store.cache.cache import Cache
from flipsite.store.snapshot.assemble import brief
from flipsite.store.snapshot.merge import woven
from flipsite.store.snapshot.parquet import LIBRARY
from flipsite.store.snapshot.read import optional_in, repeated_note
from flipsite.store.snapshot.shards import shard_notes
from flipsite.store.snapshot.tables import draw_tables
from flipsite.store.snapshot.write import (
    WrittenSnapshot,
    dump_written,
    load_written,
    replace_snapshot,
    stands,
)

log = logging.getLogger(__name__)


def write_snapshot(folder: Path, cache: Cache, study: Study, *, shard: Shard | None = None) -> Path | None:
    """Write what the cache holds as the study's snapshot, whole; None where it holds no draw.

    The same snapshot as of a cache that is read whole, and at its cost where anything but answers is not as
    it was: the snapshot itself, or the flipsite that reads them. Where no draw changed it stays as it is.

    Models that the study leaves out stay in the cache.

    A shard's snapshot says whose it is, and is written empty rather than not at all: it would be missed among
    the others. Where the cache holds models of other shards too, the snapshot is the study's.

    Returns:
        The snapshot's file, or the folder of its parts.
    """
    exceptions = (study.models.exclude, [skip.id for skip in study.models.skip])
    unpriced = _unpriced(folder, study)
    by = f"{own_digest()} {LIBRARY} {exceptions if study.models.has_exceptions else ''}".rstrip()
    by = f"{by} {sorted(unpriced)}" if unpriced else by
    with cache.view() as view:
        models, mark = view.models(), view.mark()
        alone = shard is not None and all(shard.holds(model) for model in models)
        notes = shard_notes((shard,), study=study.id, kind=study.kind.value) if shard and alone else {}
        repeated = view.repeated().items()
        notes |= repeated_note({each: n for each, n in repeated if not study.models.leaves_out(each)})
        optional = _columns(study, served_otherwise=view.served_otherwise())
        last = load_written(view.written(), by=by)
        if last is not None and not (stands(last, folder) and _has_columns(folder, optional)):
            last = None
        kept = view.kept(since=last.mark if last else None)
        shown = (each for each in kept if not study.models.leaves_out(each.model))
        changed = draw_tables(
            (brief(_draw(each, study, unpriced)) for each in shown), study=study.id, optional=optional
        )
        first = next(changed, None)
        if last is not None and first is None and last.notes == notes:
            return snapshot_place(folder)
        rows = woven(snapshot_files(folder) if last else (), chain(() if first is None else [first], changed))
        same = last.files if last is not None and last.notes == notes else {}
        known = {folder / name: sha256 for name, sha256 in same.items()}
        files = replace_snapshot(folder, rows, notes=notes, known=known, optional=optional)
    cache.remember(dump_written(WrittenSnapshot(by=by, mark=mark, notes=notes, files=files)))
    place = snapshot_place(folder)
    log.info("%s: %d models", place or f"{folder}: no draws yet", len(models))
    return place


def _unpriced(folder: Path, study: Study) -> frozenset[str]:
    """The models without a stated price: neither the catalogue kept with the study, nor the study."""
    path = folder / CATALOGUE_FILE
    if not path.is_file():
        return frozenset()
    offered = load_catalogue(path.read_bytes(), name=str(path)).models
    priced = (with_stated_price(model, study.models.price) for model in offered)
    return frozenset(model.id for model in priced if model.price is None)


def _draw(kept: StoredDraw, study: Study, unpriced: Container[str]) -> Draw:
    """The public draw of a stored one; what it cost is unknown where there is neither a price nor a bill."""
    draw = draw_of(kept, study)
    return draw if kept.cost_usd or kept.model not in unpriced else replace(draw, cost_usd=None)


def _columns(study: Study, *, served_otherwise: bool) -> tuple[str, ...]:
    """The optional columns of a study's snapshot."""
    used = {
        "sequence": study.sampling.per_answer > 1,
        "served_model": served_otherwise,
        **dict.fromkeys(("p_labels", "p_cover"), study.sampling.logprobs),
        **dict.fromkeys(OPTIONAL_CODES, study.method.kind == "rejection"),
        "seed_text": study.method.kind == "seed",
    }
    return tuple(name for name in OPTIONAL if used[name])


def _has_columns(folder: Path, optional: Collection[str]) -> bool:
    return optional_in(snapshot_files(folder)) == frozenset(optional)
