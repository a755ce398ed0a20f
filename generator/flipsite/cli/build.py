"""`flipsite build`: the site, from the snapshots."""

import gc
import os
from pathlib import Path

import click

from flipsite.cli.params import study_names


@click.command("build", short_help="Build the site from the snapshots.")
@click.option("-o", "--out", type=click.Path(path_type=Path), help="The site's folder.  [default: site]")
@click.option(
    "--study",
    "studies",
    multiple=True,
    metavar="ID",
    shell_complete=study_names,
    help="Only this study; may be repeated.",
)
@click.option("--base-url", metavar="URL", help="The site's address; for 404.html, feed and site map.")
@click.option(
    "--jobs",
    type=click.IntRange(min=1),
    metavar="N",
    help="How many processes make pages.  [default: the machine's cores]",
)
@click.option("--force", is_flag=True, help="Build even where no input has changed.")
@click.option("--strict", is_flag=True, help="Fail on a warning; the site is written all the same.")
@click.option("--allow-remote", is_flag=True, help="Read draws that flipsite.toml says lie elsewhere.")
def command(
    *,
    out: Path | None,
    studies: tuple[str, ...],
    base_url: str | None,
    jobs: int | None,
    force: bool,
    strict: bool,
    allow_remote: bool,
) -> int:
    r"""Build the site from the project's studies, or from the packaged ones where there is no project.

    Needs no network and no key, unless draws lie elsewhere and --allow-remote is given.

    \b
    Examples:
      flipsite build
      flipsite build -o public --base-url https://me.github.io/coins/
    """
    from flipsite.cli.console import ProgressBar
    from flipsite.domain.display import plural
    from flipsite.project import find_project
    from flipsite.workflows.build import build

    gc.disable()  # the process ends with the build; looking for cycles takes a tenth of its time
    project = find_project(Path.cwd())
    with ProgressBar() as bar:
        report = build(
            project,
            out=out or project.site,
            studies=studies,
            base_url=base_url,
            jobs=jobs or os.cpu_count() or 1,
            force=force,
            allow_remote=allow_remote,
            progress=bar.show,
        )
    gc.freeze()  # nor at its end, where Python looks once more
    change = report.change
    click.echo(
        f"Built {plural(len(report.studies), 'study', 'studies')}: "
        f"{plural(change.written, 'file')} written, {change.unchanged:,} unchanged, "
        f"{change.removed:,} removed → {report.out}"
    )
    if report.left_out:
        click.echo(f"Left out of this site: {', '.join(report.left_out)}; build without --study to show all.")
    for warning in report.warnings:
        click.echo(f"flipsite: warning: {warning}", err=True)
    return 1 if strict and report.warnings else 0
