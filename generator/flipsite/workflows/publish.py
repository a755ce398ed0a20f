"""From a project to its readers: build for the address, check, and send it to a branch."""

import os
from collections.abc import Callable
from dataclasses import dataclass

from flipsite import __version__
from flipsite.errors import SiteError
from flipsite.project import Project
from flipsite.workflows.build import build
from flipsite.write.check.check import check_site
from flipsite.write.publish import Branch, Published, pages_address, publish


@dataclass(frozen=True, slots=True, kw_only=True)
class Publication:
    """A site that was sent, or would be.

    Attributes:
        address: Where it stands; None where that is not known.
        published: What was sent.
    """

    address: str | None
    published: Published


def publish_project(
    project: Project,
    *,
    branch: str,
    remote: str,
    base_url: str | None,
    dry_run: bool,
    echo: Callable[[str], object],
) -> Publication:
    """Build a project's site for its address, check it, and publish it.

    Args:
        project: What to publish.
        branch: The branch that is shown.
        remote: The git remote.
        base_url: Where the site will stand; that of GitHub Pages where it is None.
        dry_run: Send nothing.
        echo: Says a line to the user.

    Raises:
        SiteError: If the site has a fault, or git fails.
    """
    address = base_url or pages_address(project.root, remote=remote)
    report = build(project, out=project.site, base_url=address, jobs=os.cpu_count() or 1)
    for warning in report.warnings:
        echo(f"flipsite: warning: {warning}")
    findings = check_site(project.site)
    faults = [finding for finding in findings if not finding.is_warning]
    if faults:
        more = f" and {len(faults) - 1} more" if len(faults) > 1 else ""
        raise SiteError(f"{faults[0]}{more}; nothing was published: mend what `flipsite check` tells")
    message = f"Publish the site that flipsite {__version__} built"
    where = Branch(root=project.root, remote=remote, name=branch)
    return Publication(
        address=address, published=publish(project.site, where, message=message, dry_run=dry_run)
    )
