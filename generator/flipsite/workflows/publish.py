"""From a project to its readers: build for the address, check, and send it to a branch."""

import os
import re
import tomllib
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import urlsplit

import tomli_w

from flipsite import __version__
from flipsite.domain.progress import Progress, unwatched
from flipsite.domain.urls import base_address, domain_address
from flipsite.errors import SiteError, UsageError
from flipsite.files import replacing
from flipsite.project import CNAME, PROJECT_FILE, Project
from flipsite.settings import load_project
from flipsite.workflows.build import build, configured_address
from flipsite.write.check.check import check_site
from flipsite.write.publish import (
    Branch,
    PublishPlan,
    branch_domain,
    fetch_branch,
    pages_address,
    plan_publish,
    push,
    repository_root,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Publication:
    """A site that is ready to be sent.

    Attributes:
        address: The site's address; None where that is not known.
        plan: What sending it changes.
    """

    address: str | None
    plan: PublishPlan


def prepare_publication(
    project: Project,
    *,
    branch: str,
    remote: str,
    base_url: str | None,
    remember: bool,
    packaged: bool,
    parent_repository: bool,
    allow_remote: bool = False,
    echo: Callable[[str], object],
    progress: Progress = unwatched,
) -> Publication:
    """Build a project's site for its address, check it, and compare it with the branch; nothing is sent.

    Args:
        project: What to publish.
        branch: The branch that is shown.
        remote: The git remote.
        base_url: The site's address. Where it is None: as the project says, else the CNAME on the
            branch, else the remote's GitHub Pages.
        remember: Whether to write a `base_url` into the project's `flipsite.toml`.
        packaged: Whether flipsite's own studies may be published where there is no project.
        parent_repository: Whether the repository may be that of a folder above the project.
        allow_remote: Read draws that lie outside the project.
        echo: Says a line to the user.
        progress: Told of the building and the checking.

    Raises:
        UsageError: If there is no project, or the repository is not its own.
        SiteError: If the site has a fault, or git fails.
    """
    if project.packaged and not packaged:
        raise UsageError(
            f"{project.root}: there is no project here, so flipsite's own studies would be published; "
            "begin with `flipsite init`, or add --packaged to publish them"
        )
    top = repository_root(project.root)
    if top != project.root.resolve() and not parent_repository:
        raise UsageError(
            f"{project.root}: lies in the repository {top}, not its own; run `git init` here, "
            "or add --parent-repository to publish to that one"
        )
    where = Branch(root=project.root, remote=remote, name=branch)
    fetch_branch(where)
    address = _address(project, where, base_url)
    if address and (other := _other_domain(project, where, address)):
        echo(f"flipsite: warning: the branch's CNAME says {other}, so GitHub shows the site there")
    full = base_url is not None and not base_url.startswith("/")  # a path alone is no address of a site
    if (
        base_url
        and full
        and remember
        and not project.packaged
        and (line := remember_address(project, base_url))
    ):
        echo(f"flipsite: add {line} to {PROJECT_FILE}, so that the next build knows the address")
    jobs = os.cpu_count() or 1
    report = build(
        project,
        out=project.site,
        base_url=address,
        jobs=jobs,
        allow_remote=allow_remote,
        progress=progress,
    )
    for warning in report.warnings:
        echo(f"flipsite: warning: {warning}")
    faults = [finding for finding in check_site(project.site, progress=progress) if not finding.is_warning]
    if faults:
        more = f" and {len(faults) - 1} more" if len(faults) > 1 else ""
        raise SiteError(f"{faults[0]}{more}; nothing was published: fix what `flipsite check` finds")
    return Publication(address=address, plan=plan_publish(project.site, where))


def send_publication(publication: Publication, *, echo: Callable[[str], object]) -> None:
    """Commit and push what was prepared; `echo` is given what the server says.

    Raises:
        SiteError: If git fails, or the server refuses.
    """
    push(publication.plan, message=f"Publish the site that flipsite {__version__} built", echo=echo)


def remember_address(project: Project, base_url: str) -> str | None:
    """Write `[site] url` into `flipsite.toml`, so that the next build and publication know it.

    Returns:
        The line to add by hand, where the file is written in a way that cannot be added to; else None.
    """
    path = project.root / PROJECT_FILE
    before = path.read_text(encoding="utf-8-sig") if path.exists() else ""
    after = _with_url(before, base_address(base_url))
    if after is None:
        return f"[site] url = {base_address(base_url)!r}"
    if after != before:
        with replacing(path) as file:
            file.write(after.encode())
    return None


def _with_url(text: str, url: str) -> str | None:
    """A `flipsite.toml` with another address and all else as it was; None where that is uncertain."""
    line = tomli_w.dumps({"url": url})
    wanted = tomllib.loads(text)
    if wanted.get("site", {}).get("url") == url:
        return text
    wanted.setdefault("site", {})["url"] = url
    header = re.search(r"^[ \t]*\[[ \t]*site[ \t]*\][^\n]*(?:\n|$)", text, flags=re.MULTILINE)
    if not header:
        changed = f"{text.rstrip()}\n\n[site]\n{line}".lstrip()
    else:
        head = text[: header.end()].rstrip("\n") + "\n"
        rest = text[header.end() :]
        table, following = rest, ""
        if found := re.search(r"^[ \t]*\[", rest, flags=re.MULTILINE):
            table, following = rest[: found.start()], rest[found.start() :]
        kept = re.sub(r"^[ \t]*url[ \t]*=[^\n]*(?:\n|$)", "", table, flags=re.MULTILINE)
        changed = f"{head}{line}{kept}{following}"
    try:
        return changed if tomllib.loads(changed) == wanted else None
    except tomllib.TOMLDecodeError:
        return None


def _other_domain(project: Project, branch: Branch, address: str) -> str | None:
    """The domain of the branch's CNAME, where it is another than the address has and the site brings none."""
    domain = " ".join((branch_domain(branch) or "").split())
    same = domain.lower() == (urlsplit(address).hostname or "")
    return None if same or (project.content / CNAME).is_file() else domain or None


def _address(project: Project, branch: Branch, base_url: str | None) -> str | None:
    if base_url:
        return base_address(base_url)
    if configured := configured_address(project, load_project(project.content.parent).site):
        return configured
    if domain := branch_domain(branch):
        return domain_address(domain, source=f"CNAME on {branch.remote}/{branch.name}")
    return pages_address(project.root, remote=branch.remote)
