"""`flipsite collect`: ask the models of a study, within its budget."""

from pathlib import Path

import click

from flipsite.cli.params import DOLLARS_OR_NONE, Real, study_names
from flipsite.errors import BudgetExhaustedError

DEFAULT_BASE = "https://openrouter.ai/api/v1"


@click.command("collect", short_help="Ask a study's models, within its budget.")
@click.argument("study", shell_complete=study_names)
@click.option("--models", multiple=True, metavar="GLOB", help="Only these of the study's; may be repeated.")
@click.option("--skip", multiple=True, metavar="GLOB", help="Without these; may be repeated.")
@click.option("--draws", type=click.IntRange(min=1), help="Draws of each model.  [default: the study's]")
@click.option(
    "--budget",
    type=DOLLARS_OR_NONE,
    metavar="USD",
    help="Dollars in all; `none` for no bound.  [default: the study's]",
)
@click.option(
    "--concurrency", type=click.IntRange(1, 1024), default=64, show_default=True, help="Requests in flight."
)
@click.option(
    "--api-base", default=DEFAULT_BASE, show_default=True, metavar="URL", help="Ends before /models."
)
@click.option(
    "--timeout",
    type=Real(1, 86_400),
    metavar="S",
    help="Seconds that an answer may take.  [default: the study's]",
)
@click.option("--simulated", is_flag=True, help="Ask coins of known truth instead: no network, no key.")
@click.option("--seed", type=int, default=0, show_default=True, help="Of the simulated coins.")
@click.option(
    "--until-settled",
    is_flag=True,
    help="Ask a model no more once it is shown to be biased or fair; --draws is the most.",
)
@click.option(
    "--shard",
    metavar="K/N",
    help="Only the K-th of N shares of the models, with an N-th of the budget; `import` merges them.",
)
@click.option(
    "--batch",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Send nothing: write the requests as a batch file in OpenAI's form; `import` reads its output.",
)
@click.option("--dry-run", is_flag=True, help="Show what it would cost, and stop.")
@click.option("--yes", is_flag=True, help="Do not ask before spending.")
@click.option("--adopt", is_flag=True, help="Take a snapshot whose cache is elsewhere as asked and paid.")
@click.option("--reread", is_flag=True, help="Read stored answers again; send no request.")
def command(
    *,
    study: str,
    models: tuple[str, ...],
    skip: tuple[str, ...],
    draws: int | None,
    budget: float | None,
    concurrency: int,
    api_base: str,
    timeout: float | None,
    simulated: bool,
    seed: int,
    until_settled: bool,
    shard: str | None,
    batch: Path | None,
    dry_run: bool,
    yes: bool,
    adopt: bool,
    reread: bool,
) -> None:
    r"""Ask each model of STUDY for its missing draws, and write the snapshot that `build` reads.

    A study that does not exist is written first, from the article's prompt. Every answer is kept the moment
    it arrives: run again after a stop, and only what is missing is asked. Ctrl-C once finishes what is in
    flight; twice stops now. The key comes from OPENROUTER_API_KEY.

    \b
    Examples:
      flipsite collect trial --simulated --yes
      flipsite collect mine --budget 5 --draws 20 --models 'mistralai/*'
      flipsite collect mine --budget 5 --draws 400 --until-settled
      flipsite collect mine --budget 80 --shard 3/16
      flipsite collect mine --models 'mistralai/*' --batch requests.jsonl
    """
    from flipsite.cli.console import same_command
    from flipsite.cli.run_output import CollectScreen
    from flipsite.domain.study import shard_of
    from flipsite.project import find_project
    from flipsite.workflows.collect import collect
    from flipsite.workflows.collect import reread as read_again
    from flipsite.workflows.run_request import RunRequest, read_budget

    project = find_project(Path.cwd())
    screen = CollectScreen(dry_run=dry_run, yes=yes)
    if reread:
        screen.reread(*read_again(project, study))
        return
    order = RunRequest(
        study_id=study,
        models=models,
        skip=skip,
        draws=draws,
        budget_usd=read_budget(budget),
        concurrency=concurrency,
        api_base=api_base,
        simulated_seed=seed if simulated else None,
        until_settled=until_settled,
        shard=shard_of(shard) if shard else None,
        adopt=adopt,
        timeout_s=timeout,
    )
    if batch is not None:
        from flipsite.workflows.batch import write_batch

        screen.batch(write_batch(project, order, batch, screen.watcher))
        return
    try:
        with screen.bar:
            report = collect(project, order, screen.watcher)
    except KeyboardInterrupt:
        raise click.Abort(f"interrupted; every answer so far is kept. To go on: {same_command()}") from None
    if report is None:
        return
    screen.report(report)
    if report.interrupted:
        raise click.Abort("interrupted; every answer so far is kept.")
    if report.error is not None:
        raise report.error
    if report.budget:
        raise BudgetExhaustedError(screen.budget_sentence(report))
