"""Answers of several draws as a row a draw, for tools that know no sequences."""

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from flipsite.domain.draws import Draws
from flipsite.store.snapshot.columns import COUNTS, NUMBERS, repeated_rows


def flattened(draws: Draws) -> tuple[Draws, NDArray[np.int64]]:
    """Give each draw of a sequence a row of its own.

    What belongs to the whole answer (its text, tokens, cost and latency) stands in its first row alone, so
    that sums over the rows stay true.

    Returns:
        The rows, and the place of each in its answer, from 0; -1 where a row is no draw of a sequence.
    """
    sequences = draws.sequence or [None] * len(draws)
    answers = [[int(index) for index in text.split()] if text else [] for text in sequences]
    lengths = np.array([max(1, len(answer)) for answer in answers], np.int64)
    rows = np.repeat(np.arange(len(draws)), lengths)
    place = np.arange(len(rows)) - np.repeat(np.cumsum(lengths) - lengths, lengths)
    outcome = draws.outcome[rows].astype(np.int16)
    inside = np.array([bool(answer) for answer in answers], np.bool_)[rows]
    outcome[inside] = [index for answer in answers for index in answer]
    flat, later = repeated_rows(draws, rows), place > 0
    numbers: dict[str, Any] = {
        name: np.where(later, np.nan, getattr(flat, name)) for name in (*COUNTS, *NUMBERS)
    }
    said = [None if is_later else text for text, is_later in zip(flat.response, later.tolist(), strict=True)]
    flat = replace(flat, outcome=outcome, sequence=None, response=said, **numbers)
    return flat, np.where(inside, place, -1)
