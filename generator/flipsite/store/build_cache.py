"""The user's cache folder: results of earlier builds, scripts, and the sites that this user built.

Not in the project's folder: that may be a stranger's, whose charts and pages would then be taken for our own.
A file that is damaged counts as none: everything in it can be made anew.
"""

import hashlib
import os
import shutil
import time
from collections.abc import Collection, Iterable
from contextlib import suppress
from io import FileIO
from pathlib import Path

from flipsite.errors import StoreError
from flipsite.files import measure, replacing

MOST_BYTES = 300_000_000
"""Of the results of builds."""

_DIGEST = hashlib.sha256().digest_size
_FORGOTTEN_S = 90 * 86_400
"""How long what no build has used stays."""


def user_folder(kind: str) -> Path:
    """A folder of flipsite's in the user's cache, which need not exist.

    Raises:
        RuntimeError: If the user has no home.
    """
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "flipsite" / kind


def is_known_site(build_json: bytes) -> bool:
    """Whether a build of this user wrote the site with this build.json."""
    with suppress(OSError, RuntimeError):
        return _site_mark(build_json).exists()
    return False


def remember_site(build_json: bytes) -> None:
    """Remember a site as this user's own; where that cannot be, the next build makes all of it."""
    with suppress(OSError, RuntimeError):
        mark = _site_mark(build_json)
        mark.parent.mkdir(parents=True, exist_ok=True)
        mark.touch()
        forget_old(mark.parent)


def forget_old(folder: Path) -> None:
    """Remove the entries of a folder of the cache that no build has used for long."""
    for entry in folder.iterdir():
        if time.time() - entry.stat().st_mtime > _FORGOTTEN_S:
            shutil.rmtree(entry) if entry.is_dir() else entry.unlink()


def _site_mark(build_json: bytes) -> Path:
    return user_folder("sites") / hashlib.sha256(build_json).hexdigest()


class BuildCache:
    """Reports, charts, pictures and compiled templates of this user's builds, a file each.

    It is named by the digest of all that it was made from, and begins with the digest of its own bytes. Every
    process of a build reads and adds; the time of a file is that of its last use.
    """

    def __init__(self, *, made_by: str, anew: bool) -> None:
        """Open it.

        Args:
            made_by: Tells one version of the code that draws, and of its libraries, from another.
            anew: Read nothing but what this process has put in.
        """
        self._made_by, self._anew = made_by, anew
        self._put: set[str] = set()
        self._folder: str | None = None  # where the user has no home
        with suppress(RuntimeError, OSError):
            folder = user_folder("made")
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._folder = str(folder)

    def get(self, source: str) -> bytes | None:
        """The result of a source; None where it is not known, or its file is damaged."""
        path = self._path(source)
        if path is None or (self._anew and path not in self._put):
            return None
        with suppress(OSError):
            with FileIO(path) as file:
                content = file.readall()
            if content[:_DIGEST] == hashlib.sha256(content[_DIGEST:]).digest():
                with suppress(OSError):  # read-only
                    os.utime(path)
                return content[_DIGEST:]
        return None

    def knows(self, source: str) -> bool:
        """Whether there is a file of this source, damaged or not."""
        path = self._path(source)
        return path is not None and (not self._anew or path in self._put) and os.path.exists(path)  # noqa: PTH110

    @property
    def put_in(self) -> Collection[str]:
        """The names of the files that this process has put in."""
        return self._put

    def trust(self, names: Iterable[str]) -> None:
        """Count files as put in by this process: another one of the same build has done so."""
        self._put.update(names)

    def put(self, source: str, made: bytes) -> None:
        """Keep a result; where it cannot be kept, the next build makes it again."""
        if (path := self._path(source)) is None:
            return
        part = f"{path}.{os.getpid()}"
        with suppress(OSError):  # not synced: a file that a power cut damaged counts as none
            with FileIO(part, "w") as file:
                written = file.write(hashlib.sha256(made).digest()) + file.write(made)
            if written == _DIGEST + len(made):  # less where the disk became full
                os.replace(part, path)  # noqa: PTH105 - making Paths takes longer than the rest
                self._put.add(path)
                return
        with suppress(OSError):
            os.unlink(part)  # noqa: PTH108

    def shrink(self) -> None:
        """Remove what was not used for longest, until the rest is at most MOST_BYTES."""
        if self._folder is None:
            return
        with suppress(OSError):  # another build may shrink it too
            files = [(each.stat(), each.path) for each in os.scandir(self._folder)]
            size = sum(status.st_size for status, _ in files)
            for status, path in sorted(files, key=lambda file: file[0].st_mtime_ns):
                if size <= MOST_BYTES:
                    break
                os.unlink(path)  # noqa: PTH108
                size -= status.st_size

    def _path(self, source: str) -> str | None:
        if self._folder is None:
            return None
        name = hashlib.sha256(f"{self._made_by} {source}".encode("utf-8", "surrogatepass")).hexdigest()
        return f"{self._folder}/{name}"


def read_script(key: str) -> bytes | None:
    """The script of this key that an earlier build wrote; None unless it still has the digest in its name."""
    with suppress(OSError, RuntimeError):  # a user without a home
        for found in sorted(user_folder("scripts").glob(f"vega-{key}-*.js")):
            script = found.read_bytes()
            if measure(script)[1] == found.stem.rpartition("-")[2]:
                return script
    return None


def write_script(key: str, script: bytes) -> None:
    """Keep a script for later builds; where it cannot be kept, they make it again."""
    with suppress(StoreError, OSError, RuntimeError):
        folder = user_folder("scripts")
        with replacing(folder / f"vega-{key}-{measure(script)[1]}.js") as file:
            file.write(script)
        forget_old(folder)
