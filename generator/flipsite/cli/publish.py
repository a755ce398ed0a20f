"""`flipsite publish`: the site, to a branch that GitHub Pages shows."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from flipsite.cli.console import ProgressBar
from flipsite.domain.display import plural
from flipsite.errors import UsageError

if TYPE_CHECKING:
    from flipsite.workflows.publish import Publication


@click.command("publish", short_help="Push the site to a branch for GitHub Pages.")
@click.option("--branch", default="gh-pages", show_default=True, metavar="NAME", help="The branch to write.")
@click.option("--remote", default="origin", show_default=True, metavar="NAME", help="The git remote.")
@click.option(
    "--base-url",
    metavar="URL",
    help="Its address; remembered in flipsite.toml.  [default: as the project says, else the "
    "branch's CNAME, else the remote's GitHub Pages]",
)
@click.option("--dry-run", is_flag=True, help="Build and check, say what would change, and send nothing.")
@click.option("--yes", is_flag=True, help="Do not ask before the branch is made.")
@click.option("--packaged", is_flag=True, help="Publish flipsite's own studies where there is no project.")
@click.option("--parent-repository", is_flag=True, help="Publish to the repository of a folder above.")
@click.option("--allow-remote", is_flag=True, help="Read draws that flipsite.toml says lie elsewhere.")
def command(
    *,
    branch: str,
    remote: str,
    base_url: str | None,
    dry_run: bool,
    yes: bool,
    packaged: bool,
    parent_repository: bool,
    allow_remote: bool,
) -> None:
    r"""Build the site for its address, check it, and push it to a branch.

    A site with a fault is not published, and a branch that holds what flipsite did not write is not replaced.
    The first time you are asked. A CNAME on the branch stays. Turn the branch on once under Settings → Pages
    → Deploy from a branch.

    \b
    Examples:
      flipsite publish --dry-run
      flipsite publish
      flipsite publish --branch site --base-url https://coins.example.org/
    """
    from flipsite.project import find_project
    from flipsite.workflows.publish import prepare_publication, send_publication

    def say(line: str) -> None:
        click.echo(line, err=True)

    with ProgressBar() as bar:
        publication = prepare_publication(
            find_project(Path.cwd()),
            branch=branch,
            remote=remote,
            base_url=base_url,
            remember=not dry_run,
            packaged=packaged,
            parent_repository=parent_repository,
            allow_remote=allow_remote,
            echo=say,
            progress=bar.show,
        )
    plan = publication.plan
    where = f"{branch} of {remote}, {plan.remote_url}"
    if dry_run:
        click.echo(f"Would publish to {where}: {_changes(publication)}.")
    elif plan.changed or plan.removed:
        if plan.is_first and not yes:
            _confirm(f"Make the branch {where}: {_changes(publication)}. Publish?")
        send_publication(publication, echo=say)
        click.echo(f"Published to {where}: {_changes(publication)}.")
    else:
        click.echo(f"Published to {where}: nothing has changed.")
    if publication.address:
        click.echo(publication.address)


def _changes(publication: "Publication") -> str:
    plan = publication.plan
    if not (plan.changed or plan.removed):
        return "nothing has changed"
    removed = f", {plan.removed:,} removed" if plan.removed else ""
    return f"{plan.changed:,} of {plural(len(plan.blobs), 'file')} changed{removed}"


def _confirm(question: str) -> None:
    """Ask before the first push.

    Raises:
        UsageError: If the answer is no, or the terminal is not interactive.
    """
    try:
        agreed = click.confirm(question, err=True)
    except click.Abort as error:
        raise UsageError("Nobody to ask whether to publish; add --yes, or --dry-run to look.") from error
    if not agreed:
        raise UsageError("Nothing was published.")
