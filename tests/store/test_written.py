"""The cache's record of its last snapshot."""

import pytest

from flipsite.store.cache.changes import StudyMark
from flipsite.store.snapshot.write import WrittenSnapshot, dump_written, load_written

LAST = WrittenSnapshot(
    by="me",
    mark=StudyMark(attempt=7, counts={"a/b": (3, 50, 0)}),
    notes={"shard": "3/16"},
    files={"draws.parquet": "0" * 64},
)


def test_it_comes_back() -> None:
    assert load_written(dump_written(LAST), by="me") == LAST


def test_another_flipsite_wrote_other_rows() -> None:
    assert load_written(dump_written(LAST), by="another") is None


@pytest.mark.parametrize(
    "text", [None, "", "{", "[]", "null", '{"by":"me"}', '{"by":"me","mark":{"counts":[]}}']
)
def test_what_is_missing_or_damaged_is_nothing(text: str | None) -> None:
    assert load_written(text, by="me") is None
