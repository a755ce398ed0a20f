"""Does the cache hold what the snapshot tells? A snapshot written from less would lose paid draws."""

from collections.abc import Iterable
from pathlib import Path

from flipsite.domain.endpoint import Standing
from flipsite.errors import StoreError
from flipsite.project import snapshot_files
from flipsite.store.extents import model_extents


def refuse_loss(folder: Path, held: Iterable[Standing]) -> None:
    """See to it that a study's snapshot holds no draw that the cache does not.

    Args:
        folder: The study's; its snapshot need not exist.
        held: What the cache holds of each model.

    Raises:
        StoreError: If the snapshot was imported, or collected with another cache.
    """
    files = snapshot_files(folder)
    if not files:
        return
    asked = {standing.model: standing.last_draw + 1 for standing in held}
    told = model_extents(files)
    lost = sum(max(0, extent.draws - asked.get(model, 0)) for model, extent in told.items())
    if lost:
        raise StoreError(
            f"{files[0]}: holds {lost:,} draws that this project's cache does not: they were imported, or "
            "collected elsewhere. Bring that cache along, collect into another study, or move the snapshot "
            "away to begin anew."
        )
