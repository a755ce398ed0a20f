"""The models of a study, and who served them, as its draws or its printed figures tell."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from flipsite.collect.replies import one_line
from flipsite.domain import Draws, Kind, Study
from flipsite.errors import UsageError
from flipsite.projects import SNAPSHOT
from flipsite.settings import load_printed
from flipsite.store.snapshot import read_draws


@dataclass(frozen=True, slots=True, kw_only=True)
class Subjects:
    """The models of a study.

    Attributes:
        models: Sorted.
        providers: How many answers of each name which provider.
    """

    models: tuple[str, ...]
    providers: Mapping[str, Mapping[str, int]]


def subjects_of(folder: Path, study: Study) -> Subjects:
    """The models of a study: those with a printed figure, or those with draws.

    Raises:
        UsageError: If there are none yet.
    """
    if study.kind is Kind.PUBLISHED:
        printed = {row.model for row in load_printed(folder).rows}
        return Subjects(models=tuple(sorted(printed)), providers={})
    snapshot = folder / SNAPSHOT
    if not snapshot.exists():
        raise UsageError(f"{snapshot}: no draws yet; run `flipsite collect {study.id}` first.")
    draws = read_draws(snapshot)
    return Subjects(models=draws.models, providers=_providers(draws))


def _providers(draws: Draws) -> dict[str, Counter[str]]:
    served = {}
    for index, model in enumerate(draws.models):
        named = (draws.provider[place] for place in range(*draws.rows(index).indices(len(draws))))
        served[model] = Counter(shown for name in named if name and (shown := one_line(name, most=60)))
    return served
