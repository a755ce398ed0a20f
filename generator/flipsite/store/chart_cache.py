"""The user's cache folder: charts and scripts of earlier builds, and the sites that this user built.

Not in the project's folder: that may be a stranger's, whose charts and pages would then be taken for our own.
A file that is damaged, or of another flipsite, counts as none: everything in it can be made anew.
"""

import hashlib
import json
import os
import shutil
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from flipsite.errors import StoreError
from flipsite.files import measure, replacing

DRAWINGS = "drawings.json"


_FORGOTTEN_S = 90 * 86_400
"""How long what no build has used stays."""


def user_folder(kind: str) -> Path:
    """A folder of flipsite's in the user's cache, which need not exist.

    Raises:
        RuntimeError: If the user has no home.
    """
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "flipsite" / kind


def chart_folder(root: Path) -> Path:
    """The folder of the charts of the project at `root`; raises as `user_folder`."""
    return user_folder("charts") / hashlib.sha256(os.fsencode(root)).hexdigest()[:16]


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


def read_drawings(folder: Path, *, made_by: str) -> dict[str, str]:
    """The drawings by what they were drawn from; none unless `made_by` the same flipsite and libraries.

    Args:
        folder: The project's, `chart_folder`.
        made_by: What tells one flipsite with its libraries from another.
    """
    with suppress(OSError, ValueError, RecursionError):
        head, _, body = (folder / DRAWINGS).read_bytes().partition(b"\n")
        if head.decode() == _head(body, made_by):
            found = json.loads(body)
            return {str(key): str(drawn) for key, drawn in found.items()}
    return {}


def write_drawings(folder: Path, drawings: Mapping[str, str], *, made_by: str) -> None:
    """Keep drawings in place of the last ones; where they cannot be kept, the next build draws."""
    body = json.dumps(dict(drawings)).encode()
    with suppress(StoreError, OSError):
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with replacing(folder / DRAWINGS) as file:
            file.write(_head(body, made_by).encode() + b"\n" + body)
        os.utime(folder)
        forget_old(folder.parent)


def read_script(key: str) -> Path | None:
    """The script of this key that an earlier build wrote; None unless it still has the digest in its name."""
    with suppress(OSError, RuntimeError):  # nobody's home
        for found in sorted(user_folder("scripts").glob(f"vega-{key}-*.js")):
            if measure(found)[1] == found.stem.rpartition("-")[2]:
                return found
    return None


def write_script(key: str, script: bytes) -> None:
    """Keep a script for later builds; where it cannot be kept, they make it again."""
    with suppress(StoreError, OSError, RuntimeError):
        folder = user_folder("scripts")
        with replacing(folder / f"vega-{key}-{measure(script)[1]}.js") as file:
            file.write(script)
        forget_old(folder)


def _head(body: bytes, made_by: str) -> str:
    return f"{made_by} {hashlib.sha256(body).hexdigest()}"
