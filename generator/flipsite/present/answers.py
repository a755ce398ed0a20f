"""A model's answers as its page shows them: the first ones whole enough to read, the rest to download.

Whatever a model said is hostile text: it is escaped by the template, cut here, and kept in its own box.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from math import isnan

import numpy as np
from numpy.typing import NDArray

from flipsite.domain import STATUSES, Draws
from flipsite.present.tables import csv_records

SHOWN = 50
"""Answers on a model's page: its size does not grow with the draws."""

LETTERS = 700
"""Of an answer shown; the download has the rest."""

DRAW_KEYS = (
    "draw",
    "labels",
    "order",
    "outcome",
    "status",
    "response",
    "finish_reason",
    "provider",
    "mode",
    "prompt_tokens",
    "completion_tokens",
    "reasoning_tokens",
    "cost_usd",
    "latency_s",
    "asked_at",
)
"""Columns of a model's own download, those of the tidy draws but for study and model."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """One draw to open.

    Attributes:
        number: The draw's index.
        side: `heads` for a one, `tails` for a zero, `missing` without an outcome.
        told: The outcome as a word: 1, 0, or the status.
        text: What the model said, cut; None where nothing came.
        cut: How many letters were cut off.
        facts: (name, text) of what is known of the draw.
    """

    number: int
    side: str
    told: str
    text: str | None
    cut: int
    facts: tuple[tuple[str, str], ...]


def answers(draws: Draws, rows: slice) -> tuple[Answer, ...]:
    """The first answers of a model."""
    last = min(rows.stop, rows.start + SHOWN)
    return tuple(_answer(draws, row) for row in range(rows.start, last))


def model_csv(draws: Draws, rows: slice) -> bytes:
    """All draws of a model as CSV, in the columns of the tidy draws."""
    return csv_records(DRAW_KEYS, (_record(draws, row) for row in range(rows.start, rows.stop))).encode(
        "utf-8", "replace"
    )


def _answer(draws: Draws, row: int) -> Answer:
    outcome = int(draws.outcome[row])
    text = draws.response[row]
    record = _record(draws, row)
    facts = [(name, _fact(record, key, unit)) for name, key, unit in _FACTS]
    return Answer(
        number=int(draws.draw[row]),
        side={1: "heads", 0: "tails"}.get(outcome, "missing"),
        told=str(outcome) if outcome >= 0 else STATUSES[draws.status[row]].value,
        text=None if text is None else text[:LETTERS],
        cut=0 if text is None else max(0, len(text) - LETTERS),
        facts=tuple((name, said) for name, said in facts if said),
    )


_FACTS = (
    ("Status", "status", ""),
    ("Labels", "labels", ""),
    ("Provider", "provider", ""),
    ("Ended by", "finish_reason", ""),
    ("Asked for", "mode", ""),
    ("Prompt", "prompt_tokens", " tokens"),
    ("Answer", "completion_tokens", " tokens"),
    ("Reasoning", "reasoning_tokens", " tokens"),
    ("Cost", "cost_usd", " USD"),
    ("Time", "latency_s", " s"),
    ("Asked at", "asked_at", ""),
)


def _fact(record: Mapping[str, object], key: str, unit: str) -> str:
    value = record[key]
    if value is None:
        return ""
    return f"{value:.4g}{unit}" if isinstance(value, float) else f"{value}{unit}"


def _record(draws: Draws, row: int) -> dict[str, object]:
    outcome, order = int(draws.outcome[row]), int(draws.order[row])
    return {
        "draw": int(draws.draw[row]),
        "labels": draws.labels[row],
        "order": order if order >= 0 else None,
        "outcome": outcome if outcome >= 0 else None,
        "status": STATUSES[draws.status[row]].value,
        "response": draws.response[row],
        "finish_reason": draws.finish_reason[row],
        "provider": draws.provider[row],
        "mode": draws.mode[row],
        "prompt_tokens": _whole(draws.prompt_tokens, row),
        "completion_tokens": _whole(draws.completion_tokens, row),
        "reasoning_tokens": _whole(draws.reasoning_tokens, row),
        "cost_usd": _number(draws.cost_usd, row),
        "latency_s": _number(draws.latency_s, row),
        "asked_at": draws.asked_at[row],
    }


def _number(column: NDArray[np.float64], row: int) -> float | None:
    value = float(column[row])
    return None if isnan(value) else value


def _whole(column: NDArray[np.float64], row: int) -> int | None:
    value = _number(column, row)
    return None if value is None else int(value)
