"""Draws of a file in sorted runs, merged as they are read, so that memory is bounded."""

from collections.abc import Iterator

import numpy as np
import pyarrow as pa

from flipsite.domain.draws import OPTIONAL
from flipsite.store.draws_schema import schema_with
from flipsite.store.imports.duplicate_draws import Flags
from flipsite.store.imports.sheet import MOST_BYTES, Spool
from flipsite.store.imports.survey import Codes, Ints

ROWS_A_RUN = 262_144
"""Rows that are sorted together, and written at a time."""


class Runs:
    """Draws in sorted runs, which are merged as they are read."""

    def __init__(self, model: Codes, draw: Ints) -> None:
        """Begin without draws.

        Args:
            model: The place of the model of each draw that will be added; runs are sorted in it.
            draw: Likewise its number.
        """
        self._model, self._draw = model, draw
        self._spool = Spool(MOST_BYTES)
        self._ends = [0]
        self._order: Ints | None = None
        self._kept: Ints | None = None

    def add(self, table: pa.Table) -> None:
        """Add the next draws."""
        start, end = self._ends[-1], self._ends[-1] + len(table)
        model, draw = self._model[start:end], self._draw[start:end]
        order = np.lexsort((draw, model))
        self._spool.add(table.take(pa.array(order)))
        model[:], draw[:] = model[order], draw[order]
        self._ends.append(end)

    def __len__(self) -> int:
        return len(self._model) if self._kept is None else len(self._kept)

    def keep(self, wanted: Flags) -> None:
        """Leave out all draws but some, given in the order of the tables."""
        kept = np.arange(len(wanted)) if self._kept is None else self._kept
        self._kept = kept[wanted]

    def has_repeats(self) -> bool:
        """Whether two draws have the same model and number."""
        order = self._sorted()
        for start in range(0, len(order), ROWS_A_RUN):
            some = order[start : start + ROWS_A_RUN + 1]
            if ((np.diff(self._model[some]) == 0) & (np.diff(self._draw[some]) == 0)).any():
                return True
        return False

    def tables(self, *, study: str, shift: Ints, rows: int = ROWS_A_RUN) -> Iterator[pa.Table]:
        """The draws by model and number, in the snapshot's columns, some at a time.

        Args:
            study: The study's id.
            shift: By model: what is added to the numbers of its draws.
            rows: Most rows of a table.
        """
        ends, order = np.array(self._ends), self._sorted()
        order = order if self._kept is None else order[self._kept]
        for start in range(0, len(order), rows):
            chosen = order[start : start + rows]
            pieces, offset = [], np.zeros(len(ends), np.int64)
            run = np.searchsorted(ends, chosen, side="right") - 1
            n_before = 0
            for index in np.unique(run).tolist():
                inside = chosen[run == index] - ends[index]
                first, last = int(inside.min()), int(inside.max())
                pieces.append(self._spool[index].slice(first, last - first + 1))
                offset[index] = n_before - first - ends[index]
                n_before += last - first + 1
            together = pa.concat_tables(pieces).combine_chunks().take(pa.array(chosen + offset[run]))
            yield _finished(together, self._draw[chosen] + shift[self._model[chosen]], study)

    def _sorted(self) -> Ints:
        """The places of all draws, by model and number."""
        if self._order is None:
            self._order = np.lexsort((self._draw, self._model))
        return self._order

    def close(self) -> None:
        """Remove what lies on disk."""
        self._spool.close()


def _finished(table: pa.Table, draw: Ints, study: str) -> pa.Table:
    columns = dict(zip(table.column_names, table.columns, strict=True))
    columns |= {"study": pa.repeat(pa.scalar(study), len(draw)), "draw": pa.array(draw)}
    optional = set(OPTIONAL).intersection(table.column_names)
    schema = schema_with(optional, wide=table["outcome"].type == pa.int16())
    return pa.table([columns[name] for name in schema.names], schema=schema)
