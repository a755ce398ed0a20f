"""`flipsite` alone: where the project stands, and what to do next."""

from pathlib import Path

import click

SITE = {"missing": "not built yet", "old": "older than what it is built from", "current": "current"}


def show_standing() -> None:
    """Say it in a few lines."""
    from flipsite import __version__
    from flipsite.project import find_project
    from flipsite.workflows.status import standing

    found = standing(find_project(Path.cwd()))
    where = (
        "no project here: the studies that come with flipsite"
        if found.project.packaged
        else found.project.root
    )
    click.echo(f"flipsite {__version__}, {where}")
    click.echo("\nStudies:" if found.studies else "\nNo study yet.")
    width = max((len(study.id) for study in found.studies), default=0)
    for study in found.studies:
        click.echo(f"  {study.id:<{width}}  {study.kind or '?':<9}  {study.words}")
    for study in found.studies:
        for line in (study.fault or "").splitlines():
            click.echo(f"flipsite: {line}", err=True)
    click.echo(f"\nSite: {found.project.site} is {SITE[found.site]}.\n\nNext:")
    for command, why in found.next_steps():
        click.echo(f"  {command:<42} # {why}")
    click.echo("\nAll commands: flipsite --help")
