"""Files of a site on disk: written, copied, linked, compared. Modes are what every web server can read."""

import os
import shutil
from hashlib import file_digest, sha256
from io import FileIO
from pathlib import Path
from stat import S_ISREG

FILE_MODE, FOLDER_MODE = 0o644, 0o755
READABLE = 0o444

Content = bytes | Path


def measure(content: Content) -> tuple[int, str]:
    """Size in bytes and SHA-256 of what is to be written."""
    if isinstance(content, bytes):
        return len(content), sha256(content).hexdigest()
    with content.open("rb") as file:
        return os.fstat(file.fileno()).st_size, file_digest(file, "sha256").hexdigest()


def is_same(old: str, content: Content, *, size: int, digest: str) -> bool:
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


def write_file(path: Path, content: Content) -> None:
    """Write a new file."""
    with path.open("xb") as file:
        if isinstance(content, bytes):
            file.write(content)
        else:
            with content.open("rb") as source:
                shutil.copyfileobj(source, file, 1 << 20)
    path.chmod(FILE_MODE)


def make_folder(path: Path) -> None:
    """Make a new folder that everybody can read, whatever the umask."""
    path.mkdir()
    path.chmod(FOLDER_MODE)


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
