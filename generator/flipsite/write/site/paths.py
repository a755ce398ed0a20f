"""Which paths a site may hold: those that mean one and the same file on every system and every web server.

`refuse_foreign` looks whether all that lies in a site's folder is flipsite's to replace.
"""

import os
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from unicodedata import normalize

from flipsite.errors import SiteError
from flipsite.write.site.manifest import NAME, read_manifest

RESERVED = frozenset(
    ["con", "prn", "aux", "nul", "conin$", "conout$"]
    + [f"{device}{digit}" for device in ("com", "lpt") for digit in "123456789¹²³"]
)
"""Names that Windows keeps for devices, with any ending."""

OWN = frozenset(["build.json", ".git", ".gitignore"])
"""Names at a site's root that no page may have: flipsite's own list, and git's files."""

LONGEST = 255
"""Bytes in one part of a path; most file systems take no more."""

_UNPRINTED = re.compile(r'[\x00-\x1f\x7f<>:"|?*\\\ud800-\udfff]')


def check_paths(paths: Iterable[str]) -> None:
    """Refuse a path that is not the same file everywhere, and two that would meet in one.

    Args:
        paths: Relative POSIX paths of files.

    Raises:
        SiteError: Naming the first path at fault, and why.
    """
    parts: dict[str, str | None] = {}
    spelled: dict[str, str] = {}
    folders: set[str] = set()
    files = list(paths)
    for path in files:
        if (reason := _fault(path, parts)) is not None:
            raise SiteError(f"{path!r} cannot be a file of the site: {reason}; name it otherwise")
        _enter(path, spelled, folders)
    for path in files:
        if path in folders:
            raise SiteError(f"{path!r} cannot be a file and a folder of the site; name one otherwise")


def same_name(path: str) -> str:
    """The form that two paths share when a system that ignores case or Unicode form confuses them."""
    if path.isascii():
        return path.lower()
    return normalize("NFC", normalize("NFD", path).casefold())


def _fault(path: str, parts: dict[str, str | None]) -> str | None:
    if not path or path.startswith("/"):
        return "it is not relative to the site's root"
    segments = path.split("/")
    if same_name(segments[0]) in OWN:
        return "that name is kept for flipsite and git"
    for segment in segments:
        if segment not in parts:
            parts[segment] = _part_fault(segment)
        if (reason := parts[segment]) is not None:
            return reason
    return None


def _part_fault(part: str) -> str | None:
    if part in {"", ".", ".."}:
        return f"a path cannot hold the part {part!r}"
    if _UNPRINTED.search(part):
        return "it holds a character that some file system cannot store"
    if part[-1] in ". ":
        return "a part ends in a dot or a space, which Windows drops"
    if part.partition(".")[0].rstrip(" ").lower() in RESERVED:
        return f"Windows keeps the name {part!r} for a device"
    if len(part.encode()) > LONGEST:
        return f"a part is longer than {LONGEST} bytes"
    return None


def _enter(path: str, spelled: dict[str, str], folders: set[str]) -> None:
    """Note the path and each folder above it under the name that all its spellings share."""
    _spell(path, spelled)
    folder = path.rpartition("/")[0]
    while folder and folder not in folders:
        folders.add(folder)
        _spell(folder, spelled)
        folder = folder.rpartition("/")[0]


def _spell(path: str, spelled: dict[str, str]) -> None:
    if (other := spelled.setdefault(same_name(path), path)) != path:
        raise SiteError(
            f"{path!r} and {other!r} are one where case and Unicode form are ignored; name one otherwise"
        )


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
