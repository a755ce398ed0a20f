"""A model's answers as its page shows them: the first ones whole enough to read, the rest to download.

Whatever a model said is hostile text: it is escaped here, cut, and kept in its own box. A value that all
answers share is stated once. Fifty answers are most of a page: this file writes them, not a template's loop.
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Final

from markupsafe import Markup, escape

from flipsite.domain.display import plural, usd_text
from flipsite.domain.draws import STATUSES, Draws, Status
from flipsite.domain.money import usd_or_none
from flipsite.present.sparklines.outcomes import short_label
from flipsite.present.text.escaping import escaped_texts

SHOWN = 50
"""Answers on a model's page: its size does not grow with the draws."""

LETTERS = 700
"""Characters of an answer that are shown; the download has the rest."""

MOST_LABELS = 12
"""A draw with more labels names the first two and the last."""

_LONG = 240
"""An answer of more letters may have to be scrolled, so the keyboard can reach it."""

_STATUSES: Final = tuple(status.value for status in STATUSES)
_SIDES: Final = {1: "heads", 0: "tails", -1: "missing"}

_TEXTS: Final = (
    ("Labels", "labels"),
    ("Provider", "provider"),
    ("Served as", "served_model"),
    ("Ended by", "finish_reason"),
    ("Asked for", "mode"),
    ("Asked at", "asked_at"),
)
_NUMBERS: Final[tuple[tuple[str, str, Callable[[float], str]], ...]] = (
    ("Prompt", "prompt_tokens", "{:.0f} tokens".format),
    ("Answer", "completion_tokens", "{:.0f} tokens".format),
    ("Reasoning", "reasoning_tokens", "{:.0f} tokens".format),
    ("Cost", "cost_usd", lru_cache(maxsize=4096)(lambda cost: usd_text(usd_or_none(cost)))),
    ("Time", "latency_s", "{:.4g} s".format),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Answers:
    """The answers on a page, each behind a coin that opens it.

    Attributes:
        n_shown: Their number.
        alike: What all of them share, as (name, text); empty of a single one.
        html: An `li` each: a coin, and the box that it opens, `#draw-N`.
    """

    n_shown: int
    alike: tuple[tuple[str, str], ...]
    html: Markup


def answers(draws: Draws, rows: slice, *, names: Sequence[str] | None = None) -> Answers:
    """The first answers of the model whose rows these are.

    Args:
        draws: Of the study.
        rows: The model's.
        names: The labels of k > 2 outcomes; a coin's are 0 and 1.
    """
    shown = slice(rows.start, min(rows.stop, rows.start + SHOWN))
    sides, codes = draws.outcome[shown].tolist(), draws.status[shown].tolist()
    rows_of_draws = draws.sequence[shown] if draws.sequence is not None else [None] * len(sides)
    heads = [
        _head(
            number, side, code, names[side] if names and side >= 0 else None, len(row.split()) if row else 0
        )
        for number, side, code, row in zip(
            draws.draw[shown].tolist(), sides, codes, rows_of_draws, strict=True
        )
    ]
    alike, facts = _facts(draws, shown)
    lines = zip(heads, _said(draws.response[shown], codes), facts, strict=True)
    html = "".join([f"{head}{said}{fact}</div>\n" for head, said, fact in lines])
    return Answers(n_shown=len(sides), alike=tuple(alike), html=Markup(html))


@cache
def _head(number: int, side: int, code: int, name: str | None, n_in_row: int) -> str:
    """The coin, and the top of its box: the same on every page; a row of draws shows its number."""
    if n_in_row:
        return _coin(number, kind="drawn", face=f"{number}", told=plural(n_in_row, "draw"))
    told = str(escape(name or side)) if side >= 0 else _STATUSES[code]
    face = "–" if side < 0 else told if name is None else str(escape(short_label(name)))
    kind = "drawn" if name is not None or side > 1 else _SIDES[side]
    return _coin(number, kind=kind, face=face, told=told)


def _coin(number: int, *, kind: str, face: str, told: str) -> str:
    return (
        f'<li><button class="{kind}" popovertarget="draw-{number}" '
        f'aria-label="Draw {number}: {told}">{face}</button>'
        f'<div popover id="draw-{number}"><b>Draw {number}: {told}</b>'
    )


def _said(texts: Sequence[str | None], codes: Sequence[int]) -> list[str]:
    """The model's answers, each in a box of its own; imported outcomes may come without their answers."""
    said = {text for text in texts if text is not None}
    if None not in texts and max(map(len, said)) <= _LONG:
        escaped = dict(zip(said, escaped_texts([*said]), strict=True))
        return [f"<pre>{escaped[text]}</pre>" for text in texts if text is not None]
    return [_box(text, STATUSES[code]) for text, code in zip(texts, codes, strict=True)]


def _box(text: str | None, status: Status) -> str:
    if text is None:
        return f"<p>{'No answer came' if status is Status.ERROR else 'The answer is not recorded'}.</p>"
    if len(text) <= _LONG:
        return f"<pre>{escape(text)}</pre>"
    cut = f" … ({len(text) - LETTERS:,} more characters in the download)" if len(text) > LETTERS else ""
    return f'<pre tabindex="0">{escape(text[:LETTERS])}{cut}</pre>'


@lru_cache(maxsize=4096)
def _labels(text: str | None) -> str | None:
    """The labels of a draw in words, of many the ends; unchanged where they are no JSON list."""
    try:
        *others, last = json.loads(text or "")
    except (ValueError, TypeError):
        return text
    if len(others) < MOST_LABELS:
        return f"{', '.join(map(str, others))} and {last}"
    return f"{others[0]}, {others[1]}, … {last}"


def _facts(draws: Draws, shown: slice) -> tuple[list[tuple[str, str]], Sequence[str]]:
    """Split answers into what they share, and a line of HTML for the rest of each."""
    alike: list[tuple[str, str]] = []
    differ: list[list[str]] = []
    statuses = [_STATUSES[code] for code in draws.status[shown].tolist()]
    columns = {name: getattr(draws, key) for name, key in _TEXTS}
    told = {name: column[shown] for name, column in columns.items() if column is not None}
    told["Labels"] = [_labels(text) for text in told["Labels"]]
    for name, texts in (("Status", statuses), *told.items()):
        if len(texts) > 1 and texts.count(texts[0]) == len(texts):
            alike += [(name, texts[0])] if texts[0] is not None else []
        else:
            differ.append(escaped_texts([f"{name}: {text}" if text is not None else "" for text in texts]))
    for name, key, form in _NUMBERS:
        values = getattr(draws, key)[shown].tolist()
        if len(values) > 1 and values.count(values[0]) == len(values):
            alike.append((name, form(values[0])))
            continue
        facts = [f"{name}: {form(value)}" if value == value else "" for value in values]  # noqa: PLR0124 (NaN)
        if any(facts):
            differ.append(facts)
    if not differ:
        return alike, [""] * len(statuses)
    return alike, [" · ".join([fact for fact in facts if fact]) for facts in zip(*differ, strict=True)]
