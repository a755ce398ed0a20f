"""Types of the numbers that options take, and what a shell completes.

`study_names` and `table_names` give a shell the names of studies and of their tables.
"""

import math
from pathlib import Path
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


class DollarsOrNone(Real):
    """An amount of money, or `none`: infinite. Its help does not mention the bound of a billion."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """The number of dollars, infinite for `none`, or a usage error."""
        if value in ("none", math.inf):
            return math.inf
        number = super().convert(value, param, ctx)
        if number > MOST_USD:
            self.fail(f"{value} is more than a billion.", param, ctx)
        return number


DOLLARS_OR_NONE = DollarsOrNone(min=0)
SHARE = Real(0, 1, min_open=True, max_open=True)


TABLES = (
    "least-biased",
    "most-biased",
    "leaderboard",
    "spend",
    "predictors",
    "printed-tables",
    "truth",
    "bias-intervals",
    "bias-distribution",
    "verdicts",
    "rank-intervals",
    "fair-room",
    "population-fit",
    "kinds",
    "cost-against-bias",
    "bias-by-release",
    "bias-by-size",
    "bits",
    "methods",
)
"""The embeds that most studies have; completion should not wait until a study is read."""


def study_names(_context: click.Context, _parameter: click.Parameter, incomplete: str) -> list[str]:
    """The project's studies whose names begin so."""
    from flipsite.project import find_project, study_ids

    return [name for name in study_ids(find_project(Path.cwd())) if name.startswith(incomplete)]


def table_names(_context: click.Context, _parameter: click.Parameter, incomplete: str) -> list[str]:
    """The tables and charts whose names begin so."""
    return [name for name in TABLES if name.startswith(incomplete)]
