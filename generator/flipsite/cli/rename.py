"""`flipsite rename`: another id for a study."""

from pathlib import Path

import click

from flipsite.cli.params import study_names

MOST_MENTIONS = 10


@click.command("rename", short_help="Give a study another name.")
@click.argument("study", shell_complete=study_names)
@click.argument("new")
def command(*, study: str, new: str) -> None:
    r"""Give STUDY the name NEW: its folder, the rows of its snapshot, and its share of the private cache.

    Nothing is asked again and no draw is lost. Links to the study's old pages break: its pages move to NEW/.

    \b
    Examples:
      flipsite rename mine coins-2026
    """
    from flipsite.project import find_project
    from flipsite.workflows.rename_remove import rename_study

    project = find_project(Path.cwd())
    mentions = rename_study(project, study, new)
    click.echo(f"Renamed {study} to {new}: {project.studies / new}")
    for place in mentions[:MOST_MENTIONS]:
        click.echo(f"{place} still mentions {study}.")
    if len(mentions) > MOST_MENTIONS:
        click.echo(f"… and {len(mentions) - MOST_MENTIONS:,} more.")
    click.echo("Next: flipsite build")
