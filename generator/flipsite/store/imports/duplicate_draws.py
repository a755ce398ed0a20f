"""Draws that a file repeats, or that a study has already: found by model and number, compared by content."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from flipsite.store.imports.survey import Ints, distinct
from flipsite.store.snapshot.arrow import numbers

Flags = NDArray[np.bool_]
Hashes = NDArray[np.uint64]

_KEYS = ("study", "model", "draw")
_TIMES = ("asked_at", "latency_s")
_RICH = ("response", *_TIMES, "cost_usd")
_MIX = np.uint64(0x9E3779B97F4A7C15)


@dataclass(frozen=True, slots=True, kw_only=True)
class Fingerprints:
    """The model, number and content of draws, in the order of their tables.

    Attributes:
        model: The place of each draw's model among those asked for; -1 for any other model.
        draw: Its number.
        content: A hash of its other columns.
        moment: A hash of its time and latency; zero where it has neither.
        rich: Whether a draw has more than an outcome, so that two are not alike by chance.
    """

    model: Ints
    draw: Ints
    content: Hashes
    moment: Hashes
    rich: bool

    @classmethod
    def of(cls, tables: Iterable[pa.Table], models: Mapping[str, int]) -> "Fingerprints":
        """Those of tables with the snapshot's columns."""
        model, draw, content, moment, rich = [], [], [], [], False
        for table in tables:
            names, codes = distinct(_whole(table["model"]))
            model.append(np.array([models.get(name or "", -1) for name in names], np.int64)[codes])
            draw.append(numbers(table["draw"], np.int64, missing=-1))
            content.append(_hashes(table, table.column_names))
            moment.append(_hashes(table, _TIMES))
            rich = rich or any(table[name].null_count < len(table) for name in _RICH)
        none = np.zeros(0, np.int64)
        return cls(
            model=np.concatenate([none, *model]),
            draw=np.concatenate([none, *draw]),
            content=np.concatenate([none.view(np.uint64), *content]),
            moment=np.concatenate([none.view(np.uint64), *moment]),
            rich=rich,
        )

    def __len__(self) -> int:
        return len(self.model)

    def repeats(self) -> tuple[Flags, Flags]:
        """Which of sorted draws have the number of the one before, and which of these its content too."""
        number = np.zeros(len(self), np.bool_)
        number[1:] = (np.diff(self.model) == 0) & (np.diff(self.draw) == 0)
        content = number.copy()
        content[1:] &= self.content[1:] == self.content[:-1]
        return number, content

    def matches(self, old: "Fingerprints") -> tuple[Ints, Ints]:
        """The draws here and the old draws that have the same model and number, pair by pair."""
        model = np.concatenate([self.model, old.model])
        draw = np.concatenate([self.draw, old.draw])
        is_old = np.repeat([0, 1], [len(self), len(old)])
        order = np.lexsort((is_old, draw, model))
        first, second = order[:-1], order[1:]
        pair = (model[first] == model[second]) & (draw[first] == draw[second]) & (model[first] >= 0)
        pair &= (is_old[first] == 0) & (is_old[second] == 1)
        return first[pair], second[pair] - len(self)

    def known_in(self, old: "Fingerprints") -> Flags:
        """Which draws are old ones under other numbers: alike in all, if times tell all draws apart."""
        known = old.model >= 0
        if not (_all_differ(self.model, self.moment) and _all_differ(old.model[known], old.moment[known])):
            return np.zeros(len(self), np.bool_)
        keys = _keyed(self.model, self.content)
        return np.isin(keys, _keyed(old.model[known], old.content[known]))


@dataclass(frozen=True, slots=True, kw_only=True)
class Overlap:
    """The draws that a file and a study share.

    Attributes:
        new: The places of the file's draws that share model and number with one of the study.
        old: The places of these in the study.
        same: Whether each has the same content.
        starts_alike: Whether every old draw of the file's models is the file's draw of its number.
        by_chance: Whether so few bare outcomes may also be alike by chance.
    """

    new: Ints
    old: Ints
    same: Flags
    starts_alike: bool
    by_chance: bool

    @classmethod
    def of(cls, new: Fingerprints, old: Fingerprints) -> "Overlap":
        """Compare the draws of a file with those of a study."""
        mine, theirs = new.matches(old)
        same = new.content[mine] == old.content[theirs]
        n_old = int((old.model >= 0).sum())
        return cls(
            new=mine,
            old=theirs,
            same=same,
            starts_alike=len(mine) == n_old > 0 and bool(same.all()),
            by_chance=not new.rich and n_old < 20,  # 20 outcomes are alike once in a million
        )


def _keyed(model: Ints, hashes: Hashes) -> Hashes:
    return hashes ^ (model.astype(np.uint64) * _MIX)


def _all_differ(model: Ints, moment: Hashes) -> bool:
    """Whether all draws have a time, and no two of a model the same."""
    return bool(moment.all()) and len(np.unique(_keyed(model, moment))) == len(moment)


def _hashes(table: pa.Table, names: Iterable[str]) -> Hashes:
    """A hash of each row's content; a missing value adds nothing, so that a column without values is none."""
    total = np.zeros(len(table), np.uint64)
    for name in names:
        if name in _KEYS:
            continue
        values, codes = _distinct_values(_whole(table[name]))
        hashed = [0 if value is None else hash((name, value)) & (2**64 - 1) for value in values]
        mixed = np.array(hashed, np.uint64) * _MIX
        total += (mixed ^ (mixed >> np.uint64(29)))[codes]
    return total


def _distinct_values(column: pa.Array) -> tuple[list[object], Ints]:
    encoded = column.dictionary_encode(null_encoding="encode")
    codes = numbers(pa.chunked_array([encoded.indices]), np.int32, missing=0)
    return encoded.dictionary.to_pylist(), codes.astype(np.int64)


def _whole(column: pa.ChunkedArray) -> pa.Array:
    return column.chunk(0) if column.num_chunks == 1 else column.combine_chunks()
