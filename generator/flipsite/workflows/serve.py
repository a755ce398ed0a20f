"""Rebuild after a change in the project, and show the page again: `flipsite serve`."""

from collections.abc import Callable
from pathlib import Path

from flipsite.project import PROJECT_FILE, find_project
from flipsite.workflows.build import build
from flipsite.write.serve.preview import serve


def preview(
    start: Path,
    *,
    host: str,
    port: int | None,
    open_browser: bool,
    watch: bool,
    allow_remote: bool = False,
    echo: Callable[[str], object],
) -> None:
    """Build and show the site of the project that a folder belongs to, until interrupted.

    Args:
        start: A folder of the project.
        host: The address to listen at.
        port: The port to listen at; None for the first free one from 8000 on.
        open_browser: Whether to show it in the user's browser.
        watch: Whether to build again when content or templates change.
        allow_remote: Read draws that lie outside the project.
        echo: Says a line to the user.

    Raises:
        SiteError: If nothing can listen there, or changes cannot be watched.
    """
    project = find_project(start)
    serve(
        project.site,
        build=lambda: build(  # the project is found again: templates may have come
            find_project(start), out=project.site, allow_remote=allow_remote
        ),
        watched=list(
            dict.fromkeys(
                (project.content, *project.templates, project.root / "templates", project.root / PROJECT_FILE)
            )
        ),
        host=host,
        port=port,
        open_browser=open_browser,
        watch=watch,
        echo=echo,
    )
