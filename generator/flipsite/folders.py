"""Put one folder in another's place so that there is a whole one at every instant."""

import ctypes
import errno
import os
import sys
from pathlib import Path

AT_FDCWD = -100
RENAME_EXCHANGE = 2
NOT_HERE = {errno.ENOSYS, errno.EINVAL, errno.EOPNOTSUPP}
"""What a kernel or a file system says that cannot exchange two names."""


def put_in_place(new: Path, out: Path, *, aside: Path) -> Path | None:
    """Make the folder `new` the folder `out`.

    Args:
        new: The finished folder, on the same file system.
        out: Where it goes; there may be a folder already.
        aside: A free name for the one that is replaced, where the system cannot exchange two.

    Returns:
        Where the replaced folder lies now; None if there was none.

    Raises:
        OSError: If the system refuses; `out` is then as it was.
    """
    if not os.path.lexists(out):
        new.rename(out)
        return None
    if exchange(new, out):
        return new
    return rename_twice(new, out, aside=aside)


def exchange(one: Path, other: Path) -> bool:
    """Exchange two folders' names at one instant; False where this system cannot."""
    if sys.platform != "linux":
        return False
    libc = ctypes.CDLL(None, use_errno=True)
    try:
        renameat2 = libc.renameat2
    except AttributeError:  # a C library older than the call
        return False
    if renameat2(AT_FDCWD, os.fsencode(one), AT_FDCWD, os.fsencode(other), RENAME_EXCHANGE) == 0:
        return True
    if (code := ctypes.get_errno()) in NOT_HERE:
        return False
    raise OSError(code, os.strerror(code), str(other))


def rename_twice(new: Path, out: Path, *, aside: Path) -> Path:
    """Set `out` aside and put `new` there; killed between, `aside` is the whole site, to be put back."""
    out.rename(aside)
    try:
        new.rename(out)
    except OSError:
        aside.rename(out)
        raise
    return aside


def sync(folder: Path) -> None:
    """Have all that was written on this folder's file system reach the disk: one call, not one a file.

    Raises:
        OSError: If the disk did not take it.
    """
    if sys.platform != "linux":
        if hasattr(os, "sync"):  # not on Windows
            os.sync()
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        if ctypes.CDLL(None, use_errno=True).syncfs(descriptor) != 0:
            code = ctypes.get_errno()
            raise OSError(code, os.strerror(code), str(folder))
    finally:
        os.close(descriptor)


def sync_names(folder: Path) -> None:
    """Have the names in a folder reach the disk.

    Raises:
        OSError: If the disk did not take them.
    """
    if sys.platform == "win32":  # a folder cannot be opened there
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
