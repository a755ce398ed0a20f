"""`flipsite arms`: sibling studies that differ in one setting."""

from pathlib import Path
from typing import get_args

import click

from flipsite.cli.params import study_names
from flipsite.domain.study import MethodKind


@click.command("arms", short_help="Write studies with other methods or temperatures.")
@click.argument("study", shell_complete=study_names)
@click.option("--method", "methods", metavar="KINDS", help="Any of direct,seed,rejection.")
@click.option("--temperature", "temperatures", metavar="NUMBERS", help="Such as 0.5,1,1.5.")
@click.option("--reasoning", "efforts", metavar="EFFORTS", help="Such as none,low,high.")
def command(*, study: str, methods: str | None, temperatures: str | None, efforts: str | None) -> None:
    r"""Write a study beside STUDY for each combination, with the same prompt, models and draws.

    STUDY and its arms share one budget: what one of them has spent is left to none of the others. An arm that
    is there already stays as it is. On the site they are a family: a page compares what they cost and how
    even they are.

    \b
    Examples:
      flipsite arms mine --method seed,rejection
      flipsite arms mine --temperature 0.5,1,1.5
    """
    from flipsite.project import find_project
    from flipsite.workflows.arms import write_arms

    arms = write_arms(
        find_project(Path.cwd()),
        study,
        methods=[_kind(word) for word in _words(methods)],
        temperatures=[_number(word) for word in _words(temperatures)],
        efforts=_words(efforts),
    )
    for arm in arms:
        click.echo(f"{'Wrote' if arm.is_new else 'Kept'} {arm.path}")
    if arms:
        click.echo(f"Next: flipsite collect {arms[0].study.id}")
    else:
        click.echo(f"Nothing to write: {study} has these settings itself.")


def _words(text: str | None) -> list[str]:
    return [word.strip() for word in (text or "").split(",") if word.strip()]


def _kind(word: str) -> MethodKind:
    for kind in get_args(MethodKind):
        if word == kind:
            return kind  # type: ignore[no-any-return]
    raise click.BadParameter(f"{word!r} is none of {', '.join(get_args(MethodKind))}.", param_hint="--method")


def _number(word: str) -> float:
    try:
        return float(word)
    except ValueError as error:
        raise click.BadParameter(f"{word!r} is no number.", param_hint="--temperature") from error
