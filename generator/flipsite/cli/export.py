"""`flipsite export`: a study's draws as a file."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from flipsite.cli.console import ProgressBar
from flipsite.cli.params import study_names
from flipsite.domain.display import plural
from flipsite.errors import UsageError

if TYPE_CHECKING:  # the store is imported when there is something to export
    from flipsite.store.exports import ExportFormat


@click.command("export", short_help="Write a study's draws to a file.")
@click.argument("study", shell_complete=study_names)
@click.option(
    "--format",
    "format_",
    type=click.Choice(["csv", "jsonl", "parquet"]),
    required=True,
    help="CSV, JSON lines or Parquet.",
)
@click.option(
    "-o", "--out", metavar="FILE", default="-", help="Where to; `-` is standard output.  [default: -]"
)
@click.option(
    "--flat", is_flag=True, help="A row a draw where an answer holds several, with its `place` in the answer."
)
def command(*, study: str, format_: "ExportFormat", out: str, flat: bool) -> None:
    r"""Write the draws of STUDY with all their columns.

    In CSV a text that a spreadsheet would take for a formula gets an apostrophe before it; `flipsite import`
    takes it off again. With --flat the values of a whole answer are in its first row alone.

    \b
    Examples:
      flipsite export controls --format csv -o draws.csv
      flipsite export controls --format jsonl | gzip > draws.jsonl.gz
    """
    from flipsite.project import find_project
    from flipsite.workflows.import_export import export_study

    project = find_project(Path.cwd())
    if out != "-":
        with ProgressBar("draw") as bar:
            n_draws = export_study(project, study, form=format_, out=Path(out), flat=flat, progress=bar.show)
        click.echo(f"Wrote {plural(n_draws, 'draw')} to {out}.", err=True)
        return
    if format_ == "parquet" and sys.stdout.isatty():
        raise UsageError(
            "Parquet is not for a terminal; name a file with -o FILE, or send it on through a pipe"
        )
    with ProgressBar("draw") as bar:
        export_study(project, study, form=format_, out=sys.stdout.buffer, flat=flat, progress=bar.show)
