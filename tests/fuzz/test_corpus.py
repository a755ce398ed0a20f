"""The fuzzer's corpus and findings, replayed: no crash comes back."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.fuzz.fuzz_targets import TARGETS, tidy

CORPUS = Path(__file__).with_name("corpus")


@pytest.fixture(scope="module", autouse=True)
def tidied() -> Iterator[None]:
    yield
    tidy()


def test_every_target_has_a_corpus_and_the_repository_keeps_it_small() -> None:
    """A folder a target, and all of it less than 200 kB."""
    assert {folder.name for folder in CORPUS.iterdir()} == set(TARGETS)
    assert sum(path.stat().st_size for path in CORPUS.rglob("*") if path.is_file()) < 200_000


@pytest.mark.parametrize("name", TARGETS)
def test_what_was_kept_breaks_nothing(name: str) -> None:
    """Each file of the corpus goes through its target, which says what must be true."""
    paths = sorted((CORPUS / name).iterdir())
    assert paths
    for path in paths:
        TARGETS[name](path.read_bytes())
