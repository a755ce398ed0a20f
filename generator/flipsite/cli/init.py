"""`flipsite init`: a project of one's own.

A project of one's own: `flipsite init`.
"""

import shlex
from pathlib import Path

import click

from flipsite import __version__
from flipsite.write.scaffold import STUDY, ScaffoldReport, start


def init(folder: Path, *, templates: bool) -> ScaffoldReport:
    """Begin a project in a folder; see `write.starter.start`."""
    return start(folder, version=__version__, templates=templates)


@click.command("init", short_help="Begin a project of your own.")
@click.argument("folder", required=False, default=".", type=click.Path(path_type=Path), metavar="[DIR]")
@click.option("--templates", is_flag=True, help="Copy the templates too, to make them your own.")
def command(*, folder: Path, templates: bool) -> None:
    r"""Begin a project in DIR (default: here): a study, a story, and two workflows for GitHub.

    What is there already stays as it is. The project builds at once; the first workflow publishes it to
    GitHub Pages at every push and needs no key. The second collects each month, once you turn it on.

    \b
    Examples:
      flipsite init coins
      flipsite init --templates
    """
    started = init(folder, templates=templates)
    for path in started.written:
        click.echo(f"wrote {folder / path}")
    for path in started.left:
        click.echo(f"left  {folder / path} as it was")
    click.echo("\nNext:")
    if folder.resolve() != Path.cwd():
        click.echo(f"  cd {shlex.quote(str(folder))}")
    for line, why in (
        ("flipsite serve --open", "see your site, and watch it change as you write"),
        ("flipsite collect trial --simulated --yes", "try it on coins of known truth: no key, no money"),
        (f"flipsite models --study {STUDY}", "who would be asked, and what it would cost"),
        (f"flipsite collect {STUDY} --budget 5", "ask them, with a key in OPENROUTER_API_KEY"),
    ):
        click.echo(f"  {line:<42} # {why}")
