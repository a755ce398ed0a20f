"""`flipsite features`: what the models of a study are, besides how they flip."""

from pathlib import Path

import click

DEFAULT_BASE = "https://openrouter.ai/api/v1"


@click.command("features")
@click.argument("study")
@click.option(
    "--api-base", default=DEFAULT_BASE, show_default=True, metavar="URL", help="Ends before /models."
)
@click.option("--simulated", is_flag=True, help="Of coins of known truth: no network, no key.")
@click.option("--seed", type=int, default=0, show_default=True, help="Of the simulated endpoint.")
@click.option("--dry-run", is_flag=True, help="Show what would change, and write nothing.")
def command(*, study: str, api_base: str, simulated: bool, seed: int, dry_run: bool) -> None:
    r"""Gather what the models of STUDY are, and write it to its features.csv.

    From the catalogue that was kept with the draws, today's for models that it does not list, and what names
    state by rule. What you write there yourself, with the source `curated`, is never overwritten: what a run
    would have changed is told.

    \b
    Examples:
      flipsite features mine
      flipsite features article-2025 --dry-run
    """
    from flipsite.commands.features_screen import tell
    from flipsite.gathering import FeatureOrder, gather
    from flipsite.projects import find_project

    order = FeatureOrder(api_base=api_base, simulated_seed=seed if simulated else None, dry_run=dry_run)
    for line in tell(gather(find_project(Path.cwd()), study, order), dry_run=dry_run):
        click.echo(line)
