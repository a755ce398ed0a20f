"""Which engine counts draws too many to hold."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineChoice:
    """An engine, and how it is reached.

    Attributes:
        name: Ibis's name of it; `duckdb` runs inside flipsite.
        options: What Ibis's connection to it takes.
    """

    name: str = "duckdb"
    options: Mapping[str, str | int | float | bool] = field(default_factory=dict)


EMBEDDED = EngineChoice()
"""DuckDB, inside flipsite: what counts unless a project says otherwise."""
