"""What a study's folder holds of draws: all of them, or, of too many to hold, the first and all counts."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from flipsite.analyse.tally import tally
from flipsite.domain.counts import Counts
from flipsite.domain.draws import Draws, Tally
from flipsite.project import project_root, snapshot_files
from flipsite.settings import load_project
from flipsite.store.snapshot import n_draws, read_draws

MOST_HELD = 500_000
"""Draws that are read whole: a gigabyte of memory, and a hundred megabytes of CSV. Of more, counts are."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """A study's draws.

    Attributes:
        files: Where they are: one file, or several parts; none where they have an address.
        address: Of the folder that they lie in elsewhere; else None.
        draws: All of them, or the first of each model's.
        counts: Of all, where `draws` are not all; else None.
    """

    files: tuple[Path, ...]
    address: str | None
    draws: Draws
    counts: Counts | None


def held(folder: Path) -> Held | None:
    """The draws of a study's folder; None where there are none yet.

    Raises:
        StoreError: If they cannot be read or counted.
        UsageError: If there are two snapshots.
    """
    project, files = load_project(project_root(folder)), snapshot_files(folder)
    address = project.draws.get(folder.name)
    if address or is_large(files):
        from flipsite.store.large import read_large  # few studies are

        large = read_large([address] if address else files, choice=project.engine)
        return Held(files=files, address=address, draws=large.first, counts=large.counts)
    if not files:
        return None
    return Held(files=files, address=None, draws=read_draws(files[0]), counts=None)


def held_tallies(folder: Path) -> tuple[Tally, ...]:
    """The tallies of a study's draws; none where there are none yet. Errors as for `held`."""
    project, files = load_project(project_root(folder)), snapshot_files(folder)
    address = project.draws.get(folder.name)
    if address or is_large(files):
        from flipsite.store.large import read_tallies

        return read_tallies([address] if address else files, choice=project.engine)
    return tally(read_draws(files[0])) if files else ()


def is_large(files: Sequence[Path]) -> bool:
    """Whether a snapshot is not read whole: it is in parts, or holds more than MOST_HELD draws."""
    return len(files) > 1 or (len(files) == 1 and n_draws(files[0]) > MOST_HELD)
