"""Files and folders on disk: digests, atomic writes, exclusive locks, and the files of a site.

A file or a folder appears whole or not at all: it is written beside its place, synced, and renamed into it.
The files of a site get modes that every web server can read.
"""

import ctypes
import errno
import hashlib
import os
import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from io import FileIO
from pathlib import Path
from stat import S_ISREG
from typing import BinaryIO, NamedTuple

from flipsite.errors import StoreError

AT_FDCWD = -100
RENAME_EXCHANGE = 2
NOT_HERE = {errno.ENOSYS, errno.EINVAL, errno.EOPNOTSUPP}
"""Error codes of a kernel or a file system that cannot exchange two names."""


_BLOCK = 1 << 20


class UnchangedFile(NamedTuple):
    """A file of the last site that stays at its path: it is known to be whole.

    Its source is as for a `RenderedPage`, where one is known.
    """

    size: int
    digest: str
    source: str = ""


class RenderedPage(NamedTuple):
    """A page, and the digest of all that it was rendered from."""

    html: bytes
    source: str


class StreamedFile:
    """A file that is written piece by piece, for it may be too large to hold.

    Attributes:
        write: Writes it to an open binary file.
        size: Its bytes, once it is written; until then 0.
    """

    __slots__ = ("size", "write")

    def __init__(self, write: Callable[[BinaryIO], object]) -> None:
        """Take what writes it."""
        self.write, self.size = write, 0


Content = bytes | Path | UnchangedFile | RenderedPage | StreamedFile
"""A file's content: bytes to write, what writes it, a file to copy, or the file that is there already."""


def file_digest(path: Path) -> str:
    """SHA-256 of a file, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def measure(content: bytes | Path | UnchangedFile | RenderedPage) -> tuple[int, str]:
    """Size in bytes and SHA-256 of a content that is there."""
    if isinstance(content, UnchangedFile):
        return content.size, content.digest
    if isinstance(content, RenderedPage):
        content = content.html
    if isinstance(content, bytes):
        return len(content), hashlib.sha256(content).hexdigest()
    return measure_file(content)


def content_size(content: Content) -> int:
    """Size in bytes of a content; of a streamed one when it has been written."""
    match content:
        case UnchangedFile() | StreamedFile():
            return content.size
        case RenderedPage():
            return len(content.html)
        case Path():
            return content.stat().st_size
    return len(content)


def measure_file(path: str | Path) -> tuple[int, str]:
    """Size in bytes and SHA-256 of a file; a text is found sooner than a Path is made."""
    with FileIO(path) as file:
        size = os.fstat(file.fileno()).st_size
        if size <= _BLOCK:  # thousands are: a buffer of their own takes longer than their digest
            whole = file.readall()
            return len(whole), hashlib.sha256(whole).hexdigest()
        return size, hashlib.file_digest(file, "sha256").hexdigest()


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
    """Write everything on this folder's file system to the disk: one call, not one a file.

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


@contextmanager
def replacing(path: Path) -> Iterator[BinaryIO]:
    """Open a file that takes the place of `path` when the block ends well.

    Raises:
        StoreError: As `replaced_by`.
    """
    with replaced_by(path) as part, part.open("xb") as file:
        yield file


@contextmanager
def replaced_by(path: Path) -> Iterator[Path]:
    """Give the name of a file to write, which takes the place of `path` when the block ends well.

    A reader sees the old file or the new one, whatever is killed in between. A killed process leaves a hidden
    `.part` file that nothing reads. A link at `path` is replaced, never followed.

    Raises:
        StoreError: If the file cannot be written; the old one is as it was.
    """
    if path.is_dir():
        raise StoreError(f"{path}: this is a folder; name a file")
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        with swapping(path):
            path.parent.mkdir(parents=True, exist_ok=True)
            part.unlink(missing_ok=True)  # of a killed process of the same number
            yield part
            sync_file(part)
            part.replace(path)
            sync_folder(path.parent)
    finally:
        with suppress(OSError):
            part.unlink(missing_ok=True)


@contextmanager
def swapping(path: Path) -> Iterator[None]:
    """Report a failure of a block that leaves `path` whole until it ends well.

    Raises:
        StoreError: If the path cannot be written.
    """
    try:
        yield
    except OSError as error:
        reason = error.strerror or str(error)
        raise StoreError(f"{path}: cannot be written ({reason}); what was there is as it was") from error


def sync_file(path: Path) -> None:
    """Write a file's content to the disk.

    Raises:
        OSError: If the disk did not take it.
    """
    _sync(path, os.O_RDWR)


def sync_folder(folder: Path) -> None:
    """Write a folder's names to the disk, so that a rename outlives a power cut.

    Raises:
        OSError: If the disk did not take them.
    """
    if sys.platform == "win32":
        return  # a folder cannot be opened there; the rename is journalled
    _sync(folder, os.O_RDONLY)


def _sync(path: Path, flags: int) -> None:
    descriptor = os.open(path, flags)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def refuse_link(path: Path) -> None:
    """Refuse a link where a private file or folder belongs: a stranger's project may have laid it there.

    Raises:
        StoreError: If the path is a link.
    """
    if path.is_symlink():
        raise StoreError(f"{path}: is a link, which flipsite does not follow here; move it away")


def lock_file(path: Path) -> int | None:
    """Lock a file, which is made if need be, for this process alone; a link is not followed.

    Returns:
        The descriptor, whose closing frees the lock, as the process’s end does; None if another holds it.

    Raises:
        OSError: If the file cannot be opened, or is a link.
    """
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0), 0o644)
    try:
        if sys.platform == "win32":
            import msvcrt

            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        return None
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor


FILE_MODE, FOLDER_MODE = 0o644, 0o755
_BINARY = getattr(os, "O_BINARY", 0)  # Windows translates line ends otherwise
READABLE = 0o444


def is_same(old: str, content: bytes | Path, *, size: int, digest: str) -> bool:
    """Whether a plain, readable file with this very content is there already."""
    try:
        status = os.lstat(old)
    except (FileNotFoundError, NotADirectoryError):
        return False
    if not S_ISREG(status.st_mode) or status.st_mode & READABLE != READABLE or status.st_size != size:
        return False
    if isinstance(content, Path):
        return measure(Path(old))[1] == digest
    with FileIO(old) as file:
        return file.readall() == content


def write_file(path: str, content: bytes | Path | StreamedFile) -> None:
    """Write a new file that everybody can read, whatever the umask."""
    file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | _BINARY, FILE_MODE)
    try:
        if isinstance(content, bytes):
            _write_all(file, content)
        elif isinstance(content, StreamedFile):
            with open(file, "wb", closefd=False) as stream:
                content.write(stream)
        else:
            with content.open("rb") as source:
                while block := source.read(1 << 20):
                    _write_all(file, block)
        os.chmod(path, FILE_MODE)  # noqa: PTH101 - making a Path of each takes longer
    finally:
        os.close(file)


def _write_all(file: int, content: bytes) -> None:
    rest = memoryview(content)
    while rest:
        rest = rest[os.write(file, rest) :]


def make_folders(path: str) -> None:
    """Make a folder and those above it, which everybody can read, whatever the umask; some may be there."""
    above = path.rpartition("/")[0]
    if above and not os.path.isdir(above):  # noqa: PTH112 - as below
        make_folders(above)
    with suppress(FileExistsError):
        os.mkdir(path)  # noqa: PTH102
        os.chmod(path, FOLDER_MODE)  # noqa: PTH101


def carry_over(old: Path, new: Path) -> None:
    """Give a file a second name, or every file of a folder; a link stays a link."""
    if old.is_dir() and not old.is_symlink():
        new.mkdir()
        for entry in sorted(old.iterdir()):
            carry_over(entry, new / entry.name)
        shutil.copystat(old, new)
        return
    link_file(str(old), str(new))


def link_file(old: str, new: str) -> None:
    """Give a file a second name; where the file system has none, make a copy with the same times."""
    try:
        os.link(old, new, follow_symlinks=False)
    except OSError:
        shutil.copy2(old, new, follow_symlinks=False)
