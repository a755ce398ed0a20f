"""Draws of a file in sorted runs, merged as they are read, so that memory is bounded."""

from collections.abc import Iterator
from itertools import pairwise

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from flipsite.domain.draws import OPTIONAL
from flipsite.store.imports.overlap import Flags
from flipsite.store.imports.sheet import MOST_BYTES, Spool
from flipsite.store.imports.survey import Ints
from flipsite.store.snapshot.columns import schema_with

ROWS_A_RUN = 262_144
"""Rows that are sorted together, and written at a time."""


class Runs:
    """Draws in sorted runs, which are merged as they are read."""

    def __init__(self) -> None:
        self._spool = Spool(MOST_BYTES)
        self._keys: list[tuple[NDArray[np.int32], Ints]] = []
        self._kept: Ints | None = None

    def add(self, table: pa.Table, model: Ints, draw: Ints) -> None:
        """Add some draws, with the place of each one's model."""
        order = np.lexsort((draw, model))
        self._spool.add(table.take(pa.array(order)))
        self._keys.append((model[order].astype(np.int32), draw[order]))

    def __len__(self) -> int:
        return sum(len(model) for model, _ in self._keys) if self._kept is None else len(self._kept)

    def keep(self, wanted: Flags) -> None:
        """Leave out all draws but some, given in the order of the tables."""
        kept = np.arange(len(wanted)) if self._kept is None else self._kept
        self._kept = kept[wanted]

    def has_repeats(self) -> bool:
        """Whether two draws have the same model and number."""
        if not self._keys:
            return False
        _, model, draw = self._joined()
        order = np.lexsort((draw, model))
        model, draw = model[order], draw[order]
        return bool(((model[1:] == model[:-1]) & (draw[1:] == draw[:-1])).any())

    def tables(self, *, study: str, shift: Ints, rows: int = ROWS_A_RUN) -> Iterator[pa.Table]:
        """The draws by model and number, in the snapshot's columns, some at a time.

        Args:
            study: The study's id.
            shift: By model: what is added to the numbers of its draws.
            rows: Most rows of a table.
        """
        if not self._keys:
            return
        ends, model, draw = self._joined()
        order = np.lexsort((draw, model))
        order = order if self._kept is None else order[self._kept]
        for start in range(0, len(order), rows):
            chosen = order[start : start + rows]
            pieces, offset = [], np.zeros(len(self._keys), np.int64)
            run = np.searchsorted(ends, chosen, side="right") - 1
            n_before = 0
            for index in np.unique(run).tolist():
                inside = chosen[run == index] - ends[index]
                first, last = int(inside.min()), int(inside.max())
                pieces.append(self._spool[index].slice(first, last - first + 1))
                offset[index] = n_before - first - ends[index]
                n_before += last - first + 1
            together = pa.concat_tables(pieces).combine_chunks().take(pa.array(chosen + offset[run]))
            yield _finished(together, draw[chosen] + shift[model[chosen]], study)

    def _joined(self) -> tuple[Ints, NDArray[np.int32], Ints]:
        """Where each run begins and the last ends, and the keys of all, which are then held once."""
        ends = np.cumsum([0, *(len(model) for model, _ in self._keys)])
        model, draw = map(np.concatenate, zip(*self._keys, strict=True))
        self._keys = [(model[start:end], draw[start:end]) for start, end in pairwise(ends.tolist())]
        return ends, model, draw

    def close(self) -> None:
        """Remove what lies on disk."""
        self._spool.close()


def _finished(table: pa.Table, draw: Ints, study: str) -> pa.Table:
    columns = dict(zip(table.column_names, table.columns, strict=True))
    columns |= {"study": pa.repeat(pa.scalar(study), len(draw)), "draw": pa.array(draw)}
    optional = set(OPTIONAL).intersection(table.column_names)
    schema = schema_with(optional, wide=table["outcome"].type == pa.int16())
    return pa.table([columns[name] for name in schema.names], schema=schema)
