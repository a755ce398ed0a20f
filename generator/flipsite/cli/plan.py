"""`flipsite plan`: how many draws, and dollars, a verdict needs."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from flipsite.cli.params import SHARE, study_names

if TYPE_CHECKING:  # the statistics are imported when there is something to plan
    from flipsite.workflows.plan import StudyPlan


@click.command("plan", short_help="Tell how many draws, and dollars, a verdict needs.")
@click.argument("study", shell_complete=study_names)
@click.option("--margin", type=SHARE, default=0.1, show_default=True, help="How near the target is fair.")
@click.option("--bias", type=SHARE, help="A true bias that must be found.  [default: the margin]")
@click.option(
    "--power", type=SHARE, default=0.9, show_default=True, help="Probability of reaching a verdict."
)
@click.option("--models", "n_models", type=click.IntRange(1), help="Models judged.  [default: the study's]")
def command(*, study: str, margin: float, bias: float | None, power: float, n_models: int | None) -> None:
    r"""Tell how many valid draws a model the verdicts of STUDY need, and what they would cost.

    Exact for every number of draws of a coin; among more outcomes a bias is spread over half of them, and the
    numbers are approximate. Costs are those of the study's own draws so far, failed ones included.

    \b
    Examples:
      flipsite plan article-2025
      flipsite plan controls --margin 0.05 --power 0.8
    """
    from flipsite.project import find_project
    from flipsite.workflows.plan import plan_study

    bias = margin if bias is None else bias
    found = plan_study(
        find_project(Path.cwd()), study, margin=margin, bias=bias, power=power, n_models=n_models
    )
    for line in _lines(found):
        click.echo(line)


def _lines(found: "StudyPlan") -> list[str]:
    from flipsite.analyse.power import SELDOM_ASKED
    from flipsite.domain.display import plural, usd_text

    plan, k = found.plan, found.study.prompt.n_outcomes
    sampler = "fair coin" if k == 2 else "perfect sampler"
    needs = (
        (f"fair: a {sampler} shown within {plan.margin:g} of its target", plan.fair),
        (f"biased: a bias of {plan.bias:g} found, most others being biased too", plan.biased_alone),
        (f"biased: a bias of {plan.bias:g} found, the only one of {plan.n_models}", plan.biased_first),
    )
    n_models = plural(plan.n_models, "model")
    lines = [f"Valid draws a model, each verdict with probability {plan.power:g} ({n_models}):"]
    for words, draws in needs:
        price = found.cost(draws)
        cost = "" if price is None else f"   {usd_text(price)}"
        lines.append(f"  {words:<62}{'out of reach' if draws is None else f'{draws:,}':>12}{cost}")
    if k > 2 and (plan.fair is None or plan.fair > SELDOM_ASKED):
        lines.append(
            f"Among {k:,} outcomes a bias can be shown, fairness practically never: leave that verdict out."
        )
    if found.usd_per_round is None:
        lines.append("No draw of this study has a price yet, so there are no dollars.")
    elif found.dearest is None:
        lines.append("Dollars are the most that the source's own statement of its spending allows.")
    else:
        model, price = found.dearest
        part = price / found.usd_per_round
        lines.append(
            f"Dollars at the costs of {plural(found.n_priced, 'model')}; "
            f"{model} alone takes {part:.0%} of them."
        )
    return lines
