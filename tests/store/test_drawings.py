"""Drawings of the last build: used where flipsite is the same and the file is whole, else drawn anew."""

from pathlib import Path

import pytest

from flipsite.store.chart_cache import DRAWINGS, read_drawings, write_drawings

DRAWN = {"a" * 64: "<svg>é</svg>", "b" * 64: "<svg/>"}


def test_what_was_kept_is_read_again(tmp_path: Path) -> None:
    write_drawings(tmp_path / ".flipsite", DRAWN, made_by="1 2")
    assert read_drawings(tmp_path / ".flipsite", made_by="1 2") == DRAWN
    assert (tmp_path / ".flipsite").stat().st_mode & 0o077 == 0


def test_another_flipsite_draws_anew(tmp_path: Path) -> None:
    write_drawings(tmp_path, DRAWN, made_by="1 2")
    assert read_drawings(tmp_path, made_by="1 3") == {}


@pytest.mark.parametrize("place", [0, 40, 80, -1])
def test_a_damaged_file_counts_as_none(tmp_path: Path, place: int) -> None:
    write_drawings(tmp_path, DRAWN, made_by="1 2")
    whole = bytearray((tmp_path / DRAWINGS).read_bytes())
    for damaged in (
        whole[:place],
        bytes(whole[:place]) + bytes([whole[place] ^ 1]) + bytes(whole[place:][1:]),
    ):
        (tmp_path / DRAWINGS).write_bytes(damaged)
        assert read_drawings(tmp_path, made_by="1 2") == {}


def test_a_folder_that_cannot_be_written_does_not_stop_a_build(tmp_path: Path) -> None:
    (tmp_path / ".flipsite").write_text("a file where the folder should be")
    write_drawings(tmp_path / ".flipsite", DRAWN, made_by="1 2")
    assert read_drawings(tmp_path / ".flipsite", made_by="1 2") == {}
