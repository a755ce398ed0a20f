"""`flipsite check`: the faults of a site that was built."""

from pathlib import Path

import click

from flipsite.cli.console import ProgressBar
from flipsite.domain.display import plural
from flipsite.write.check.check import check_site


@click.command("check", short_help="Look for faults in a built site.")
@click.argument("site", required=False, type=click.Path(path_type=Path))
def command(*, site: Path | None) -> int:
    r"""Look for faults in the SITE that was built (default: the project's): exit 1 if there are any.

    Broken links and anchors, links to folders, requests to other hosts, duplicate ids, missing alternatives,
    titles and content policies, pages over 150 kB compressed, files that are not as flipsite wrote them.
    Needs no network.

    \b
    Examples:
      flipsite check
      flipsite check public
    """
    from flipsite.project import find_project

    site = site or find_project(Path.cwd()).site
    with ProgressBar() as bar:
        findings = check_site(site, progress=bar.show)
    for finding in findings:
        click.echo(str(finding))
    n_faults = sum(not finding.is_warning for finding in findings)
    click.echo(f"{site}: {plural(n_faults, 'fault')}")
    return 1 if n_faults else 0
