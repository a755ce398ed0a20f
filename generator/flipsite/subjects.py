"""The models of a study, and who served them, as its draws or its printed figures tell."""

from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from flipsite.collect.replies import one_line
from flipsite.domain.draws import Draws
from flipsite.domain.study import Kind, Study
from flipsite.errors import UsageError
from flipsite.project import SNAPSHOT, snapshot_files
from flipsite.settings import load_printed
from flipsite.store.snapshot import read_groups


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
    files = snapshot_files(folder)
    if not files:
        raise UsageError(f"{folder / SNAPSHOT}: no draws yet; run `flipsite collect {study.id}` first.")
    served = defaultdict[str, Counter[str]](Counter)
    for draws in read_groups(files):
        _count_providers(draws, served)
    return Subjects(models=tuple(sorted(served)), providers=served)


def _count_providers(draws: Draws, served: dict[str, Counter[str]]) -> None:
    for index, model in enumerate(draws.models):
        named = (draws.provider[place] for place in range(*draws.rows(index).indices(len(draws))))
        served[model].update(shown for name in named if name and (shown := one_line(name, most=60)))
