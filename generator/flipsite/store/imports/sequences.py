"""Several draws in one answer: a row of labels or codes, in one cell or in several."""

import json
import re
from collections.abc import Callable

import pyarrow as pa
import pyarrow.compute as pc

from flipsite.domain.distribution import MOST_PER_ANSWER
from flipsite.domain.draws import sequence_text
from flipsite.store.imports.cells import Labels
from flipsite.store.imports.outcomes import code_of

_BETWEEN = "\x1f"
_SEPARATORS = re.compile(r"[\s,;|]+")


def joined(columns: list[pa.Array]) -> pa.Array:
    """One column of the cells that several columns hold side by side; null where all are missing."""
    if len(columns) == 1:
        return columns[0]
    together = pc.binary_join_element_wise(*columns, _BETWEEN, null_handling="replace", null_replacement="")
    empty = pc.equal(pc.utf8_length(together), len(columns) - 1)
    return pc.if_else(empty, pa.scalar(None, pa.string()), together)


def read_sequence(
    cell: str | None, labels: Labels | None, *, read_label: Callable[[str, Labels | None], int] | None
) -> str | None:
    """Read a row of draws, two at least, as the snapshot holds it, `0 1 1`; None where one cannot be read.

    Args:
        cell: Labels or codes with blanks or commas between, a JSON list, or digits without anything between.
        labels: The labels of the outcomes; None for 0 and 1.
        read_label: Reads a label; None where the row holds indices alone.
    """
    indices = []
    for token in _tokens(cell or "", labels or ("0", "1")):
        index = -1 if read_label is None else read_label(token, labels)
        index = code_of(token, len(labels) if labels else 2) if index < 0 else index
        if index < 0:
            return None
        indices.append(index)
    return sequence_text(indices) if 2 <= len(indices) <= MOST_PER_ANSWER else None


def _tokens(cell: str, labels: Labels) -> list[str]:
    if _BETWEEN in cell:
        tokens = [part.strip() for part in cell.rstrip(_BETWEEN + " ").split(_BETWEEN)]
        return tokens if all(tokens) else []  # a gap is no draw, and what follows has no place
    text = cell.strip()
    if text.startswith("["):
        try:
            values = json.loads(text)
        except (ValueError, RecursionError):
            return []
        return [str(value) for value in values] if isinstance(values, list) else []
    tokens = [token for token in _SEPARATORS.split(text) if token]
    if len(tokens) == 1 and tokens[0] not in labels and set(tokens[0]) <= set(labels):
        return list(tokens[0])
    return tokens
