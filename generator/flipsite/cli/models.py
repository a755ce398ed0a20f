"""`flipsite models`: the catalogue, what it costs, and what a study would skip and why."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from flipsite.cli.params import study_names

if TYPE_CHECKING:
    from rich.table import Table

    from flipsite.collect.selection import ModelSelection
    from flipsite.workflows.catalogue import CatalogueListing

DEFAULT_BASE = "https://openrouter.ai/api/v1"
MILLION = 1_000_000

FAULTS_SHOWN = 20
"""Entries of a catalogue that are no models, listed one by one."""


@click.command("models", short_help="List the catalogue: prices, and who is skipped and why.")
@click.option(
    "--study",
    metavar="ID",
    shell_complete=study_names,
    help="Decide by this study.  [default: the article's prompt]",
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of a table.")
@click.option(
    "--api-base", default=DEFAULT_BASE, show_default=True, metavar="URL", help="Ends before /models."
)
@click.option("--simulated", is_flag=True, help="The catalogue of simulated coins: no network.")
def command(*, study: str | None, as_json: bool, api_base: str, simulated: bool) -> None:
    r"""List the catalogue: price, what would be skipped and why, estimated cost.

    Needs no key and spends nothing.

    \b
    Examples:
      flipsite models
      flipsite models --study mine --json
      flipsite models --simulated
    """
    import json

    from flipsite.project import find_project
    from flipsite.workflows.catalogue import list_models

    listing = list_models(find_project(Path.cwd()), study_id=study, api_base=api_base, simulated=simulated)
    if as_json:
        click.echo(json.dumps(listing.record(), indent=2, ensure_ascii=False, allow_nan=False))
        return
    from flipsite.cli.console import fits, show_table
    from flipsite.cli.run_output import grouped

    if fits(table := _table(listing)):
        show_table(table)
    else:  # models that are left out are grouped by reason, so that no line is wider than the terminal
        show_table(_table_of_asked(listing))
        left_out = ((one.model.id, one.reason or "") for one in listing.choices if not one.taken)
        for line in grouped(left_out, "left out"):
            click.echo(line)
    for line in _summary(listing):
        click.echo(line)


def _table(listing: "CatalogueListing") -> "Table":
    from rich.box import SIMPLE_HEAD
    from rich.table import Table

    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    table.add_column("model", no_wrap=True)
    for heading in ("$/M in", "$/M out", "about", "draw at most"):
        table.add_column(heading, justify="right", no_wrap=True)
    table.add_column("asked", overflow="fold", min_width=16)
    for choice in listing.choices:
        table.add_row(*_cells(choice))
    return table


def _table_of_asked(listing: "CatalogueListing") -> "Table":
    """Only the models that would be asked, in as few columns as can be."""
    from rich.table import Table

    table = Table(box=None, pad_edge=False)
    table.add_column("model", no_wrap=True)
    for heading in ("$/M in", "$/M out", "about"):
        table.add_column(heading, justify="right", no_wrap=True)
    for choice in listing.taken:
        table.add_row(*_cells(choice)[:-2])
    return table


def _cells(choice: "ModelSelection") -> tuple[str, ...]:
    """One model's row; square brackets in foreign text are no markup."""
    from rich.markup import escape

    from flipsite.domain.display import usd_text

    price, cost = choice.model.price, choice.estimate
    return (
        escape(choice.model.id),
        f"{MILLION * price.prompt_usd:.4g}" if price else "–",
        f"{MILLION * price.completion_usd:.4g}" if price else "–",
        usd_text(cost.expected_usd if cost and price else None),
        usd_text(cost.draw_worst_usd if cost and price else None),
        choice.mode if choice.taken else escape(f"no: {choice.reason}"),
    )


def _summary(listing: "CatalogueListing") -> list[str]:
    from flipsite.domain.display import plural, usd_text

    n_taken, n_models, n_draws = len(listing.taken), len(listing.choices), listing.study.sampling.draws
    cost = f"about {usd_text(listing.expected_usd)}, at most {usd_text(listing.worst_usd)}"
    if listing.taken and not any(choice.model.price for choice in listing.taken):
        cost = "at an unknown price: the endpoint announces none"
    asked = f"{n_taken} of {plural(n_models, 'model')}"
    lines = [f"{asked} would be asked, {plural(n_draws, 'draw')} each: {cost}."]
    if n_faulty := len(listing.offered.faulty):
        lines.append(f"{plural(n_faulty, 'entry', 'entries')} of the catalogue cannot be read as a model:")
        lines += [f"  {skip.id}: {skip.reason}" for skip in listing.offered.faulty[:FAULTS_SHOWN]]
        if n_faulty > FAULTS_SHOWN:
            lines.append(f"  and {n_faulty - FAULTS_SHOWN:,} more; --json lists them all")
    return lines
