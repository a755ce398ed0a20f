"""The same questions asked of Spark: equal to the last count. Wants `flipsite[spark]` and Java 17."""

from pathlib import Path

import pytest
from tests.store.test_large import many, partitioned, parts_of

from flipsite.domain.engine import EngineChoice
from flipsite.store.counting.aggregate import read_large
from flipsite.store.snapshot.parquet import write_draws

pytestmark = [
    pytest.mark.spark,
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore::FutureWarning", "ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
]
CLUSTER = EngineChoice(
    name="pyspark",
    options={
        "spark.master": "local-cluster[2,1,512]",
        "spark.executor.memory": "512m",
        "spark.driver.host": "127.0.0.1",
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.sql.shuffle.partitions": "2",
        "spark.ui.enabled": "false",
    },
)
"""Two workers, each a process of its own, on this machine."""


@pytest.mark.parametrize("told_by", ["columns", "folders"])
def test_spark_counts_what_duckdb_counts(told_by: str, tmp_path: Path) -> None:
    """Every count, of parts that share their models, or have one each, on a cluster of two workers."""
    draws = many([500, 80, 1], seed=9)
    write_draws(tmp_path / "draws.parquet", draws, study="s")
    if told_by == "columns":
        files = parts_of(tmp_path / "draws.parquet", tmp_path, 3)
    else:
        files = partitioned(draws, tmp_path / "draws", "model", "status")
    found, expected = read_large(files, choice=CLUSTER), read_large(files)
    assert found.counts.tallies == expected.counts.tallies
    assert found.counts.asked == expected.counts.asked
    assert repr(found.counts.models) == repr(expected.counts.models)
    assert found.first.response == expected.first.response
