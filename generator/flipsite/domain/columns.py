"""A table column by column: most columns of thousands of rows have few distinct values."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields
from operator import attrgetter
from typing import TYPE_CHECKING, Any, TypeVar

from flipsite.domain.money import Usd

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

Columns = Mapping[str, Sequence[object]]
"""The values of each column, by its name."""

_Shown = TypeVar("_Shown")


def each_distinct(values: Sequence[Any], show: Callable[[Any], _Shown]) -> list[_Shown]:
    """What `show` makes of each value, which is hashable; it is called once for all that are equal.

    Values of two types are never equal; 0.0 and -0.0 are.
    """
    typed = list(zip(map(type, values), values, strict=True))
    shown = {each: show(each[1]) for each in set(typed)}
    return list(map(shown.__getitem__, typed))


def columns_of(kind: "type[DataclassInstance]", records: "Sequence[DataclassInstance]") -> Columns:
    """The fields of some records of one kind as files and tables hold them: amounts as floats."""
    columns = {field.name: list(map(attrgetter(field.name), records)) for field in fields(kind)}
    return {
        name: [value.dollars if isinstance(value, Usd) else value for value in values]
        if Usd in set(map(type, values))
        else values
        for name, values in columns.items()
    }
