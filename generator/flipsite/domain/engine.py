"""Which engine counts draws too many to hold, and where they are."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from flipsite.domain.site import SiteInfo


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineChoice:
    """An engine, and how it is reached.

    Attributes:
        name: Ibis's name of it; `duckdb` runs inside flipsite.
        options: What Ibis's connection to it takes.
    """

    name: str = "duckdb"
    options: Mapping[str, str | int | float | bool] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class ProjectFile:
    """The settings of `flipsite.toml`, at a project's root.

    Attributes:
        engine: Who counts draws too many to hold.
        draws: By study, the address of draws that lie elsewhere: a folder of Parquet files.
        site: The author's words about the whole site.
    """

    engine: EngineChoice = field(default_factory=EngineChoice)
    draws: Mapping[str, str] = field(default_factory=dict)
    site: SiteInfo = field(default_factory=SiteInfo)


ENGINE_OPTIONS: Mapping[str, tuple[str, ...]] = {
    "duckdb": ("memory_limit", "threads"),
    "pyspark": (
        "spark.master",
        "spark.cores.max",
        "spark.default.parallelism",
        "spark.driver.memory",
        "spark.executor.cores",
        "spark.executor.instances",
        "spark.executor.memory",
        "spark.sql.shuffle.partitions",
        "spark.ui.enabled",
    ),
}
"""The engines a project may choose, and the options it may set: none that runs code, opens a file or, but for
`spark.master`, names a host."""


EMBEDDED = EngineChoice()
"""DuckDB, inside flipsite: what counts unless a project says otherwise."""
