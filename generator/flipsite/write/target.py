"""Which folder a site may be written to: never one whose loss would hurt."""

import os
from contextlib import suppress
from pathlib import Path

from flipsite.errors import SiteError


def find_target(out: Path) -> Path:
    """The folder a site is to replace, with links followed.

    Raises:
        SiteError: If it is something that must not be replaced, or cannot be.
    """
    if "\0" in str(out):
        raise SiteError(f"{str(out)!r} cannot be a folder's name; choose another with -o")
    if out.is_symlink() and not os.path.exists(out):  # noqa: PTH110 (Path.exists fails on a loop of links)
        raise SiteError(f"{out}: this link leads nowhere; make its folder, or choose another with -o")
    target = out.resolve()
    if (reason := _fault(target)) is not None:
        raise SiteError(f"{out}: {reason}; choose another folder with -o")
    return target


def _fault(target: Path) -> str | None:
    if target == target.parent:
        return "this is the root of all files"
    with suppress(RuntimeError):  # nobody's home
        if Path.home().resolve().is_relative_to(target):
            return "this holds your home folder"
    with suppress(FileNotFoundError):  # the working folder is gone
        if Path.cwd().is_relative_to(target):
            return "this is, or holds, the folder you work in, and a build replaces it"
    if target.exists() and not target.is_dir():
        return "this is a file"
    if target.is_mount():
        return "this is where a disk is mounted, which cannot be swapped; a folder in it can"
    return None
