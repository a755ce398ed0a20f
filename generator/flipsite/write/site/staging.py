"""The folder that a site is written to, and the scratch folder beside it.

`find_target` refuses a folder whose loss would hurt.

The scratch folder `.<site>.flipsite/` holds `lock`, the site being written (`new`) and, where two folders
cannot be exchanged, the site that it replaces (`old`). The lock lets one build work at a time. The kernel
releases the lock of a dead process, so a build that gets it finds only leftovers in the folder.
"""

import os
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from flipsite.errors import SiteError
from flipsite.files import lock_file

LOCK, NEW, OLD = "lock", "new", "old"
MARK = b"A scratch folder of flipsite; it goes away with the next build.\n"
PATIENCE_S = 60.0


@contextmanager
def scratch_beside(out: Path, *, patience_s: float = PATIENCE_S) -> Iterator[Path]:
    """Hold the scratch folder of a site for this process alone.

    On the way in, a site that a killed build had set aside is put back and what else it left is removed;
    on the way out the folder is.

    Args:
        out: The site's folder, resolved; its parent is made if need be.
        patience_s: How long to wait for another build of the same site.

    Raises:
        SiteError: If another build holds it for longer, or the folder's name is taken by something else.
        OSError: If the folder cannot be made.
    """
    folder = out.parent / f".{out.name}.flipsite"
    out.parent.mkdir(parents=True, exist_ok=True)
    lock = _hold(folder, out, until=time.monotonic() + patience_s)
    try:
        if not os.path.lexists(out) and (folder / OLD).is_dir():
            (folder / OLD).rename(out)
        for name in (NEW, OLD):
            if (folder / name).exists():
                shutil.rmtree(folder / name)
        yield folder
    finally:
        _leave(folder, lock)


def _leave(folder: Path, lock: int) -> None:
    """Remove the scratch folder; what cannot be stays under the lock's mark, for the next build."""
    for name in (NEW, OLD):
        shutil.rmtree(folder / name, ignore_errors=True)
    with suppress(OSError):  # a build that waits may already be making the folder anew
        if os.listdir(folder) == [LOCK]:  # noqa: PTH208 (names are wanted)
            (folder / LOCK).unlink()
            folder.rmdir()
    os.close(lock)


def _hold(folder: Path, out: Path, *, until: float) -> int:
    """Lock the scratch folder and give the lock's descriptor."""
    while True:
        with suppress(FileExistsError):
            folder.mkdir(mode=0o755)
        _refuse_foreign(folder)
        with suppress(FileNotFoundError):  # its last holder removed it meanwhile: once more
            lock = lock_file(folder / LOCK)
            if lock is not None:
                if _is_at(lock, folder / LOCK):
                    os.pwrite(lock, MARK, 0)
                    return lock
                os.close(lock)
        if time.monotonic() > until:
            raise SiteError(
                f"{out}: another build is writing this site; wait for its end, or choose another -o"
            )
        time.sleep(0.02)


def _refuse_foreign(folder: Path) -> None:
    with suppress(FileNotFoundError):
        held = set() if folder.is_symlink() else set(os.listdir(folder))  # noqa: PTH208 (names are wanted)
        if folder.is_symlink() or held - {LOCK, NEW, OLD} or (held and LOCK not in held):
            raise SiteError(
                f"{folder}: flipsite needs this name for its scratch folder; move what is there away"
            )


def _is_at(descriptor: int, path: Path) -> bool:
    """Whether the open file is still the one at this path."""
    try:
        return os.path.samestat(os.fstat(descriptor), path.stat())
    except FileNotFoundError:
        return False


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
    with suppress(RuntimeError):  # a user without a home
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
