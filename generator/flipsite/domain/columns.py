"""A table column by column: most columns of thousands of rows have few distinct values."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import fields
from operator import attrgetter
from types import NoneType
from typing import TYPE_CHECKING, Any, Self, TypeVar, overload

import numpy as np
from numpy.typing import NDArray

from flipsite.domain.money import Usd

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

Columns = Mapping[str, Sequence[object]]
"""The values of each column, by its name."""

_Shown = TypeVar("_Shown")


class TextColumn(Sequence[str | None]):
    """A column of texts, None where missing: each distinct one is held once, a row is a number of few bytes.

    Attributes:
        distinct: The texts, no two alike, and None where one is missing; an array of objects.
        codes: The place of each row's text among them.
    """

    __slots__ = ("codes", "distinct")

    def __init__(self, distinct: Sequence[str | None], codes: NDArray[np.integer[Any]]) -> None:
        """Take texts, of which some may be alike, and the place of each row's."""
        places = {text: place for place, text in enumerate(dict.fromkeys(distinct))}
        if len(places) < len(distinct):
            codes = np.array([places[text] for text in distinct])[codes]
        self.distinct = np.array(list(places), np.object_)
        self.codes = codes.astype(np.min_scalar_type(len(places)))

    @classmethod
    def of(cls, texts: Sequence[str | None]) -> Self:
        """A sequence of texts as such a column."""
        if isinstance(texts, cls):
            return texts
        places = {text: place for place, text in enumerate(dict.fromkeys(texts))}
        return cls(list(places), np.fromiter(map(places.__getitem__, texts), np.int64, count=len(texts)))

    @overload
    def __getitem__(self, row: int) -> str | None: ...
    @overload
    def __getitem__(self, row: slice) -> list[str | None]: ...
    def __getitem__(self, row: int | slice) -> str | list[str | None] | None:
        codes = self.codes[row]
        if isinstance(row, slice) and len(self.distinct) == 1:
            return [self.distinct[0]] * len(codes)
        found: str | list[str | None] | None = self.distinct[codes]
        return found.tolist() if isinstance(found, np.ndarray) else found

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sequence) and self[:] == list(other)

    __hash__ = None  # type: ignore[assignment]  # like a list

    def __len__(self) -> int:
        return len(self.codes)

    def __iter__(self) -> Iterator[str | None]:
        return iter(self[:])


def each_distinct(values: Sequence[Any], show: Callable[[Any], _Shown]) -> list[_Shown]:
    """What `show` makes of each value, which is hashable; it is called once for all that are equal.

    In a column of several types, where 1, 1.0 and True may meet, it is called for each.
    """
    if len(set(map(type, values)) - {NoneType}) > 1:
        return list(map(show, values))
    shown = {value: show(value) for value in set(values)}
    return list(map(shown.__getitem__, values))


def columns_of(kind: "type[DataclassInstance]", records: "Sequence[DataclassInstance]") -> Columns:
    """The fields of some records of one kind as files and tables hold them: amounts as floats."""
    columns = {field.name: list(map(attrgetter(field.name), records)) for field in fields(kind)}
    return {
        name: [value.dollars if isinstance(value, Usd) else value for value in values]
        if Usd in set(map(type, values))
        else values
        for name, values in columns.items()
    }
