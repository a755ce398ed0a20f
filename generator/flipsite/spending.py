"""What a study cost, held against what its catalogue had announced."""

from pathlib import Path

from flipsite.analyse.spend import SpendRow, spend
from flipsite.collect.catalogue import CATALOGUE_FILE, load_catalogue
from flipsite.collect.forecast import estimate
from flipsite.domain import Draws, Study


def study_spend(folder: Path, study: Study, draws: Draws) -> tuple[SpendRow, ...]:
    """The spend of a study, most expensive first, with estimates where its catalogue was kept.

    Args:
        folder: The study's, with its `catalogue.json`, which need not exist.
        study: Its prompt and settings, by which a draw is estimated.
        draws: Its draws.

    Raises:
        StoreError: If the catalogue is damaged.
    """
    path = folder / CATALOGUE_FILE
    if not path.is_file():
        return spend(draws)
    offered = load_catalogue(path.read_text(encoding="utf-8"), name=str(path))
    asked = set(draws.models)
    estimates = [(model.id, estimate(model, study)) for model in offered.models if model.id in asked]
    return spend(
        draws, estimated_draw_usd={name: each.expected_usd / each.n_draws for name, each in estimates}
    )
