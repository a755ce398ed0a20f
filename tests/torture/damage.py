"""Ways for a file to be damaged: cut short, a bit turned, or another's in its place."""

import gzip
import io
import random
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq


def cut_short(whole: bytes, *, times: int, chance: random.Random) -> Iterator[tuple[str, bytes]]:
    """Its beginning, of many lengths: nothing, all but a byte, and lengths between."""
    lengths = {0, 1, 4, 16, 100, 4096, len(whole) // 2, len(whole) - 1}
    lengths |= {chance.randrange(len(whole)) for _ in range(times)}
    for length in sorted(lengths):
        if length < len(whole):
            yield f"cut to {length} of {len(whole)} bytes", whole[:length]


def with_bits_turned(whole: bytes, *, times: int, chance: random.Random) -> Iterator[tuple[str, bytes]]:
    """One to three bits turned, near its ends as often as anywhere else."""
    for _ in range(times):
        turned, where = bytearray(whole), []
        for _ in range(chance.choice((1, 1, 3))):
            place = chance.choice((chance.randrange(len(whole)), chance.randrange(min(len(whole), 128))))
            place = chance.choice((place, len(whole) - 1 - place))
            turned[place] ^= 1 << chance.randrange(8)
            where.append(place)
        yield f"bits turned at {where}", bytes(turned)


def foreign(folder: Path) -> Iterator[tuple[str, bytes]]:
    """A file of another program, or of a later flipsite."""
    yield "zeros", bytes(8192)
    yield "noise", random.Random(1).randbytes(8192)
    yield "text", "Grüße\n".encode() * 50
    yield "latin-1", "Grüße".encode("latin-1")
    yield "utf-16", '[study]\ntitle = "x"\n'.encode("utf-16")
    yield "a null in a text", b'[study]\ntitle = "\0"\n'
    yield "JSON of the wrong type", b"[1, 2, {}]"
    yield "JSON null", b"null"
    yield "a number", b"3"
    yield "deep JSON", b"[" * 100_000
    yield "deep tables", b"a = " + b"[" * 5_000
    yield "a huge number", b'{"format": ' + b"9" * 5_000 + b"}"
    yield "NaN", b'{"format": NaN}'
    yield "gzip", gzip.compress(b"x")
    yield "a picture", b"\x89PNG\r\n\x1a\n" + bytes(100)
    yield "another's Parquet", _parquet()
    yield "a later flipsite's Parquet", _parquet({"flipsite_format": "99"})
    yield "an empty Parquet that says it is ours", _parquet({"flipsite_format": "1"})
    yield "a format that is no number", _parquet({"flipsite_format": "²"})
    for name, script in (
        ("another's database", "CREATE TABLE a (b)"),
        ("a later flipsite's database", "PRAGMA user_version = 99; PRAGMA application_id = 0x666c6970"),
        ("another's database of our version", "CREATE TABLE a (b); PRAGMA user_version = 1"),
        ("our marks and none of our tables", "PRAGMA user_version = 1; PRAGMA application_id = 0x666c6970"),
    ):
        yield name, _database(folder / "foreign.sqlite", script)


def _parquet(notes: dict[str, str] | None = None) -> bytes:
    file = io.BytesIO()
    pq.write_table(pa.table({"a": [1, 2]}).replace_schema_metadata(notes), file)
    return file.getvalue()


def _database(path: Path, script: str) -> bytes:
    path.unlink(missing_ok=True)
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(script)
    return path.read_bytes()
