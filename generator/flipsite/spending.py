"""What a draw of each model had been announced to cost, by the catalogue that a study kept."""

from collections.abc import Container
from pathlib import Path

from flipsite.domain.study import Study
from flipsite.project import CATALOGUE_FILE


def announced_usd(folder: Path, study: Study, models: Container[str]) -> dict[str, float]:
    """Dollars that a draw of each model was estimated to cost; empty where no catalogue was kept.

    Args:
        folder: The study's, with its `catalogue.json`, which need not exist.
        study: Its prompt and settings, by which a draw is estimated.
        models: Those to look for.

    Raises:
        StoreError: If the catalogue is damaged.
    """
    path = folder / CATALOGUE_FILE
    if not path.is_file():
        return {}
    from flipsite.collect.catalogue import load_catalogue  # a study of others' draws kept none
    from flipsite.collect.forecast import estimate

    offered = load_catalogue(path.read_bytes(), name=str(path))
    estimates = [(model.id, estimate(model, study)) for model in offered.models if model.id in models]
    return {name: each.expected_usd / each.n_draws for name, each in estimates}
