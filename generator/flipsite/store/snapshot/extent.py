"""How much a snapshot holds, in all and of each model, without reading it whole; and whether a cache does."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
from numpy.typing import NDArray

from flipsite.domain.display import plural
from flipsite.domain.endpoint import ModelLedger
from flipsite.errors import StoreError
from flipsite.project import snapshot_files
from flipsite.store.snapshot.arrow import dictionary, numbers
from flipsite.store.snapshot.read import check_format, n_draws, partition_of, readable


@dataclass(frozen=True, slots=True)
class Extent:
    """How much a snapshot holds: its draws, and when the last was asked; None where that is not known."""

    draws: int
    last: str | None


def snapshot_extent(files: Sequence[Path]) -> Extent:
    """How much a snapshot holds, from its files' metadata alone; errors as for `read_draws`."""
    extents = [_extent(path) for path in files]
    lasts = [extent.last for extent in extents if extent.last is not None]
    return Extent(sum(extent.draws for extent in extents), max(lasts, default=None))


def _extent(path: Path) -> Extent:
    with readable(path), pq.ParquetFile(path) as file:
        check_format(path, file.metadata.metadata or {})
        asked = file.schema_arrow.get_field_index("asked_at")
        groups = [file.metadata.row_group(index) for index in range(file.metadata.num_row_groups)]
        bounds = [group.column(asked).statistics for group in groups] if asked >= 0 else []
        moments = [str(each.max) for each in bounds if each is not None and each.has_min_max]
        return Extent(file.metadata.num_rows, max(moments, default=None))


@dataclass(frozen=True, slots=True)
class ModelExtent:
    """How many draws of a model there are, and the last one's number."""

    draws: int
    last: int


def model_extents(files: Sequence[Path]) -> dict[str, ModelExtent]:
    """How much a snapshot holds of each model, read a group of rows at a time; errors as for `read_draws`."""
    counts, lasts = Counter[str](), dict[str, int]()
    for path in files:
        n_draws(path)
        for names, codes, draw in _by_model(path):
            last = np.full(len(names), -1, np.int64)
            np.maximum.at(last, codes, draw)
            found = np.bincount(codes, minlength=len(names))
            for name, n, most in zip(names, found.tolist(), last.tolist(), strict=True):
                counts[name] += n
                lasts[name] = max(most, lasts.get(name, -1))
    return {name: ModelExtent(counts[name], lasts[name]) for name in sorted(counts)}


def _by_model(path: Path) -> Iterator[tuple[list[str], NDArray[np.int64], NDArray[np.int64]]]:
    """A file's draws a group of rows at a time: the models, each draw's index into them, and its number."""
    model = partition_of(path).get("model")
    texts = [] if model else ["model"]
    with (
        readable(path),
        pq.ParquetFile(path, read_dictionary=texts, page_checksum_verification=True) as file,
    ):
        for index in range(file.metadata.num_row_groups):
            table = file.read_row_group(index, columns=["draw"] if model else ["model", "draw"])
            draw = numbers(table["draw"], np.int64, missing=-1)
            names, codes = ([model], np.zeros(len(draw), np.int64)) if model else dictionary(table["model"])
            yield names, codes, draw


def refuse_loss(folder: Path, held: Iterable[ModelLedger]) -> None:
    """See to it that a study's snapshot holds no draw that the cache does not.

    Args:
        folder: The study's; its snapshot need not exist.
        held: What the cache holds of each model.

    Raises:
        StoreError: If the snapshot was imported, or collected with another cache.
    """
    files = snapshot_files(folder)
    if not files:
        return
    asked = {ledger.model: ledger.last_draw + 1 for ledger in held}
    extents = model_extents(files)
    lost = sum(max(0, extent.draws - asked.get(model, 0)) for model, extent in extents.items())
    if lost:
        raise StoreError(
            f"{files[0]}: holds {plural(lost, 'draw')} that this project's cache does not: they were "
            "imported, or collected elsewhere. Add --adopt to take them as asked and paid, bring that cache "
            "along, or collect into another study."
        )
