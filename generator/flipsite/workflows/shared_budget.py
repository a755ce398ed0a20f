"""One budget over a study and its arms: dollars that one of them has spent are left to none of the others."""

import re
import tomllib
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from flipsite.collect.clock import stamp
from flipsite.domain.money import NOTHING, Usd, total
from flipsite.domain.study import Study
from flipsite.errors import StoreError, UsageError
from flipsite.files import replacing
from flipsite.project import Project, study_folder, study_ids
from flipsite.settings import load_study
from flipsite.store.cache.cache import spent_usd
from flipsite.store.cache.private_folder import hold, private_folder


def with_shared_total(project: Project, study: Study) -> Study:
    """An arm with the total of the study whose budget it shares; any other study as it is.

    Raises:
        UsageError: If there is no such study, or it shares another's budget itself.
    """
    owner = study.budget.shared_with
    if owner is None:
        return study
    path, folder = study_folder(project, study.id) / "study.toml", study_folder(project, owner)
    if owner == study.id or not (folder / "study.toml").exists():
        raise UsageError(
            f"{path}: budget.shared_with: there is no other study {owner!r}; name the study whose total_usd "
            "counts, or give a total_usd instead."
        )
    budget = load_study(folder).budget
    if budget.shared_with is not None:
        raise UsageError(
            f"{path}: budget.shared_with: {owner} itself shares the budget of {budget.shared_with}; name "
            "that study."
        )
    return replace(study, budget=replace(study.budget, total_usd=budget.total_usd))


@contextmanager
def sharing(project: Project, study: Study, *, of: Callable[[str], bool]) -> Iterator[Study]:
    """The study with the part of its total that the others of its budget have left.

    Meanwhile no other arm is collected. The owner of the budget is held by its own cache.

    Args:
        project: Where the studies and the cache are.
        study: With the whole total.
        of: Whether a model's spending counts, as for a shard.

    Raises:
        StoreError: If another collector spends of the same budget.
    """
    with ExitStack() as stack:
        if owner := study.budget.shared_with:
            private_folder(project.cache)
            now = stamp(datetime.now(UTC))
            try:
                stack.enter_context(hold(project.cache, study=owner, now=now))
            except StoreError as error:
                raise StoreError(f"{study.id} shares its budget with others: {error}") from error
        yield _less_others(project, study, of)


def follow_rename(project: Project, study_id: str, new_id: str) -> None:
    """Let the arms of a renamed study share the budget under its new id."""
    for each in study_ids(project):
        path = project.studies / each / "study.toml"
        if _owner(path) != study_id:
            continue
        line = re.compile(rf"^(\s*shared_with\s*=\s*)(['\"]){re.escape(study_id)}\2", re.MULTILINE)
        text = line.sub(rf"\g<1>\g<2>{new_id}\g<2>", path.read_text(encoding="utf-8"))
        with replacing(path) as file:
            file.write(text.encode())


def _less_others(project: Project, study: Study, of: Callable[[str], bool]) -> Study:
    bound = study.budget.total_usd
    if bound is None:
        return study
    spent = total(_spent_usd(project, other, of) for other in _others(project, study))
    return replace(study, budget=replace(study.budget, total_usd=max(NOTHING, bound - spent)))


def _others(project: Project, study: Study) -> list[str]:
    """The other studies of a budget: its owner and the owner's arms."""
    owner = study.budget.shared_with or study.id
    return [
        each
        for each in study_ids(project)
        if each != study.id and owner in (each, _owner(project.studies / each / "study.toml"))
    ]


def _owner(path: Path) -> str | None:
    """The study whose budget another one shares; a file that is no TOML is its own collector's to report."""
    try:
        budget = tomllib.loads(path.read_text(encoding="utf-8")).get("budget", {})
    except (OSError, ValueError):
        return None
    found = budget.get("shared_with") if isinstance(budget, dict) else None
    return found if isinstance(found, str) else None


def _spent_usd(project: Project, study_id: str, of: Callable[[str], bool]) -> Usd:
    """The cost of a study so far, by the cache, or by its snapshot where the cache is elsewhere."""
    from flipsite.workflows.load import load_tallies, study_files  # with it the analysis

    folder = project.studies / study_id
    spent = spent_usd(project.cache, study_id, of=of)
    files = study_files(folder)
    if spent or not files.snapshot:
        return spent
    tallies = load_tallies(files, load_study(folder))
    return total(each.cost_usd or NOTHING for each in tallies if of(each.model))
