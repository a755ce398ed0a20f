"""The columns of a study's draws, in their order: of `draws.csv`, `draws.jsonl` and `draws.parquet`.

`flipsite.schema` says what each of them means, `draws_schema` their types in Arrow.
"""

import re
from collections.abc import Collection
from itertools import combinations

from flipsite.domain.draws import OPTIONAL

COLUMNS = (
    *("study", "model", "draw", "labels", "order", "outcome", "status", "response", "finish_reason"),
    *("provider", "mode", "prompt_tokens", "completion_tokens", "reasoning_tokens", "cost_usd", "latency_s"),
    "asked_at",
)
"""The tidy draws of the design that every study has, in its order."""

TEXTS = ("labels", "response", "finish_reason", "provider", "mode", "asked_at")
"""Columns of `Draws` that are text, None where missing."""

CODES = ("outcome", "status", "order")
"""Columns of `Draws` that are small codes, -1 where missing."""

COUNTS = ("prompt_tokens", "completion_tokens", "reasoning_tokens")
"""Columns of `Draws` that are whole numbers kept as float64, NaN where missing."""

NUMBERS = ("cost_usd", "latency_s")
"""Columns of `Draws` that are float64, NaN where missing."""

RESPONSE_CHARACTERS = 4_000
"""A longer response is cut to this many characters in the snapshot."""

_OPTIONAL_COLUMNS = (
    ("outcome", "sequence"),
    ("provider", "served_model"),
    ("mode", "seed_text"),
    ("mode", "accepted"),
    ("mode", "proposed"),
    ("mode", "p_cover"),
    ("mode", "p_labels"),
)
"""Optional columns, each behind one that is always there; the last of those behind the same comes first."""

_SURROGATE = re.compile("[\ud800-\udfff]")


def columns_with(optional: Collection[str]) -> tuple[str, ...]:
    """The columns of draws that have some optional ones."""
    columns = list(COLUMNS)
    for before, name in _OPTIONAL_COLUMNS:
        if name in optional:
            columns.insert(columns.index(before) + 1, name)
    return tuple(columns)


HEADERS = frozenset(
    columns_with(optional) for n in range(len(OPTIONAL) + 1) for optional in combinations(OPTIONAL, n)
)
"""All headers that an export may have."""


def unicode_text(text: str) -> str:
    """Text that UTF-8 can hold: a lone surrogate becomes U+FFFD."""
    return text if text.isascii() else _SURROGATE.sub("\ufffd", text)
