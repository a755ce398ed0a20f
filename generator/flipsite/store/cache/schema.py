"""The cache's tables, their versions, and what SQLite's complaints mean to a person."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from flipsite.errors import StoreError
from flipsite.files import refuse_link

APPLICATION_ID = 0x666C6970
"""`flip`: tells a cache from any other SQLite file."""

STEPS: tuple[str, ...] = (
    """
    CREATE TABLE study (
        study INTEGER PRIMARY KEY,
        id TEXT NOT NULL UNIQUE,
        protocol TEXT NOT NULL,
        holder TEXT
    ) STRICT;
    CREATE TABLE series (
        series INTEGER PRIMARY KEY,
        study INTEGER NOT NULL REFERENCES study,
        model TEXT NOT NULL,
        n_settled INTEGER NOT NULL DEFAULT 0,
        n_asked INTEGER NOT NULL DEFAULT 0,
        billed_pico INTEGER NOT NULL DEFAULT 0,
        unpriced_pico INTEGER NOT NULL DEFAULT 0,
        in_flight_pico INTEGER NOT NULL DEFAULT 0,
        over_pico INTEGER NOT NULL DEFAULT 0,
        text_only INTEGER NOT NULL DEFAULT 0,
        UNIQUE (study, model)
    ) STRICT;
    CREATE TABLE request (
        request INTEGER PRIMARY KEY,
        mode TEXT NOT NULL,
        sent TEXT NOT NULL,
        UNIQUE (mode, sent)
    ) STRICT;
    CREATE TABLE draw (
        draw_id INTEGER PRIMARY KEY,
        series INTEGER NOT NULL REFERENCES series,
        draw INTEGER NOT NULL,
        labels TEXT NOT NULL,
        label_order INTEGER NOT NULL,
        settled INTEGER NOT NULL DEFAULT 0,
        status TEXT,
        outcome INTEGER,
        reason TEXT,
        reader INTEGER,
        attempt INTEGER,
        UNIQUE (series, draw, labels, label_order)
    ) STRICT;
    CREATE TABLE attempt (
        attempt INTEGER PRIMARY KEY,
        draw_id INTEGER NOT NULL REFERENCES draw,
        request INTEGER NOT NULL REFERENCES request,
        asked_at TEXT NOT NULL,
        state TEXT NOT NULL CHECK (state IN ('sent', 'answered', 'failed', 'lost')),
        worst_pico INTEGER NOT NULL,
        billed_pico INTEGER,
        code INTEGER,
        generation TEXT,
        latency_s REAL,
        fault TEXT,
        body BLOB
    ) STRICT;
    CREATE INDEX attempt_of_draw ON attempt (draw_id);
    CREATE INDEX attempt_in_flight ON attempt (draw_id) WHERE state = 'sent';
    CREATE INDEX attempt_unpriced ON attempt (draw_id) WHERE billed_pico IS NULL AND generation IS NOT NULL;
    """,
    "ALTER TABLE study RENAME COLUMN holder TO written;",
    """
    ALTER TABLE series ADD COLUMN served_otherwise INTEGER NOT NULL DEFAULT 0;
    ALTER TABLE draw ADD COLUMN sequence TEXT;
    ALTER TABLE series ADD COLUMN n_repeated INTEGER NOT NULL DEFAULT 0;
    """,
)
"""The step from each version to the next; a released step is never changed.

`series` carries its draws' counts and money, kept in the same transaction, so that a run over ten million
draws starts without counting them. `request` holds what was sent apart from its messages, each text once.
`study.written` tells what the last snapshot held (`changes.py`); nothing ever stood in `holder`.
`series.served_otherwise` is 1 once an answer named another model than the one that was asked;
`series.n_repeated` counts answers whose id and body had come before in the same run.
"""


_DAMAGED = (
    "the cache is damaged; it was left as it is. Put a copy in its place, or rescue what can be read "
    "with `sqlite3 FILE .recover`; without it, models are asked and paid again."
)


def connect(path: Path) -> sqlite3.Connection:
    """Open the cache, making or migrating it where needed.

    WAL with `synchronous = FULL`: a transaction that was reported done outlives a power cut.

    Raises:
        StoreError: If the file is damaged, foreign, newer than this flipsite, a link, or cannot be written.
    """
    for ending in ("", "-wal", "-shm", "-journal"):
        refuse_link(path.with_name(path.name + ending))
    with complaints(path):
        _refuse_stump(path)
        connection = sqlite3.connect(path, timeout=30, isolation_level=None, check_same_thread=False)
        try:
            _looked_at(connection, path, STEPS)  # before anything is written to it
            connection.execute("PRAGMA trusted_schema = OFF")  # the file may be a stranger's
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA synchronous = FULL")
            connection.execute("PRAGMA foreign_keys = ON")
            migrate(connection, path)
        except BaseException:
            connection.close()
            raise
    return connection


def migrate(connection: sqlite3.Connection, path: Path, steps: tuple[str, ...] = STEPS) -> None:
    """Bring the tables to the newest version, each step whole or not at all.

    Raises:
        StoreError: If the file is another program's, or a newer flipsite's.
    """
    if _looked_at(connection, path, steps) == len(steps):
        return
    connection.execute("BEGIN IMMEDIATE")
    try:
        version = _version(connection, path, steps)  # another process may have migrated meanwhile
        for number, script in enumerate(steps[version:], start=version + 1):
            for statement in filter(str.strip, script.split(";")):
                connection.execute(statement)
            connection.execute(f"PRAGMA user_version = {number}")
        connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        connection.execute("COMMIT")
    except BaseException:
        connection.execute("ROLLBACK")
        raise


def _refuse_stump(path: Path) -> None:
    """SQLite takes a file of less than a sector for an empty database, and would write over it."""
    if path.is_file() and 0 < path.stat().st_size < 512:
        raise StoreError(f"{path}: {_DAMAGED}")


class DamagedError(sqlite3.DatabaseError):
    """A stored value that is not as it was written; SQLite looks at its own pages, not into values."""

    sqlite_errorname = "SQLITE_CORRUPT"


@contextmanager
def complaints(path: Path) -> Iterator[None]:
    """Turn SQLite's errors into a sentence with its remedy.

    Raises:
        StoreError: For any error of SQLite's.
    """
    try:
        yield
    except sqlite3.Error as error:
        raise StoreError(f"{path}: {_mend(error)}") from error
    except UnicodeDecodeError as error:  # SQLite's own message, where a torn name is quoted in it
        raise StoreError(f"{path}: {_DAMAGED}") from error


@contextmanager
def opened(path: Path) -> Iterator[sqlite3.Connection]:
    """A connection that is closed at the end."""
    with closing(connect(path)) as connection:
        yield connection


def _looked_at(connection: sqlite3.Connection, path: Path, steps: tuple[str, ...]) -> int:
    """The version of the tables, as of one instant; errors as for `migrate`."""
    connection.execute("BEGIN")
    try:
        return _version(connection, path, steps)
    finally:
        connection.execute("ROLLBACK")


def _version(connection: sqlite3.Connection, path: Path, steps: tuple[str, ...]) -> int:
    """The version of the tables; 0 of a file that has none."""
    version = _number(connection, "user_version")
    if version > 0:
        foreign = _number(connection, "application_id") != APPLICATION_ID
    else:
        foreign = connection.execute("SELECT 1 FROM sqlite_master LIMIT 1").fetchone() is not None
    if foreign:
        raise StoreError(f"{path}: a database of another program; move it away.")
    if version > len(steps):
        raise StoreError(
            f"{path}: written by a newer flipsite (format {version}, this one knows {len(steps)}); "
            "update flipsite."
        )
    return version


def _number(connection: sqlite3.Connection, pragma: str) -> int:
    return int(connection.execute(f"PRAGMA {pragma}").fetchone()[0])


def _mend(error: sqlite3.Error) -> str:
    name = getattr(error, "sqlite_errorname", None) or ""
    if name.startswith("SQLITE_FULL"):
        return "the disk is full; free some space and run again: everything answered so far is kept."
    if name.startswith(("SQLITE_READONLY", "SQLITE_CANTOPEN", "SQLITE_PERM", "SQLITE_AUTH")):
        return "the cache cannot be written here; give yourself the right to write to its folder."
    if name.startswith(("SQLITE_CORRUPT", "SQLITE_NOTADB")):
        return _DAMAGED
    if name.startswith("SQLITE_BUSY"):
        return "another program holds the cache; let it end and run again."
    return f"the cache cannot be used ({error}); everything answered so far is kept."
