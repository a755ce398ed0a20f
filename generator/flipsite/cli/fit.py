"""`flipsite fit`: regressions of how models flip on what they are."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from flipsite.cli.console import ProgressBar
from flipsite.cli.params import study_names
from flipsite.domain.display import plural

if TYPE_CHECKING:
    from flipsite.domain.fit import Fit


@click.command("fit", short_help="Fit what makes models fair.")
@click.argument("study", shell_complete=study_names)
@click.option(
    "--draws", type=click.IntRange(min=100), default=2000, show_default=True, help="Kept, of a chain."
)
@click.option("--chains", type=click.IntRange(2, 64), default=4, show_default=True, help="Of each form.")
@click.option("--seed", type=click.IntRange(min=0), default=1, show_default=True, help="Of the sampler.")
def command(*, study: str, draws: int, chains: int, seed: int) -> None:
    r"""Fit what makes the models of STUDY fair, from its draws and its features.csv.

    Writes fit.json beside the draws, which `flipsite build` shows, and every posterior draw as NetCDF under
    .flipsite/fits/. Wants `pip install 'flipsite[bayes]'`; building a site does not. A fit that has not
    converged is kept, marked on its page, and ends with status 1.

    \b
    Examples:
      flipsite fit article-2025
      flipsite fit mine --draws 4000 --seed 7
    """
    from flipsite.project import find_project
    from flipsite.workflows.fit import FitOrder, fit_study

    order = FitOrder(draws=draws, chains=chains, seed=seed)
    with ProgressBar("form") as bar, bar.ticking():
        fit, summary, posterior = fit_study(
            find_project(Path.cwd()), study, order, done=bar.echo, progress=bar.show
        )
    for left in fit.left_out:
        click.echo(f"left out: {left.what}: {left.reason}")
    click.echo(
        f"Fitted {plural(len(fit.forms), 'form')} to {plural(fit.models, 'model')}: "
        f"{summary}; draws in {posterior}."
    )
    if faults := _faults(fit):
        click.echo("\n".join(f"flipsite: not converged: {fault}" for fault in faults), err=True)
        sys.exit(1)


def _faults(fit: "Fit") -> list[str]:
    return [f"{form.form}: {fault}; try more --draws" for form in fit.forms for fault in form.faults]
