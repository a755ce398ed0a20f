"""Draws in an object store: the same counts, over S3's own protocol. Wants `pip install moto[server]`."""

from collections.abc import Iterator
from pathlib import Path

import pyarrow.fs
import pytest
from tests.store.draw_strategies import same
from tests.store.test_large import many, partitioned

from flipsite.analyse.tally import tally
from flipsite.errors import StoreError
from flipsite.store.counting.aggregate import read_large, read_tallies
from flipsite.store.counting.remote import listing_digest
from flipsite.store.snapshot.parquet import write_draws

server = pytest.importorskip("moto.server")


@pytest.fixture(scope="module")
def store() -> Iterator[str]:
    """The end of an address in a store on loopback, with its keys."""
    running = server.ThreadedMotoServer(ip_address="127.0.0.1", port=0)
    running.start()
    host, port = running.get_host_and_port()
    yield f"scheme=http&endpoint_override={host}:{port}&allow_bucket_creation=true"
    running.stop()


@pytest.mark.parametrize("told_by", ["columns", "folders"])
def test_draws_in_an_object_store_are_counted(told_by: str, store: str, tmp_path: Path) -> None:
    """Whether their folders tell the model or they do; and a change there is seen in the listing."""
    draws = many([60, 9, 5], seed=2)
    folder = tmp_path / "draws"
    if told_by == "columns":
        write_draws(folder / "part=00" / "draws.parquet", draws, study="s")
    else:
        partitioned(draws, folder, "model", "order")
    address = f"s3://key:secret@bucket/{told_by}?{store}"
    system, path = pyarrow.fs.FileSystem.from_uri(address)
    with pytest.raises(StoreError, match=r"cannot be listed|holds no Parquet"):
        listing_digest(address)
    system.create_dir(path)
    pyarrow.fs.copy_files(str(folder), path, destination_filesystem=system)
    assert read_tallies([address]) == tally(draws)
    assert same(read_large([address]).first, draws)
    before = listing_digest(address)
    assert before == listing_digest(address)
    write_draws(tmp_path / "more.parquet", draws, study="s")
    more = str(tmp_path / "more.parquet")
    pyarrow.fs.copy_files(more, f"{path}/more.parquet", destination_filesystem=system)
    assert before != listing_digest(address)
