"""Draws that lie elsewhere, in a folder with an address: what is there, and whether it has changed."""

import hashlib
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.fs

from flipsite.errors import StoreError
from flipsite.store.draws_schema import SCHEMA
from flipsite.store.snapshot.read import partition_of


def listing_digest(address: str) -> str:
    """A digest of the names, sizes and times of the Parquet files in a folder, read without their content.

    Args:
        address: `file:///…`, `s3://…`, `gs://…` or `hdfs://…`; keys are found as each of them finds its own.

    Raises:
        StoreError: If the folder cannot be listed, or holds no Parquet.
    """
    files = sorted((each.path, each.size, each.mtime_ns) for each in _listed(address)[1])
    return hashlib.sha256(repr(files).encode()).hexdigest()


def dataset_at(address: str) -> Any:
    """The Parquet files in a folder as one pyarrow dataset, which an engine reads from; errors as above.

    Columns that folders name, as Hive does, are those of a snapshot by their types; others are text.
    """
    system, listed = _listed(address)
    paths = sorted(each.path for each in listed)
    keys = {key: None for path in paths for key in partition_of(Path(path))}
    kinds = [SCHEMA.field(key) if key in SCHEMA.names else pa.field(key, pa.string()) for key in keys]
    folders = pa.dataset.partitioning(pa.schema(kinds), flavor="hive")
    return pa.dataset.dataset(paths, filesystem=system, format="parquet", partitioning=folders)


def _listed(address: str) -> tuple[pa.fs.FileSystem, list[pa.fs.FileInfo]]:
    try:
        system, path = pa.fs.FileSystem.from_uri(address)
        listed = system.get_file_info(pa.fs.FileSelector(path, recursive=True))
    except (OSError, pa.ArrowException) as error:
        reason = next(iter(str(error).splitlines()), type(error).__name__)
        raise StoreError(
            f"{address}: cannot be listed ({reason}); correct its address in flipsite.toml"
        ) from error
    files = [each for each in listed if each.extension == "parquet"]
    if not files:
        raise StoreError(f"{address}: holds no Parquet file; correct its address in flipsite.toml")
    return system, files
