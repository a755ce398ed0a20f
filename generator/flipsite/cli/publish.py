"""`flipsite publish`: the site, to a branch that GitHub Pages shows."""

from pathlib import Path

import click


@click.command("publish", short_help="Push the site to a branch for GitHub Pages.")
@click.option("--branch", default="gh-pages", show_default=True, metavar="NAME", help="The branch to write.")
@click.option("--remote", default="origin", show_default=True, metavar="NAME", help="The git remote.")
@click.option("--base-url", metavar="URL", help="Where it will stand.  [default: the remote's GitHub Pages]")
@click.option("--dry-run", is_flag=True, help="Build and check, say what would change, and send nothing.")
def command(*, branch: str, remote: str, base_url: str | None, dry_run: bool) -> None:
    r"""Build the site for its address, check it, and push it to a branch.

    A site with a fault is not published, and a branch that holds what flipsite did not write is not replaced.
    Turn the branch on once under Settings → Pages → Deploy from a branch.

    \b
    Examples:
      flipsite publish --dry-run
      flipsite publish
      flipsite publish --branch site --base-url https://coins.example.org/
    """
    from flipsite.project import find_project
    from flipsite.workflows.publish import publish_project

    done = publish_project(
        find_project(Path.cwd()),
        branch=branch,
        remote=remote,
        base_url=base_url,
        dry_run=dry_run,
        echo=lambda line: click.echo(line, err=True),
    )
    sent = done.published
    changed = f"{sent.changed:,} of {sent.files:,} files changed" if sent.changed else "nothing has changed"
    verb = "Would publish" if dry_run else "Published"
    click.echo(f"{verb} to {branch} of {sent.remote_url}: {changed}.")
    if done.address:
        click.echo(done.address)
