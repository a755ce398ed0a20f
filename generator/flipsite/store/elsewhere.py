"""Draws that lie elsewhere, in a folder with an address: whether they have changed."""

import hashlib

import pyarrow as pa
import pyarrow.fs

from flipsite.errors import StoreError


def listing_digest(address: str) -> str:
    """A digest of the names, sizes and times of the Parquet files in a folder, read without their content.

    Args:
        address: `file:///…`, `s3://…`, `gs://…` or `hdfs://…`; keys are found as each of them finds its own.

    Raises:
        StoreError: If the folder cannot be listed, or holds no Parquet.
    """
    try:
        system, path = pa.fs.FileSystem.from_uri(address)
        listed = system.get_file_info(pa.fs.FileSelector(path, recursive=True))
    except (OSError, pa.ArrowException) as error:
        reason = next(iter(str(error).splitlines()), type(error).__name__)
        raise StoreError(
            f"{address}: cannot be listed ({reason}); mend its address in flipsite.toml"
        ) from error
    files = sorted((each.path, each.size, each.mtime_ns) for each in listed if each.extension == "parquet")
    if not files:
        raise StoreError(f"{address}: holds no Parquet file; mend its address in flipsite.toml")
    return hashlib.sha256(repr(files).encode()).hexdigest()
