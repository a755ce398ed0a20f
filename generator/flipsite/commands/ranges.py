"""Numbers that an option takes."""

import math
from typing import Any

import click

MOST_USD = 1e9
"""As `domain.MOST_BUDGET_USD`, which would import numpy for a `--help`."""


class Real(click.FloatRange):
    """A number within bounds; `nan`, which lies within all of click's, is none."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """The number, or a usage error."""
        number: float = super().convert(value, param, ctx)
        if math.isnan(number):
            self.fail(f"{value!r} is not a number.", param, ctx)
        return number


class Dollars(Real):
    """An amount of money; its help need not say that nobody has more than a billion."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """The number of dollars, or a usage error."""
        number = super().convert(value, param, ctx)
        if number > MOST_USD:
            self.fail(f"{value} is more than a billion.", param, ctx)
        return number


DOLLARS = Dollars(min=0)
SHARE = Real(0, 1, min_open=True, max_open=True)
