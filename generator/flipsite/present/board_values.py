"""The numbers behind a leaderboard's rows: a script that its page fetches when somebody sorts or downloads.

They would weigh on every reader of the page. A script element works from `file://`, where `fetch` is blocked.
"""

import hashlib

from flipsite.present.board import Board
from flipsite.present.board_rows import BoardRow
from flipsite.present.interactive import spec_json

_DOUBTS = frozenset({"bias_median", "p_within_05", "p_within_10", "p_least", "p_most"})
"""Columns of a model's standing; all others are its estimate's."""

_IN_ROWS = frozenset({"model", "verdict", "picture"})
"""Columns that are read from the rows themselves, or are no numbers."""


def values_script(study: str, board: Board) -> tuple[str, bytes]:
    """Path and content of a script that calls `flipsiteBoard`: a column each, in the order of the rows.

    `traits` names the rows that have a trait, by its key.
    """
    keys = [heading.key for heading in board.columns if heading.key not in _IN_ROWS]
    columns: dict[str, list[float | None]] = {key: [_value(row, key) for row in board.rows] for key in keys}
    if "bias_median" in columns:
        columns |= {key: [_value(row, key) for row in board.rows] for key in ("p_within_05", "p_within_10")}
    columns["interval_low"] = [round(row.mark.low_value, 6) if row.mark else None for row in board.rows]
    columns["interval_high"] = [round(row.mark.high_value, 6) if row.mark else None for row in board.rows]
    traits: dict[str, list[int]] = {}
    for place, row in enumerate(board.rows):
        for trait in row.traits:
            traits.setdefault(trait.key, []).append(place)
    text = f"flipsiteBoard({spec_json({'values': columns, 'traits': traits})});\n"
    content = text.encode()
    return f"assets/board-{study}.{hashlib.sha256(content).hexdigest()[:10]}.js", content


def _value(row: BoardRow, key: str) -> float | None:
    """What a column sorts by and a download holds."""
    holder = row.standing if key in _DOUBTS else row.estimate
    found = getattr(holder, key) if holder else None
    if isinstance(found, float):
        return float(f"{found:.6g}")  # more than fifty draws can tell; the data files have every digit
    assert found is None or isinstance(found, (float, int))  # noqa: S101 - columns of a record
    return found
