"""Opening other people's files: unpacked, decoded, and refused in one sentence where they hold no table.

A file's first bytes say what it is; its name has a say only between JSON lines and CSV.
"""

import bz2
import gzip
import io
import lzma
import struct
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO, TextIO, cast

import pyarrow as pa

from flipsite.domain.progress import Progress, unwatched
from flipsite.errors import UsageError
from flipsite.files import file_digest
from flipsite.store.imports.json_records import Numbered, Record, json_object, lost_text

MOST_UNPACKED = 2_000
"""A file that unpacks to more than this many times its size, and more than _SMALL bytes, is refused."""

_SMALL = 2**28
_ZIP_ZSTD = 93
_MEGABYTE = 1 << 20
_JSON_SUFFIXES = {".jsonl", ".ndjson", ".json"}
_PACKED = (".gz", ".bz2", ".xz", ".zst", ".zip")
_HEAD = 1 << 16
_ENCODINGS: dict[tuple[bool, ...], str] = {
    (False, True, False, True): "utf-16-le",
    (True, False, True, False): "utf-16-be",
    (False, True, True, True): "utf-32-le",
    (True, True, True, False): "utf-32-be",
}
"""By which of four bytes are mostly zero in ASCII text."""

_BINARY = frozenset(range(9))
_BOMS = ((b"\xff\xfe\x00\x00", "utf-32"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"))

_FOREIGN = (
    (b"version https://git-lfs", "a Git LFS pointer and not the file; fetch it with `git lfs pull`"),
    (b"%PDF", "a PDF; export the table as CSV"),
    (b"\xd0\xcf\x11\xe0", "an old Excel workbook; save the sheet as CSV"),
    (b"SQLite format 3\x00", "an SQLite database; export the table as CSV"),
    (b"<!doctype html", "a web page and not the file; download the file itself"),
    (b"<html", "a web page and not the file; download the file itself"),
    (b"<table", "a web page and not a workbook; save the sheet as CSV"),
    (b"<?xml", "XML; export the table as CSV"),
    (b"ARROW1", "an Arrow file; write it as Parquet"),
    (b"FEA1", "an old Feather file; write it as Parquet"),
    (b"\xff\xff\xff\xff", "a stream of Arrow batches; write it as Parquet"),
    (b"ORC", "an ORC file; write it as Parquet"),
    (b"Obj\x01", "an Avro file; write it as Parquet"),
    (b"\x89HDF", "an HDF5 file; write the table as Parquet or CSV"),
    (b"\x93NUMPY", "a NumPy array; write a table as CSV"),
    (b"\x80\x04\x95", "a pickle, which flipsite does not run; write the table as Parquet or CSV"),
    (b"PAR1", "a Parquet file within a packed one; unpack it"),
    (b"\x1f\x8b", "packed twice; unpack it once"),
    (b"PK\x03\x04", "an archive within an archive; unpack it once"),
    (b"7z\xbc\xaf", "a 7z archive; unpack it and name the file"),
    (b"Rar!", "a RAR archive; unpack it and name the file"),
    (b"\x04\x22\x4d\x18", "packed by lz4; unpack it, or pack it by gzip or zstd"),
    (b"\x5d\x00\x00", "packed by lzma; unpack it, or pack it by xz"),
)
_TAR = b"ustar", 257


def sha256_of(path: Path) -> str:
    """The SHA-256 of a file's bytes, in hexadecimal.

    Raises:
        UsageError: If there is no such file, or it cannot be read.
    """
    with reading(path):
        return file_digest(path)


@contextmanager
def reading(path: Path) -> Iterator[None]:
    """Turn what can go wrong in reading a file into a UsageError that names it and the remedy."""
    try:
        yield
    except FileNotFoundError as error:
        raise UsageError(f"{path}: no such file; check the name") from error
    except (EOFError, zlib.error, gzip.BadGzipFile, lzma.LZMAError, zipfile.BadZipFile) as error:
        raise UsageError(f"{path}: the compressed file is damaged or cut short; fetch it again") from error
    except UnicodeDecodeError as error:
        if set(error.object[:4096]) & _BINARY:
            raise UsageError(f"{path}: not UTF-8 text, nor Parquet; export the table as CSV") from error
        wrong = error.object[error.start : error.start + 1].hex()
        raise UsageError(
            f"{path}: not UTF-8 text (byte 0x{wrong}); save it as UTF-8, "
            "or name its encoding with --encoding, as in --encoding cp1252"
        ) from error
    except UnicodeError as error:
        raise UsageError(
            f"{path}: not text in the encoding it seems to have; name it with --encoding"
        ) from error
    except (OSError, pa.ArrowException, RuntimeError, NotImplementedError) as error:
        if isinstance(error, OSError) and error.errno is None:  # of bzip2 and zstd, not of the system
            raise UsageError(
                f"{path}: the compressed file is damaged or cut short; fetch it again"
            ) from error
        reason = next(iter(str(getattr(error, "strerror", None) or error).splitlines()), "unknown")
        raise UsageError(f"{path}: cannot be read ({reason})") from error


def head_of(path: Path) -> bytes:
    """A file's first bytes, which say what it is."""
    with path.open("rb") as file:
        return file.read(512)


def is_parquet(head: bytes) -> bool:
    """Whether a file that begins so is Parquet."""
    return head[:4] == b"PAR1"


@contextmanager
def opened_text(
    path: Path, *, encoding: str | None = None, errors: str = "strict", progress: Progress = unwatched
) -> Iterator[TextIO]:
    """Open a file as text, unpacked; it can be read again from its beginning.

    Args:
        path: Plain or packed by gzip, bzip2, xz or zstd, or the one file of a zip archive.
        encoding: As named by the user; by default UTF-8, or what the byte order mark says.
        errors: Python's name of what becomes of bytes that are not in the encoding.
        progress: Told of the megabytes of the file that were read, packed as they are.

    Raises:
        UsageError: If it is no text, or unpacks beyond bounds.
    """
    with _unpacked(path, progress) as file:
        head = file.read(512)
        for beginning, words in _FOREIGN:
            if head.lstrip()[: len(beginning)].lower() == beginning.lower():
                raise UsageError(f"{path}: this is {words}")
        if head[_TAR[1] :].startswith(_TAR[0]):
            raise UsageError(f"{path}: this is a tar archive; unpack it and name the files to import")
        file.seek(0)
        try:
            text = io.TextIOWrapper(file, encoding=encoding or _encoding_of(head), errors=errors, newline="")
        except LookupError as error:
            raise UsageError(
                f"--encoding {encoding!r}: no such encoding; try cp1252, latin-1 or utf-16"
            ) from error
        yield text


def _encoding_of(head: bytes) -> str:
    """The encoding that a byte order mark names, or that zeros at regular places show; else UTF-8."""
    for mark, name in _BOMS:
        if head.startswith(mark):
            return name
    zeros = tuple(8 * head[place::4].count(0) > len(head) for place in range(4))
    return _ENCODINGS.get(zeros, "utf-8-sig")


def is_json(path: Path, text: TextIO) -> bool:
    """Whether a text is JSON and not CSV, by its name and its first letters.

    Raises:
        UsageError: If it is empty.
    """
    first = text.read(_HEAD)
    text.seek(0)
    if not first.strip("\ufeff \t\r\n"):
        raise UsageError(f"{path}: the file is empty; export it anew")
    name = path.name.lower()
    for suffix in _PACKED:
        name = name.removesuffix(suffix)
    beginning = first.lstrip("\ufeff \t\r\n")[:2]
    return (
        Path(name).suffix in _JSON_SUFFIXES or beginning[:1] == "{" or beginning in {"[{", "[[", "[\n", "[\r"}
    )


@contextmanager
def _unpacked(path: Path, progress: Progress) -> Iterator[BinaryIO]:
    head = head_of(path)
    with io.BufferedReader(_WatchedFile(path, progress), 1 << 18) as packed:
        if head[:2] == b"PK":
            with zipfile.ZipFile(packed) as archive, _opened_member(path, archive) as member:
                yield member
            return
        if head[:2] == b"\x1f\x8b":
            yield _bounded(path, gzip.GzipFile(fileobj=packed))
        elif head[:3] == b"BZh":
            yield _bounded(path, bz2.BZ2File(packed))
        elif head[:6] == b"\xfd7zXZ\x00":
            yield _bounded(path, lzma.LZMAFile(packed))  # noqa: SIM115 -- `packed` is closed
        elif head[:4] == b"\x28\xb5\x2f\xfd":
            with io.BytesIO(_unpacked_zstd(path, packed)) as file:
                yield file
        else:
            yield packed


@contextmanager
def _opened_member(path: Path, archive: zipfile.ZipFile) -> Iterator[BinaryIO]:
    """Open the one file of an archive."""
    member = _member(path, archive)
    if member.compress_type == _ZIP_ZSTD:
        _check_size(path, member)
        yield io.BytesIO(_member_bytes(path, archive, member))
        return
    with archive.open(member) as file:
        yield _bounded(path, file)


def _check_size(path: Path, member: zipfile.ZipInfo) -> None:
    if member.file_size > _SMALL:
        raise UsageError(
            f"{path}: {member.filename} holds more than {_SMALL >> 20} MiB; unpack it and name that file"
        )


def _unpacked_zstd(path: Path, packed: BinaryIO) -> bytes:
    """All bytes of a zstd file, whose reader cannot go back to the beginning."""
    with pa.CompressedInputStream(packed, "zstd") as stream:
        content = stream.read(_SMALL + 1)
    if len(content) > _SMALL:
        raise UsageError(f"{path}: zstd of more than {_SMALL >> 20} MiB; unpack it first")
    return bytes(content)


def is_inspect_log(path: Path) -> bool:
    """Whether a file is a log of Inspect in its own format, a zip archive of JSON."""
    if head_of(path)[:2] != b"PK":
        return False
    with zipfile.ZipFile(path) as archive:
        names = archive.namelist()
    return "_journal/start.json" in names or any(map(_is_sample, names))


def _is_sample(name: str) -> bool:
    return name.startswith("samples/") and name.endswith(".json")


@contextmanager
def inspect_log(path: Path) -> Iterator[tuple[Record, Iterator[Numbered]]]:
    """Open such a log: its header, and its samples, numbered, as they are asked for."""
    with zipfile.ZipFile(path) as archive:
        names = archive.namelist()
        header = next((name for name in ("header.json", "_journal/start.json") if name in names), None)
        samples = list(filter(_is_sample, names))

        def read() -> Iterator[Numbered]:
            for number, name in enumerate(samples, start=1):
                text = _member_text(path, archive, name)
                yield number, json_object(text) or lost_text(text)

        yield (json_object(_member_text(path, archive, header)) if header else None) or {}, read()


def _member_text(path: Path, archive: zipfile.ZipFile, name: str) -> str:
    _check_size(path, archive.getinfo(name))
    return _member_bytes(path, archive, archive.getinfo(name)).decode("utf-8")


def _member_bytes(path: Path, archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> bytes:
    """A member's bytes; Python's own reader knows no zstd, which Inspect can be told to use."""
    if member.compress_type != _ZIP_ZSTD:
        return archive.read(member)
    with path.open("rb") as file:
        file.seek(member.header_offset + 26)
        n_name, n_extra = struct.unpack("<HH", file.read(4))
        file.seek(n_name + n_extra, io.SEEK_CUR)
        packed = file.read(member.compress_size)
    with pa.CompressedInputStream(pa.BufferReader(packed), "zstd") as stream:
        content = bytes(stream.read(member.file_size + 1))
    if len(content) != member.file_size or zlib.crc32(content) != member.CRC:
        raise zipfile.BadZipFile(member.filename)
    return content


def _member(path: Path, archive: zipfile.ZipFile) -> zipfile.ZipInfo:
    members = [each for each in archive.infolist() if not each.is_dir() and not _is_hidden(each.filename)]
    names = {each.filename for each in members}
    if "[Content_Types].xml" in names:
        raise UsageError(f"{path}: this is an Excel workbook; save the sheet as CSV")
    if {"mimetype", "content.xml"} <= names:
        raise UsageError(f"{path}: this is an OpenDocument file; save the sheet as CSV")
    if len(members) != 1:
        raise UsageError(
            f"{path}: a zip archive of {len(members):,} files; unpack it and name those to import"
        )
    return members[0]


def _is_hidden(name: str) -> bool:
    parts = [part for part in name.split("/") if part not in {".", ".."}]
    return any(part.startswith(".") or part == "__MACOSX" for part in parts)


class _WatchedFile(io.FileIO):
    """A file that tells how much of it has been read."""

    def __init__(self, path: Path, progress: Progress) -> None:
        super().__init__(path)
        self._progress = progress
        self._n_bytes = path.stat().st_size

    def readinto(self, buffer: Any) -> int | None:
        n_read = super().readinto(buffer)
        self._progress("megabyte", self.tell() >> 20, self._n_bytes + _MEGABYTE - 1 >> 20)
        return n_read


def _bounded(path: Path, file: Any) -> BinaryIO:
    return cast("BinaryIO", io.BufferedReader(_Bounded(path, file), 1 << 18))


class _Bounded(io.RawIOBase):
    """Reads a packed file, and refuses one that unpacks beyond bounds."""

    def __init__(self, path: Path, file: Any) -> None:
        self._path, self._file = path, file
        self._most = max(_SMALL, MOST_UNPACKED * path.stat().st_size)

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        return int(self._file.seek(offset, whence))

    def tell(self) -> int:
        return int(self._file.tell())

    def readinto(self, buffer: Any) -> int:
        content = self._file.read(len(buffer))
        buffer[: len(content)] = content
        if self._file.tell() > self._most:
            raise UsageError(
                f"{self._path}: unpacks to more than {MOST_UNPACKED:,} times its size; unpack it yourself "
                "if it can be trusted"
            )
        return len(content)
