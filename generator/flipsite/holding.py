"""What a study's folder holds of draws: all of them, or, of too many to hold, the first and all counts."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from flipsite.analyse.tally import tally
from flipsite.counts import Counts
from flipsite.domain import Draws, Tally
from flipsite.projects import snapshot_files
from flipsite.store.large import read_large, read_tallies
from flipsite.store.snapshot import n_draws, read_draws

MOST_HELD = 500_000
"""Draws that are read whole: a gigabyte of memory, and a hundred megabytes of CSV. Of more, counts are."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """A study's draws.

    Attributes:
        files: Where they are: one file, or several parts.
        draws: All of them, or the first of each model's.
        counts: Of all, where `draws` are not all; else None.
    """

    files: tuple[Path, ...]
    draws: Draws
    counts: Counts | None


def held(folder: Path) -> Held | None:
    """The draws of a study's folder; None where there are none yet.

    Raises:
        StoreError: If they cannot be read or counted.
        UsageError: If there are two snapshots.
    """
    files = snapshot_files(folder)
    if not files:
        return None
    if is_large(files):
        large = read_large(files)
        return Held(files=files, draws=large.first, counts=large.counts)
    return Held(files=files, draws=read_draws(files[0]), counts=None)


def held_tallies(folder: Path) -> tuple[Tally, ...]:
    """The tallies of a study's draws; none where there are none yet. Errors as for `held`."""
    files = snapshot_files(folder)
    if not files:
        return ()
    return read_tallies(files) if is_large(files) else tally(read_draws(files[0]))


def is_large(files: Sequence[Path]) -> bool:
    """Whether a snapshot is not read whole: it is in parts, or holds more than MOST_HELD draws."""
    return len(files) > 1 or n_draws(files[0]) > MOST_HELD
