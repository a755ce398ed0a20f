"""Money: US dollars, exact from the file or the response that states them to the page that prints them.

Sums of exact numbers do not depend on their order, and no rounding hides a cent. This module alone turns
numbers, columns and picodollars into money and back.
"""

import math
from collections.abc import Iterable, Mapping
from dataclasses import fields
from decimal import Decimal
from fractions import Fraction
from functools import cache, total_ordering
from typing import TYPE_CHECKING, Any, overload

if TYPE_CHECKING:
    import numpy as np
    from _typeshed import DataclassInstance
    from numpy.typing import NDArray

_PICO_PER_USD = 10**12

MOST_USD = 1_000_000
"""A draw whose stated cost is higher counts as this, in dollars."""


@total_ordering
class Usd:
    """An amount of US dollars, or a price of one thing in them.

    Amounts are added, subtracted and compared with each other, and multiplied and divided by numbers. An
    amount by an amount is a share; a number by an amount is a rate, so much for a dollar.

    Attributes:
        pico: Picodollars (1e-12 USD): a whole number, or a fraction after a division or a finer price.
    """

    __slots__ = ("pico",)
    pico: int | Fraction

    def __init__(self, pico: int | Fraction) -> None:
        """Take picodollars; `usd` takes dollars."""
        self.pico = pico

    @property
    def dollars(self) -> float:
        """The nearest float, for a file or a page."""
        return self.pico.numerator / (self.pico.denominator * _PICO_PER_USD)

    @property
    def whole_pico(self) -> int:
        """Picodollars of an amount that is a whole number of them, as the cache keeps it."""
        if self.pico.denominator != 1:
            raise ValueError(f"{self!r} is no whole number of picodollars")
        return self.pico.numerator

    def nearest(self) -> "Usd":
        """The nearest whole number of picodollars, as bills are kept."""
        return Usd(round(self.pico))

    def up(self) -> "Usd":
        """The next whole number of picodollars, as a worst case is reserved."""
        return Usd(-(-self.pico // 1))

    def __add__(self, other: "Usd") -> "Usd":
        return Usd(self.pico + other.pico)

    def __sub__(self, other: "Usd") -> "Usd":
        return Usd(self.pico - other.pico)

    def __neg__(self) -> "Usd":
        return Usd(-self.pico)

    def __mul__(self, factor: float) -> "Usd":
        return Usd(self.pico * (factor if isinstance(factor, int) else Fraction(factor)))

    __rmul__ = __mul__

    @overload
    def __truediv__(self, other: "Usd") -> float: ...
    @overload
    def __truediv__(self, other: float) -> "Usd": ...
    def __truediv__(self, other: "Usd | float") -> "Usd | float":
        if isinstance(other, Usd):
            return self._share_of(other)
        if isinstance(self.pico, int) and isinstance(other, int):
            return Usd(Fraction(self.pico, other))
        return Usd(Fraction(self.pico) / Fraction(other))

    def _share_of(self, other: "Usd") -> float:
        try:
            return float(self.pico / other.pico)
        except OverflowError:  # by the price of a token as a hostile catalogue may name it
            return math.inf if (self.pico > 0) == (other.pico > 0) else -math.inf

    def __rtruediv__(self, number: float) -> float:
        return number / self.dollars

    def __bool__(self) -> bool:
        return bool(self.pico)

    def __eq__(self, other: object) -> bool:
        return self.pico == other.pico if isinstance(other, Usd) else NotImplemented

    def __lt__(self, other: "Usd") -> bool:
        return self.pico < other.pico if isinstance(other, Usd) else NotImplemented

    def __hash__(self) -> int:
        return hash(self.pico)

    def __repr__(self) -> str:
        return f"usd({self.dollars!r})"

    def __format__(self, spec: str) -> str:
        return format(self.dollars, spec)


NOTHING = Usd(0)


def usd(dollars: float | str) -> Usd:
    """Read a number of dollars as the decimal that it is written as.

    Raises:
        ValueError: If it is no finite number.
    """
    if isinstance(dollars, float) and math.isfinite(dollars):  # ten times faster than a fraction
        decimal = Decimal(str(dollars)).scaleb(12)
        if decimal == (whole := int(decimal)):
            return Usd(whole)
    pico = Fraction(dollars if isinstance(dollars, int) else str(dollars)) * _PICO_PER_USD
    return Usd(pico.numerator if pico.denominator == 1 else pico)


def usd_or_none(dollars: float) -> Usd | None:
    """Read a cell of a file's column; None where it holds no finite number."""
    return usd(dollars) if math.isfinite(dollars) else None


def total(amounts: Iterable[Usd]) -> Usd:
    """The sum; nothing of none."""
    return sum(amounts, NOTHING)


def dollars(amount: Usd | None) -> float | None:
    """A known amount as the nearest float, for a file or a page."""
    return None if amount is None else amount.dollars


def plain_record(record: "DataclassInstance") -> dict[str, Any]:
    """The fields of a record as files and tables hold them: amounts as floats."""
    return {name: _plain(getattr(record, name)) for name in _names(type(record))}


@cache
def _names(kind: "type[DataclassInstance]") -> tuple[str, ...]:
    return tuple(field.name for field in fields(kind))


def plain(value: Any) -> Any:
    """A value that `asdict` made, its amounts as floats."""
    if isinstance(value, Mapping):
        return {key: plain(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [plain(each) for each in value]
    return _plain(value)


def _plain(value: Any) -> Any:
    return value.dollars if isinstance(value, Usd) else value


def column_pico(cost_usd: "NDArray[np.float64]") -> "NDArray[np.float64]":
    """A file's column of dollars in whole picodollars, at most MOST_USD each; NaN stays."""
    import numpy as np

    return np.floor(np.minimum(cost_usd, MOST_USD) * _PICO_PER_USD + 0.5)


def expression_pico(cost_usd: Any) -> Any:
    """As `column_pico`, of a counting engine's column."""
    return (cost_usd.clip(upper=float(MOST_USD)) * float(_PICO_PER_USD) + 0.5).floor().cast("int64")
