"""The description of a study that is made of somebody's draws: as much as they tell."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from flipsite.domain.draws import Draws
from flipsite.domain.study import Budget, Kind, ModelChoice, Prompt, Sampling, Study
from flipsite.files import replacing
from flipsite.settings import dump_study
from flipsite.store.extents import model_extents
from flipsite.store.snapshot import read_draws


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What draws tell of how they were asked.

    Attributes:
        pairs: The labels that stand in them.
        orders: The indices of the labels named first; -1 where unknown.
        first_asked: When the first was asked.
        most_draws: Of any model.
    """

    pairs: frozenset[tuple[str, str]]
    orders: frozenset[int]
    first_asked: str | None
    most_draws: int


def facts_of(draws: Draws) -> Facts:
    """What all of some draws tell."""
    pairs = (json.loads(labels) for labels in set(draws.labels) if labels is not None)
    return Facts(
        pairs=frozenset((first, second) for first, second in pairs),
        orders=frozenset(draws.order.tolist()),
        first_asked=min((moment for moment in draws.asked_at if moment is not None), default=None),
        most_draws=max((int(n) for n in np.diff(draws.starts)), default=1),
    )


def facts_of_files(files: Sequence[Path]) -> Facts:
    """What the draws of a whole snapshot tell, read a file at a time; errors as for `read_draws`."""
    told = [facts_of(read_draws(path)) for path in files]
    return Facts(
        pairs=frozenset(pair for each in told for pair in each.pairs),
        orders=frozenset(order for each in told for order in each.orders),
        first_asked=min((each.first_asked for each in told if each.first_asked is not None), default=None),
        most_draws=max((extent.draws for extent in model_extents(files).values()), default=1),
    )


def write_study(folder: Path, facts: Facts, source: str, *, target: float) -> None:
    """Describe the study as far as its draws tell; a description that is there stays."""
    if (folder / "study.toml").exists():
        return
    with replacing(folder / "study.toml") as file:
        file.write(dump_study(_study(folder.name, facts, source, target=target)).encode())


def _study(study_id: str, facts: Facts, source: str, *, target: float) -> Study:
    only = next(iter(facts.pairs)) if len(facts.pairs) == 1 else ("0", "1")
    plain = all(label.strip() for label in only) and only[0].strip().casefold() != only[1].strip().casefold()
    return Study(
        id=study_id,
        title=study_id.replace("-", " ").capitalize(),
        kind=Kind.MEASURED,
        summary=f"Draws of others, imported from {source}.",
        source=source,
        started=facts.first_asked[:10] if facts.first_asked else None,
        prompt=Prompt(
            template="unknown",
            target=target,
            labels="fixed" if len(facts.pairs) <= 1 else "random",
            pair=only if plain else ("0", "1"),
            orders="both" if facts.orders >= {0, 1} else "one",
        ),
        sampling=Sampling(draws=facts.most_draws),
        models=ModelChoice(),
        budget=Budget(),
    )
