"""`flipsite init`: a project of one's own."""

import shlex
from pathlib import Path

import click

from flipsite.write.scaffold import GAMES, STUDY, ScaffoldReport, repository_of, start


def init(folder: Path, *, templates: bool, game: str | None = None) -> ScaffoldReport:
    """Begin a project in a folder; see `write.scaffold.start`."""
    return start(folder, templates=templates, game=game)


@click.command("init", short_help="Begin a project of your own.")
@click.argument("folder", required=False, type=click.Path(path_type=Path), metavar="[DIR]")
@click.option("--templates", is_flag=True, help="Copy the templates too, to make them your own.")
@click.option("--game", type=click.Choice(GAMES), help="Add a study of more outcomes than a coin's two.")
def command(*, folder: Path | None, templates: bool, game: str | None) -> None:
    r"""Begin a project in DIR: a study, a story, and two workflows for GitHub.

    Without DIR it begins at the root of the repository you are in, or else here.

    What is there already stays as it is. The project builds at once; the first workflow publishes it to
    GitHub Pages at every push and needs no key. The second collects each month, once you turn it on.

    \b
    Examples:
      flipsite init coins
      flipsite init --templates
      flipsite init dice --game die
    """
    here = Path.cwd()
    if folder is None:
        root = repository_of(here)
        folder = root if root and root != here else Path()
    started = init(folder, templates=templates, game=game)
    study = game or STUDY
    for path in started.written:
        click.echo(f"wrote {folder / path}")
    for path in started.left:
        click.echo(f"left  {folder / path} as it was")
    click.echo("\nNext:")
    if folder.resolve() != here:
        click.echo(f"  cd {shlex.quote(str(folder))}")
    for line, why in (
        ("flipsite serve --open", "see your site, and watch it change as you write"),
        ("flipsite collect trial --simulated --yes", "try it on coins of known truth: no key, no money"),
        (f"flipsite models --study {study}", "who would be asked, and what it would cost"),
        (f"flipsite collect {study} --budget 5", "ask them, with a key in OPENROUTER_API_KEY"),
    ):
        click.echo(f"  {line:<42} # {why}")
