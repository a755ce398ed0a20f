"""What a shell offers when a study, or a table of one, is to be named."""

from pathlib import Path

import click

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
    "kinds",
    "cost-against-bias",
)
"""What most studies have to embed; a shell should not have to wait for a study to be read."""


def study_names(_context: click.Context, _parameter: click.Parameter, incomplete: str) -> list[str]:
    """The project's studies whose names begin so."""
    from flipsite.project import find_project, study_ids

    return [name for name in study_ids(find_project(Path.cwd())) if name.startswith(incomplete)]


def table_names(_context: click.Context, _parameter: click.Parameter, incomplete: str) -> list[str]:
    """The tables and charts whose names begin so."""
    return [name for name in TABLES if name.startswith(incomplete)]
