"""The draws of a study: all of them, or counts and the first of each model's where they are too many to hold.

A process that leaves the reading to another one imports this and no Arrow, which takes 40 MiB.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from flipsite.domain.counts import StudyCounts
from flipsite.domain.draws import Draws
from flipsite.domain.study import Study
from flipsite.project import StudyFiles


@dataclass(frozen=True, slots=True, kw_only=True)
class StudyDraws:
    """A study's draws.

    Attributes:
        draws: All of them, or the first of each model's.
        counts: Of all, where `draws` are not all; else None.
        repeated: How many answers of each model came with an id and a body that had come before.
    """

    draws: Draws
    counts: StudyCounts | None
    repeated: Mapping[str, int]


def read_study_draws(files: StudyFiles, study: Study) -> StudyDraws | None:
    """Read a study's draws; None without any.

    Raises:
        StoreError: If they cannot be read or counted.
    """
    from flipsite.store.snapshot.read import read_repeated

    if not files.snapshot and files.address is None:
        return None
    if is_counted(files):
        from flipsite.store.counting.aggregate import read_large  # few studies are

        n_outcomes = study.prompt.n_outcomes
        large = read_large(files.places, choice=files.engine, models=study.models, n_outcomes=n_outcomes)
        draws, counts = large.first, large.counts
    else:
        draws, counts = read_all_draws(files, study), None
    repeated = read_repeated(files.snapshot[0]) if files.snapshot else {}
    shown = {model: n for model, n in repeated.items() if model in draws.models}
    return StudyDraws(draws=draws, counts=counts, repeated=shown)


def is_counted(files: StudyFiles) -> bool:
    """Whether draws are counted where they lie, because they are elsewhere or too many to hold."""
    from flipsite.store.snapshot.read import is_large

    return files.address is not None or is_large(files.snapshot)


def read_all_draws(files: StudyFiles, study: Study) -> Draws:
    """Read a snapshot that is not too large, without the models that the study leaves out."""
    from flipsite.store.snapshot.assemble import without_models
    from flipsite.store.snapshot.read import read_draws

    return without_models(read_draws(files.snapshot[0]), study.models.leaves_out)
