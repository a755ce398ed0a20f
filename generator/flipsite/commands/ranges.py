"""Numbers that an option takes."""

import math
from typing import Any

import click


class Range(click.FloatRange):
    """A number within bounds; `nan`, which lies within all of click's, is none."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """The number, or a usage error."""
        number: float = super().convert(value, param, ctx)
        if math.isnan(number):
            self.fail(f"{value!r} is not a number.", param, ctx)
        return number


DOLLARS = Range(min=0, max=1e9)  # domain.MOST_BUDGET_USD, without importing numpy for a `--help`
SHARE = Range(0, 1, min_open=True, max_open=True)
