"""`flipsite features`: what the models of a study are, besides how they flip."""

from pathlib import Path

import click

from flipsite.cli.params import DOLLARS_OR_NONE, study_names
from flipsite.errors import BudgetExhaustedError

DEFAULT_BASE = "https://openrouter.ai/api/v1"


@click.command("features", short_help="Gather what a study's models are.")
@click.argument("study", shell_complete=study_names)
@click.option("--classifier", metavar="MODEL", help="The model to ask.  [default: perplexity/sonar]")
@click.option("--no-classifier", is_flag=True, help="Send nothing: use catalogues, names and answers alone.")
@click.option(
    "--budget",
    type=DOLLARS_OR_NONE,
    metavar="USD",
    help="Dollars in all for answers, those of earlier runs too; `none` for no bound.",
)
@click.option(
    "--concurrency", type=click.IntRange(1, 1024), default=16, show_default=True, help="Requests in flight."
)
@click.option(
    "--api-base", default=DEFAULT_BASE, show_default=True, metavar="URL", help="Ends before /models."
)
@click.option("--simulated", is_flag=True, help="Of coins of known truth: no network, no key.")
@click.option("--seed", type=int, default=0, show_default=True, help="Of the simulated endpoint.")
@click.option("--dry-run", is_flag=True, help="Show what it would cost and change, and stop.")
@click.option("--yes", is_flag=True, help="Do not ask before spending.")
def command(
    *,
    study: str,
    classifier: str | None,
    no_classifier: bool,
    budget: float | None,
    concurrency: int,
    api_base: str,
    simulated: bool,
    seed: int,
    dry_run: bool,
    yes: bool,
) -> None:
    r"""Gather what the models of STUDY are, and write it to its features.csv.

    From the catalogue that was kept with the draws, today's for models that it does not list, what names
    state by rule, and a classifier, a model that is asked three times about each: where its answers differ,
    that is kept as doubt. Every answer is kept the moment it arrives: run again after a stop, and only what
    is missing is asked. What you write into the file yourself, with the source `curated`, is never
    overwritten: a run reports what it would have changed. The key comes from OPENROUTER_API_KEY.

    \b
    Examples:
      flipsite features mine --budget 5
      flipsite features mine --no-classifier
      flipsite features article-2025 --dry-run --classifier openai/gpt-5-mini
    """
    from flipsite.cli.console import same_command
    from flipsite.cli.run_output import FeaturesScreen
    from flipsite.project import find_project
    from flipsite.workflows.features import gather
    from flipsite.workflows.run_request import CLASSIFIER, SIMULATED_CLASSIFIER, FeatureRequest, read_budget

    if classifier and no_classifier:
        raise click.UsageError("--classifier and --no-classifier: leave one out.")
    asked = classifier or (SIMULATED_CLASSIFIER if simulated else CLASSIFIER)
    order = FeatureRequest(
        classifier=None if no_classifier else asked,
        budget_usd=read_budget(budget),
        concurrency=concurrency,
        api_base=api_base,
        simulated_seed=seed if simulated else None,
        dry_run=dry_run,
    )
    screen = FeaturesScreen(dry_run=dry_run, yes=yes)
    with screen.bar:
        report = gather(find_project(Path.cwd()), study, order, screen.watcher)
    if report is None:
        return
    screen.report(report)
    classified = report.classified
    if classified is None:
        return
    if classified.interrupted:
        raise click.Abort(f"interrupted; every answer so far is kept. To go on: {same_command()}")
    if classified.error is not None:
        raise classified.error
    if classified.budget:
        raise BudgetExhaustedError(screen.budget_sentence(classified))
