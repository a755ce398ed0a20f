"""The engine that counts draws too many to hold: DuckDB inside flipsite, or one that is there already.

Its memory is bounded: what does not fit is put on disk for a while.
"""

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from flipsite.engines import EngineChoice
from flipsite.errors import StoreError
from flipsite.store.questions import Expression

MEMORY = "1GB"
"""Most of the embedded engine; flipsite's own work comes on top."""


@dataclass(frozen=True, slots=True)
class Engine:
    """A connection that answers questions."""

    connection: Any

    def draws(self, files: Sequence[str]) -> Expression:
        """The tidy draws of some Parquet files, as one table."""
        if self.connection.name == "duckdb":
            return self.connection.read_parquet(list(files), hive_partitioning=False)
        first, *more = (self.connection.read_parquet(file) for file in files)
        return first.union(*more, distinct=False) if more else first

    def rows(self, question: Expression) -> pa.Table:
        """The answer to a question.

        Raises:
            StoreError: If the engine cannot give it.
        """
        try:
            return self.connection.to_pyarrow(question)
        except Exception as error:  # each engine has errors of its own, and Ibis passes them on
            reason = next(iter(str(error).splitlines()), type(error).__name__)
            raise StoreError(
                f"the engine {self.connection.name!r} cannot count the draws ({reason}); "
                "look at them, or at [engine] in flipsite.toml"
            ) from error


@contextmanager
def engine(choice: EngineChoice) -> Iterator[Engine]:
    """Connect to an engine, and let go of it in the end.

    Raises:
        StoreError: If it is not installed, not known, or cannot be reached.
    """
    try:
        import ibis
    except ImportError as error:
        raise StoreError(
            "so many draws are counted by DuckDB through Ibis, which are not installed; "
            "run `pip install 'flipsite[large]'`"
        ) from error
    with tempfile.TemporaryDirectory(prefix="flipsite-") as scratch:
        bounds = {"memory_limit": MEMORY, "temp_directory": scratch} if choice.name == "duckdb" else {}
        options = {**bounds, **choice.options}
        try:
            connection = getattr(ibis, choice.name).connect(**options)
        except Exception as error:  # see above
            reason = next(iter(str(error).splitlines()), type(error).__name__)
            raise StoreError(
                f"the engine {choice.name!r} cannot be reached ({reason}); see [engine] in flipsite.toml, "
                f"and install what it needs: `pip install 'ibis-framework[{choice.name}]'`"
            ) from error
        try:
            yield Engine(connection)
        finally:
            connection.disconnect()
