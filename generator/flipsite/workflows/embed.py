"""From a project to one of its tables or charts in a format for elsewhere: `flipsite embed`."""

from difflib import get_close_matches
from pathlib import Path

from flipsite.analyse.methods.family import differ_in_method_alone, method_families
from flipsite.analyse.report import StudyReport
from flipsite.domain.urls import base_address
from flipsite.errors import UsageError
from flipsite.files import replacing
from flipsite.present.embeds.formats import FORMATS, rendered
from flipsite.present.embeds.registry import METHODS, Embed, find_embed, methods_embed
from flipsite.project import Project, existing_study, study_ids
from flipsite.settings import load_study
from flipsite.workflows.load import load_report


def embed(
    project: Project,
    name: str,
    *,
    form: str,
    study_id: str | None = None,
    top: int | None = None,
    base_url: str | None = None,
) -> bytes:
    """Write one table or chart of a study in one format.

    Args:
        project: Where the studies are.
        name: Of the table or chart; `model/NAME` is one model.
        form: One of `FORMATS`.
        study_id: Of the study; the first that has figures where it is None.
        top: How many rows, at most.
        base_url: The site's address; without it nothing is linked.

    Raises:
        UsageError: If there is no such study, table or chart, it has no picture, or the address is none.
    """
    address = base_address(base_url) if base_url else None
    report = _report(project, study_id)
    family = _family_embed(project, report, base_url=address, top=top) if name == METHODS else None
    found = family or find_embed(report, name, base_url=address, top=top)
    if isinstance(found, tuple):
        raise UsageError(_unknown(name, report.study.id, found))
    if FORMATS[form].is_picture and found.figure is None:
        raise UsageError(f"{name}: there is nothing to draw; choose another format")
    return rendered(found, form)


def _family_embed(
    project: Project, report: StudyReport, *, base_url: str | None, top: int | None
) -> Embed | None:
    """The embed of the family of methods that a study is of; None where it has no arms."""
    study = report.study
    folders = [existing_study(project, each) for each in study_ids(project) if each != study.id]
    arms = [folder for folder in folders if differ_in_method_alone(load_study(folder), study)]
    reports = [report, *map(load_report, arms)]
    families = method_families(reports)
    if not families:
        return None
    base = next(each for each in reports if each.study.id == families[0].base.id)
    return methods_embed(families[0], base, base_url=base_url, top=top)


def write_embed(content: bytes, path: Path) -> None:
    """Write it to a file, which appears whole or not at all.

    Raises:
        StoreError: If it cannot be written.
    """
    with replacing(path) as file:
        file.write(content)


def _report(project: Project, study_id: str | None) -> StudyReport:
    """The study that is named, else the first that has anything to show."""
    studies = (study_id,) if study_id else study_ids(project)
    if not studies:
        raise UsageError(f"{project.studies}: no study yet; run `flipsite init` or `flipsite collect NAME`")
    for each in studies:
        report = load_report(existing_study(project, each))
        if report.estimates:
            return report
    raise UsageError(f"study {studies[0]!r} has no draws yet; run `flipsite collect {studies[0]}`")


def _unknown(name: str, study: str, names: tuple[str, ...]) -> str:
    near = get_close_matches(name, names, n=1)
    some = ", ".join(list(dict.fromkeys(names))[:12])
    hint = f"did you mean {near[0]!r}?" if near else f"there are: {some}."
    return f"study {study!r} has no table or chart {name!r}; {hint}"
