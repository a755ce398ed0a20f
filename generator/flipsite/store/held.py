"""Does the cache hold what the snapshot tells? A snapshot written from less would lose paid draws."""

from collections.abc import Iterable
from pathlib import Path

import numpy as np

from flipsite.dealings import Standing
from flipsite.errors import StoreError
from flipsite.projects import SNAPSHOT
from flipsite.store.snapshot import read_draws


def refuse_loss(folder: Path, held: Iterable[Standing]) -> None:
    """See to it that a study's snapshot holds no draw that the cache does not.

    Args:
        folder: The study's; its snapshot need not exist.
        held: What the cache holds of each model.

    Raises:
        StoreError: If the snapshot was imported, or collected with another cache.
    """
    path = folder / SNAPSHOT
    if not path.exists():
        return
    draws = read_draws(path)
    asked = {standing.model: standing.last_draw + 1 for standing in held}
    told = zip(draws.models, np.diff(draws.starts).tolist(), strict=True)
    lost = sum(max(0, n_told - asked.get(model, 0)) for model, n_told in told)
    if lost:
        raise StoreError(
            f"{path}: holds {lost:,} draws that this project's cache does not: they were imported, or "
            "collected elsewhere. Bring that cache along, collect into another study, or move the snapshot "
            "away to begin anew."
        )
