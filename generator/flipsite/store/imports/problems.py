"""Cells and rows that cannot be read: how many, of which kinds, and the first of them in words."""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

LONGEST_NAME = 300
"""Letters of a model's name at most."""

PROBLEMS_KEPT = 10
"""The most unreadable things that are kept to be shown."""

_VALUE = re.compile(r" (?:'.*'|\".*\")", re.DOTALL)


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Problem:
    """Something that could not be read: its line (in Parquet its row) and why."""

    line: int
    text: str


class Problems:
    """How many there are, how many of each kind, and the first of them by line."""

    def __init__(self) -> None:
        self.n = 0
        self.reasons = Counter[str]()
        self._first: list[Problem] = []

    def add(self, line: int, text: str) -> None:
        """Note one more."""
        self.n += 1
        self.reasons[_VALUE.sub("", text)] += 1
        self._first.append(Problem(line=line, text=text))
        if len(self._first) > 100 * PROBLEMS_KEPT:
            self._first = list(self.first)

    @property
    def first(self) -> tuple[Problem, ...]:
        """The first of them."""
        return tuple(sorted(self._first)[:PROBLEMS_KEPT])


def cell_fault(ours: str, cell: str | None, fault: str) -> str:
    """Words for a cell that is none of what its column holds."""
    return f"{ours} {shown(cell)} is {fault}"


def cell_faults(
    ours: str, cells: Sequence[str | None], read: Sequence[object], fault: str
) -> list[str | None]:
    """Words for each cell that is not blank and could not be read; None for the others."""
    return [
        cell_fault(ours, cell, fault) if value is None and cell and cell.strip() else None
        for cell, value in zip(cells, read, strict=True)
    ]


def shown(cell: str | None) -> str:
    """A cell in quotes, cut where it is long."""
    text = cell or ""
    return repr(text if len(text) <= 40 else text[:39] + "…")


def name_fault(name: str, *, exact: bool) -> str | None:
    """Why a text is no model's name; None where it is one."""
    if not name:
        return "names no model"
    if len(name) > LONGEST_NAME:
        return f"names a model with {len(name):,} letters; {LONGEST_NAME} are the most"
    if not exact and "\0" in name:
        return "names a model with a zero byte; save the file as UTF-8, or name its encoding with --encoding"
    return None
