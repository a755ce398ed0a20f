"""Draws that a file repeats, or that a study has already: found by model and number, compared by content."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import log

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from flipsite.store.imports.survey import Ints, distinct
from flipsite.store.snapshot.arrow import numbers

Flags = NDArray[np.bool_]
Hashes = NDArray[np.uint64]

_KEYS = ("study", "model", "draw")
_TIMES = ("asked_at", "latency_s")
_MIX = np.uint64(0x9E3779B97F4A7C15)


@dataclass(frozen=True, slots=True, kw_only=True)
class Fingerprints:
    """The model, number and content of draws, in the order of their tables.

    Attributes:
        model: The place of each draw's model among those asked for; -1 for any other model.
        draw: Its number.
        content: A hash of its other columns.
        moment: A hash of its time and latency; zero where it has neither.
    """

    model: Ints
    draw: Ints
    content: Hashes
    moment: Hashes

    @classmethod
    def of(cls, tables: Iterable[pa.Table], models: Mapping[str, int]) -> "Fingerprints":
        """Those of tables with the snapshot's columns."""
        model, draw, content, moment = [], [], [], []
        for table in tables:
            names, codes = distinct(_whole(table["model"]))
            model.append(np.array([models.get(name or "", -1) for name in names], np.int64)[codes])
            draw.append(numbers(table["draw"], np.int64, missing=-1))
            content.append(_hashes(table, table.column_names))
            moment.append(_hashes(table, _TIMES))
        none = np.zeros(0, np.int64)
        return cls(
            model=np.concatenate([none, *model]),
            draw=np.concatenate([none, *draw]),
            content=np.concatenate([none.view(np.uint64), *content]),
            moment=np.concatenate([none.view(np.uint64), *moment]),
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

    def by_model(self) -> dict[int, Hashes]:
        """The contents of each model's draws, in the order of their numbers."""
        order = np.lexsort((self.draw, self.model))
        models, starts = np.unique(self.model[order], return_index=True)
        contents = np.split(self.content[order], starts[1:])
        return {int(model): each for model, each in zip(models, contents, strict=True) if model >= 0}


@dataclass(frozen=True, slots=True, kw_only=True)
class Overlap:
    """The draws that a file and a study share.

    Attributes:
        new: The places of the file's draws that share model and number with one of the study.
        old: The places of these in the study.
        same: Whether each has the same content.
    """

    new: Ints
    old: Ints
    same: Flags

    @classmethod
    def of(cls, new: Fingerprints, old: Fingerprints) -> "Overlap":
        """Compare the draws of a file with those of a study."""
        mine, theirs = new.matches(old)
        return cls(new=mine, old=theirs, same=new.content[mine] == old.content[theirs])


@dataclass(frozen=True, slots=True, kw_only=True)
class Beginnings:
    """The draws of a file without numbers beside those of a study, in their order.

    Attributes:
        pairs: The contents of the file's draws and of the study's, of each model that both have.
        alike: Whether, of each model, the file's draws begin the study's or the study's the file's.
    """

    pairs: Sequence[tuple[Hashes, Hashes]]
    alike: bool

    @classmethod
    def of(cls, new: Fingerprints, old: Fingerprints, overlap: Overlap) -> "Beginnings":
        """Compare the draws of a file with those of a study, which share these numbers."""
        begun, there = new.by_model(), old.by_model()
        pairs = [(begun[model], there[model]) for model in begun.keys() & there.keys()]
        n_shared = sum(min(len(file), len(study)) for file, study in pairs)
        return cls(pairs=pairs, alike=len(overlap.new) == n_shared > 0 and bool(overlap.same.all()))

    def may_be_chance(self) -> bool:
        """Whether other draws of these models might well begin alike too."""
        shared = (min(len(file), len(study)) * _log_agreement(file, study) for file, study in self.pairs)
        return sum(shared) > _LOG_CHANCE

    def may_have_grown(self) -> bool:
        """Whether the file has at least as many draws of each model as the study."""
        return all(len(file) >= len(study) for file, study in self.pairs)

    def n_last(self) -> int:
        """Draws with which the file begins and the study ends; 0 where other draws might well do so too."""
        n_last, chance = 0, 0.0
        for file, study in self.pairs:
            length = _longest_overlap(study, file)
            log_chance = log(len(study)) + length * _log_agreement(file, study)
            if length and log_chance < 0:
                n_last, chance = n_last + length, chance + log_chance
        return n_last if chance < _LOG_CHANCE else 0


_LOG_CHANCE = log(1e-5)
"""A chance that is taken never to occur: 17 tosses of a fair coin are alike eight times in a million."""


def _longest_overlap(study: Hashes, file: Hashes) -> int:
    """The most draws that, from some place in the study to its end or the file's, begin the file.

    Runs are compared by polynomial hashes, as Rabin and Karp (1987) do, at all places at once.
    """
    factors = np.full(max(len(study), len(file)), _MIX, np.uint64)
    powers = np.cumprod(np.append(np.uint64(1), factors))
    sums = [np.cumsum(np.append(np.uint64(0), each * powers[: len(each)])) for each in (study, file)]
    start = np.arange(len(study))
    length = np.minimum(len(study) - start, len(file))
    alike = sums[0][start + length] - sums[0][start] == sums[1][length] * powers[start]
    return int(length[alike].max(initial=0))


def _log_agreement(file: Hashes, study: Hashes) -> float:
    """The logarithm of the probability that two draws at random have the same content."""
    _, counts = np.unique(np.concatenate([file, study]), return_counts=True)
    return float(np.log(((counts / counts.sum()) ** 2).sum()))


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
