"""Sibling studies that differ only in method, temperature or reasoning effort, and share one budget."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from flipsite.domain.study import UNKNOWN_PROMPT, Kind, Method, MethodKind, Study
from flipsite.errors import UsageError
from flipsite.files import replacing
from flipsite.project import Project, existing_study, study_folder
from flipsite.settings import check_study, dump_study, load_study


@dataclass(frozen=True, slots=True, kw_only=True)
class Arm:
    """One sibling.

    Attributes:
        study: Its settings.
        path: Its study.toml.
        is_new: Whether it was written now; a sibling that is there stays as it is.
    """

    study: Study
    path: Path
    is_new: bool


def write_arms(
    project: Project,
    study_id: str,
    *,
    methods: Sequence[MethodKind] = (),
    temperatures: Sequence[float] = (),
    efforts: Sequence[str] = (),
) -> tuple[Arm, ...]:
    """Write a study for each combination that is asked for and not there yet.

    An arm shares the study's total budget: what one of them has spent is left to none of the others, whenever
    the arms were written. Everything but the arm's own setting is the study's.

    Raises:
        UsageError: If the study does not exist, its prompt is not known, nothing is asked for, or an arm's
            name would be no study's.
        SettingsError: If a setting does not fit the study; no arm is written then.
    """
    folder = existing_study(project, study_id)
    base = load_study(folder)
    if base.prompt.template == UNKNOWN_PROMPT:
        raise UsageError(
            f"{folder / 'study.toml'}: prompt.template: its prompt is not known; "
            "write it there before you ask it otherwise."
        )
    if base.kind is Kind.PUBLISHED:
        base = replace(base, kind=Kind.MEASURED)  # an arm is asked here
    if not (methods or temperatures or efforts):
        raise UsageError(f"{study_id}: no arm asked for; give --method, --temperature or --reasoning.")
    wanted = [
        arm
        for kind in methods or (base.method.kind,)
        for temperature in temperatures or (base.sampling.temperature,)
        for effort in efforts or (base.sampling.reasoning,)
        if (arm := _arm(base, kind, temperature, effort)) is not None
    ]
    for arm in wanted:
        check_study(arm)
        study_folder(project, arm.id)
    arms = []
    for arm in wanted:
        path = project.studies / arm.id / "study.toml"
        is_new = not path.exists()
        if is_new:
            with replacing(path) as file:
                file.write(dump_study(arm).encode())
        arms.append(Arm(study=load_study(path.parent), path=path, is_new=is_new))
    return tuple(arms)


def _arm(base: Study, kind: MethodKind, temperature: float | None, effort: str | None) -> Study | None:
    """The sibling with these settings; None where they are the study's own."""
    sampling = replace(base.sampling, temperature=temperature, reasoning=effort)
    method = base.method if kind == base.method.kind else Method(kind=kind)
    if (sampling, method) == (base.sampling, base.method):
        return None
    parts = [
        *([kind] if kind != base.method.kind else []),
        *([f"t{temperature:g}".replace(".", "-")] if temperature != base.sampling.temperature else []),
        *([f"reasoning-{effort}"] if effort != base.sampling.reasoning else []),
    ]
    owner = base.budget.shared_with or base.id
    return replace(
        base,
        id="-".join([base.id, *parts]),
        title=f"{base.title} ({', '.join(parts)})",
        sampling=sampling,
        method=method,
        budget=replace(base.budget, total_usd=None, shared_with=owner),
        started=None,
    )
