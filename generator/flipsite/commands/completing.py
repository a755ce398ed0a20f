"""What a shell offers when a study is to be named."""

from pathlib import Path

import click


def study_names(_context: click.Context, _parameter: click.Parameter, incomplete: str) -> list[str]:
    """The project's studies whose names begin so."""
    from flipsite.projects import find_project, study_ids

    return [name for name in study_ids(find_project(Path.cwd())) if name.startswith(incomplete)]
