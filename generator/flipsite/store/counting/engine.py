"""The engine that counts draws too many to hold: DuckDB inside flipsite, or one that is there already.

Its memory is bounded: what does not fit is put on disk for a while.
"""

import os
import re
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa

from flipsite.domain.engine import EngineChoice
from flipsite.errors import StoreError
from flipsite.store.counting.queries import Expression
from flipsite.store.draws_schema import SCHEMA, WIDE_SCHEMA
from flipsite.store.snapshot.read import partition_of

_KINDS = {"double": "float64"}
"""Arrow's names of types that are called otherwise by Ibis."""

MEMORY = "1GB"
"""Most of the embedded engine; flipsite's own work comes on top."""


@dataclass(frozen=True, slots=True)
class Engine:
    """A connection that answers questions."""

    connection: Any

    def draws(self, places: Sequence[str]) -> Expression:
        """The tidy draws of some Parquet files, or of one folder by its address, as one table.

        Raises:
            StoreError: If there are none, or a column is missing.
        """
        with _as_store_errors(self.connection.name):
            if self.connection.name == "duckdb" and _is_remote(places[0]):
                from flipsite.store.counting.remote import dataset_at  # few studies lie elsewhere

                self.connection.con.register("elsewhere", dataset_at(places[0]))
                found = self.connection.table("elsewhere")
            elif self.connection.name == "duckdb":
                files = [_files(place) for place in places]
                found = self.connection.read_parquet(files, hive_types_autocast=False)
            else:
                first, *more = (self.connection.read_parquet(place) for place in _roots(places))
                found = first.union(*more, distinct=False) if more else first
        kinds = {field.name: _KINDS.get(str(field.type), str(field.type)) for field in WIDE_SCHEMA}
        del kinds["study"]
        if lacking := [name for name in kinds if name not in found.columns]:
            raise StoreError(f"{places[0]}: the column {lacking[0]!r} is missing; make the draws anew")
        return found.select(**{name: found[name].cast(kind) for name, kind in kinds.items()})

    def table(self, rows: pa.Table) -> Expression:
        """Some rows of our own, to be asked together with draws."""
        import ibis

        return ibis.memtable(rows)

    def rows(self, question: Expression) -> pa.Table:
        """The answer to a question.

        Raises:
            StoreError: If the engine cannot give it.
        """
        with _as_store_errors(self.connection.name):
            return self.connection.to_pyarrow(question)


@contextmanager
def engine(choice: EngineChoice) -> Iterator[Engine]:
    """Connect to an engine, and disconnect in the end.

    Raises:
        StoreError: If it is not installed, not known, or cannot be reached.
    """
    try:
        import ibis
    except ImportError as error:
        raise StoreError(
            "a study of this size is counted by DuckDB through Ibis, which are not installed; "
            "run `pip install 'flipsite[large]'`"
        ) from error
    with tempfile.TemporaryDirectory(prefix="flipsite-") as scratch:
        bounds = {"memory_limit": MEMORY, "temp_directory": scratch} if choice.name == "duckdb" else {}
        try:
            connection = _connected(getattr(ibis, choice.name), {**bounds, **choice.options})
        except Exception as error:  # each engine has errors of its own
            reason = next(iter(str(error).splitlines()), type(error).__name__)
            raise StoreError(
                f"the engine {choice.name!r} cannot be reached ({reason}); see [engine] in flipsite.toml, "
                f"and install what it needs: `pip install 'ibis-framework[{choice.name}]'`"
            ) from error
        try:
            yield Engine(connection)
        finally:
            connection.disconnect()


def _connected(backend: Any, options: Mapping[str, Any]) -> Any:
    if backend.name == "duckdb":
        connection = backend.connect(**options)
        connection.raw_sql("SET enable_progress_bar = false").fetchall()  # it goes to standard output
        return connection
    if backend.name != "pyspark":
        return backend.connect(**options)
    from pyspark.sql import SparkSession  # whose options are settled before there is a session

    as_text = {"spark.sql.sources.partitionColumnTypeInference.enabled": "false"}
    session = SparkSession.builder.config(map={**as_text, **options}).getOrCreate()
    return backend.connect(session=session)


@contextmanager
def _as_store_errors(name: str) -> Iterator[None]:
    try:
        yield
    except StoreError:
        raise
    except Exception as error:  # each engine has errors of its own, and Ibis passes them on
        reason = next(iter(str(error).splitlines()), type(error).__name__)
        raise StoreError(
            f"the engine {name!r} cannot count the draws ({reason}); "
            "look at them, or at [engine] in flipsite.toml"
        ) from error


def _is_remote(place: str) -> bool:
    """Whether draws lie in an object store, which pyarrow reaches without an extension of DuckDB's."""
    scheme, found, _ = place.partition("://")
    return bool(found) and scheme != "file"


def _roots(places: Sequence[str]) -> Sequence[str]:
    """The files; but their common folder where folders are named after columns."""
    if not any(key in SCHEMA.names for place in places for key in partition_of(Path(place))):
        return [_literal(place) for place in places]
    root = Path(os.path.commonpath(places))
    while root.suffix == ".parquet" or "=" in root.name:
        root = root.parent
    return [_literal(str(root))]


def _files(place: str) -> str:
    """A file's path as it is, and the files of a folder that has an address, as DuckDB wants them."""
    scheme, _, path = place.partition("://")
    if not path:
        return _literal(place)
    return f"{_literal(path if scheme == 'file' else place)}/**/*.parquet"


def _literal(path: str) -> str:
    """A pattern that names this path alone, whatever its folders are called."""
    return re.sub(r"([\[{*?])", r"[\1]", path)
