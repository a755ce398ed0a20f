"""Files of a site on disk: written, copied, linked, compared. Modes are what every web server can read."""

import os
import shutil
from contextlib import suppress
from hashlib import file_digest, sha256
from io import FileIO
from pathlib import Path
from stat import S_ISREG

from flipsite.content import Content, Kept

FILE_MODE, FOLDER_MODE = 0o644, 0o755
_BINARY = getattr(os, "O_BINARY", 0)  # Windows has texts otherwise
READABLE = 0o444


def measure(content: Content) -> tuple[int, str]:
    """Size in bytes and SHA-256 of what is to be written."""
    if isinstance(content, Kept):
        return content.size, content.digest
    if isinstance(content, bytes):
        return len(content), sha256(content).hexdigest()
    with content.open("rb") as file:
        return os.fstat(file.fileno()).st_size, file_digest(file, "sha256").hexdigest()


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


def write_file(path: str, content: bytes | Path) -> None:
    """Write a new file that everybody can read, whatever the umask."""
    file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | _BINARY, FILE_MODE)
    try:
        if isinstance(content, bytes):
            _write_all(file, content)
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
