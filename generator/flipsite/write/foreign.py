"""What lies in a site's folder, and whether all of it is flipsite's to replace."""

import os
from collections.abc import Iterator
from pathlib import Path

from flipsite.errors import SiteError
from flipsite.write.manifest import NAME, read_manifest

CARRIED = (".gitignore", ".git")
"""Names at a site's root that are the user's, and stay."""


def refuse_foreign(out: Path, *, lies_at: Path | None = None) -> None:
    """Refuse a site's folder that holds what flipsite did not write.

    Args:
        out: The folder, as it is to be named.
        lies_at: Where it is at the moment, if elsewhere.

    Raises:
        SiteError: Naming one such file.
    """
    site = lies_at or out
    manifest = read_manifest(site)
    files = {NAME, *manifest.outputs} if manifest else set()
    folders = {folder for path in files for folder in folders_of(path)}
    for path, is_folder in walk(site):
        if path not in (folders if is_folder else files):
            raise SiteError(
                f"{out / path}: flipsite did not write this and will not delete it;"
                " move it away, or choose another folder with -o"
            )


def walk(site: Path) -> Iterator[tuple[str, bool]]:
    """Every path in a site, and whether it is a folder; what is carried is left out, and a link is a file."""
    waiting = [""] if site.is_dir() else []
    while waiting:
        folder = waiting.pop()
        with os.scandir(f"{site}/{folder}") as entries:
            for entry in entries:
                path = f"{folder}/{entry.name}" if folder else entry.name
                if path in CARRIED:
                    continue
                is_folder = entry.is_dir(follow_symlinks=False)
                yield path, is_folder
                if is_folder:
                    waiting.append(path)


def folders_of(path: str) -> Iterator[str]:
    """Every folder above a file of a site, but for the site's own."""
    while path := path.rpartition("/")[0]:
        yield path
