"""`flipsite remove`: a study, or a model of it, off the site."""

from pathlib import Path

import click

from flipsite.cli.params import study_names
from flipsite.domain.display import plural


@click.command("remove", short_help="Take a study, or a model of it, off the site.")
@click.argument("study", shell_complete=study_names)
@click.option("--model", metavar="NAME", help="Take only this model off the study.")
def command(*, study: str, model: str | None) -> None:
    r"""Take STUDY off the site, or one model of it, and say what was removed.

    A study's folder goes to the private folder .flipsite/removed/. A model's draws leave the snapshot and
    features.csv, and study.toml skips it from then on. Raw answers, which were paid for, stay in the private
    cache. The pages go with the next build; what git or a published site holds of them is not touched.

    \b
    Examples:
      flipsite remove mine --model simulated/fair
      flipsite remove mine
    """
    from flipsite.project import find_project
    from flipsite.workflows.rename_remove import remove_model, remove_study

    project = find_project(Path.cwd())
    if model is None:
        place = remove_study(project, study)
        click.echo(
            f"Removed {study} from the site. It is kept in {place}; delete that folder to be rid of it."
        )
    else:
        removed = remove_model(project, study, model)
        click.echo(
            f"Removed {model} from {study}: {plural(removed.n_draws, 'draw')}, "
            f"{plural(removed.n_features, 'row')} of features.csv."
        )
        click.echo("study.toml skips it now." if removed.skipped else "study.toml skipped it before.")
    click.echo("Next: flipsite build, then flipsite publish")
