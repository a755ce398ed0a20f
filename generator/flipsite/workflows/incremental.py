"""Results that a build need not make again: files of the last site, and reports of its studies.

A file of the last site is kept if nothing that it depends on has changed:

- A study's embeds, downloads and share picture, and the files of each model's draws, depend on that study.
- A model's page depends on all draws of its study, because its rank does; on its templates; on the head of
  every page; and on what other studies say of the model. If the study has changed, the page is kept where the
  digest of all that it is rendered from is the same as before.
- Any other page depends on every study and on its templates, a narrative also on the text of all narratives.

A study's report is kept in the user's cache under the digest of the study's files. So nothing is analysed
again when only a narrative has changed.
"""

import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from flipsite.analyse.report import StudyReport, with_draws, without_draws
from flipsite.domain.study import Kind, Study
from flipsite.files import UnchangedFile, file_digest, measure
from flipsite.present.pages.model.digest import exact_text, shown_text
from flipsite.present.pages.model.files import LastPages
from flipsite.present.result_cache import keep, recall
from flipsite.project import CNAME, PROJECT_FILE, StudyFiles, own_digest
from flipsite.store.snapshot.study import StudyDraws
from flipsite.workflows.load import load_draws, read_report
from flipsite.workflows.render import report_name
from flipsite.write.site.manifest import Manifest, inputs_of, read_manifest

_ALL_DEPEND_ON = ("flipsite", "libraries", "base-url", PROJECT_FILE, f"content/{CNAME}")
"""Inputs that every page and picture depends on."""

_MODEL_TEMPLATE = "model.html"
_CHOSEN_ELSEWHERE = re.compile(r"{%-?\s*(?:include|import|extends|from)\s+(?![\"']|picture\b)")
"""A template that is named by an expression; `picture` is ours, and named beside its use."""


def reusable(
    out: Path,
    *,
    inputs: Mapping[str, str],
    models: Mapping[str, Collection[str]],
    templates: Sequence[Path],
) -> dict[str, UnchangedFile]:
    """The files of the last site that can stand.

    Args:
        out: The site's folder.
        inputs: Digests of what is built now.
        models: Paths of the models' pages, by study.
        templates: The template folders, the first one that has a file winning.

    Returns:
        What stands, by path; nothing of a study of which anything has changed, nor of another flipsite or
        another address.
    """
    last = read_manifest(out)
    if last is None or not _same_all_around(last.inputs, inputs):
        return {}
    same = [study for study in models if inputs_of(study, last.inputs) == inputs_of(study, inputs)]
    kept: dict[str, UnchangedFile] = {}
    for study in same:
        own = (f"{study}/embed/", f"{study}/data/", f"{study}/card.png")
        family = (f"{study}/embed/methods.", f"{study}/data/methods.json")
        paths = [path for path in last.outputs if path.startswith(own) and not path.startswith(family)]
        kept |= _sound(out, last, paths, whole=True)
    parts = _templates_of(_MODEL_TEMPLATE, _template_texts(templates))
    if _frame(last.inputs) == _frame(inputs) and _same_templates(last.inputs, inputs, parts):
        moved = set(_elsewhere(last, models, changed=models.keys() - set(same)))
        for study in same:
            folder = f"{study}/models/"
            pages = [path for path in last.outputs if path.startswith(folder) and path.endswith(".html")]
            standing = [path for path in pages if _model(path, study) not in moved]
            kept |= _sound(out, last, standing, whole=False)
    return kept


def standing_draws(
    out: Path | None, studies: Collection[str], *, inputs: Mapping[str, str]
) -> Callable[[str], UnchangedFile | None]:
    """Which of the last site's files of draws beside models' pages can stand.

    Args:
        out: The site's folder; None where nothing of the last site can stand.
        studies: Ids of the studies that are built now.
        inputs: Digests of what is built now.

    Returns:
        What gives a file that stands, by its path; None where it has to be made.
    """
    last = read_manifest(out) if out else None
    if out is None or last is None or not _same_all_around(last.inputs, inputs):
        return lambda path: None
    same = {study for study in studies if inputs_of(study, last.inputs) == inputs_of(study, inputs)}

    def standing(path: str) -> UnchangedFile | None:
        is_same = path.partition("/")[0] in same and path in last.outputs
        return _untouched(out, last, path) if is_same else None

    return standing


def standing_pages(
    out: Path, *, inputs: Mapping[str, str], templates: Sequence[Path]
) -> Callable[[str, str, bool], UnchangedFile | None]:
    """Which pages of the last site can stand, but the models'.

    Args:
        out: The site's folder.
        inputs: Digests of what is built now.
        templates: The template folders, the first one that has a file winning.

    Returns:
        What gives a page that stands, by its path, its template, and whether it tells a narrative; None where
        it has to be rendered.
    """
    last = read_manifest(out)
    if last is None or _frame(last.inputs) != _frame(inputs) or _facts(last.inputs) != _facts(inputs):
        return lambda path, template, is_narrative: None
    same_words = _narratives(last.inputs) == _narratives(inputs)
    texts = _template_texts(templates)

    @cache
    def looks_alike(template: str) -> bool:
        return _same_templates(last.inputs, inputs, _templates_of(template, texts))

    def standing(path: str, template: str, is_narrative: bool) -> UnchangedFile | None:
        stands = path in last.outputs and looks_alike(template) and (same_words or not is_narrative)
        return _untouched(out, last, path) if stands else None

    return standing


def last_pages(
    out: Path | None,
    *,
    inputs: Mapping[str, str],
    kept: Mapping[str, UnchangedFile],
    templates: Sequence[Path],
) -> LastPages:
    """Find which of the last site's pages of models can stand.

    Args:
        out: The site's folder; None where nothing of the last site can stand.
        inputs: Digests of what is built now.
        kept: What `reusable` found.
        templates: The template folders, the first one that has a file winning.
    """
    last = read_manifest(out) if out else None
    parts = _templates_of(_MODEL_TEMPLATE, _template_texts(templates))
    names = [name for name in inputs if name.startswith("templates/")]
    if parts is not None:
        names = [name for name in names if name.removeprefix("templates/") in parts]
    is_packaged = parts is not None and not any(
        (folder / name).exists() for folder in templates[:-1] for name in parts
    )

    def standing(path: str, source: str) -> UnchangedFile | None:
        if out is None or last is None or last.sources.get(path) != source or path not in last.outputs:
            return None
        return _untouched(out, last, path)

    return LastPages(
        kept=kept,
        standing=standing,
        code=repr((_frame(inputs), [(name, inputs[name]) for name in names])),
        text=shown_text if is_packaged else exact_text,
    )


def _sound(out: Path, last: Manifest, paths: Sequence[str], *, whole: bool) -> dict[str, UnchangedFile]:
    """Those of the files that nobody has touched; if they go together (`whole`), all or none."""
    found: dict[str, UnchangedFile] = {}
    for path in paths:
        if (kept := _untouched(out, last, path)) is not None:
            found[path] = kept
        elif whole:
            return {}
    return found


def _untouched(out: Path, last: Manifest, path: str) -> UnchangedFile | None:
    """A file of the last site, where it is as it was written."""
    file, digest = out / path, last.outputs[path]
    if not file.is_file() or file.is_symlink():
        return None
    size, found = measure(file)
    return UnchangedFile(size, digest, last.sources.get(path, "")) if found == digest else None


def _same_all_around(last: Mapping[str, str], inputs: Mapping[str, str]) -> bool:
    return all(last.get(name) == inputs.get(name) for name in _ALL_DEPEND_ON)


def _frame(inputs: Mapping[str, str]) -> tuple[object, ...]:
    """Facts about the whole site on each page: its studies, its narratives, its static files."""
    narratives = sorted(name for name in inputs if re.fullmatch(r"content/(?!studies/).*\.md", name))
    settings = {name: each for name, each in inputs.items() if name.endswith("/study.toml")}
    static = {name: each for name, each in inputs.items() if name.startswith("templates/static/")}
    return narratives, settings, static, [inputs.get(name) for name in _ALL_DEPEND_ON]


def _facts(inputs: Mapping[str, str]) -> dict[str, str]:
    """All that is read but words and looks: flipsite, the address, the studies."""
    return {
        name: digest
        for name, digest in inputs.items()
        if not name.startswith("templates/") and not _is_narrative(name)
    }


def _narratives(inputs: Mapping[str, str]) -> dict[str, str]:
    return {name: digest for name, digest in inputs.items() if _is_narrative(name)}


def _is_narrative(name: str) -> bool:
    """Whether an input is of the content and no study's."""
    return name.startswith("content/") and not name.startswith("content/studies/")


def _same_templates(
    last: Mapping[str, str], inputs: Mapping[str, str], parts: Collection[str] | None
) -> bool:
    """Whether these templates are what they were; all, where it is open which ones matter."""
    names = [name for name in {**last, **inputs} if name.startswith("templates/")]
    if parts is not None:
        names = [name for name in names if name.removeprefix("templates/") in parts]
    return all(last.get(name) == inputs.get(name) for name in names)


def _template_texts(folders: Sequence[Path]) -> dict[str, str]:
    """Every template's text, by its name."""
    texts: dict[str, str] = {}
    for folder in reversed(folders):
        for path in folder.rglob("*"):
            name = path.relative_to(folder).as_posix()
            if path.is_file() and not name.startswith("static/"):
                texts[name] = path.read_text("utf-8", "replace")
    return texts


def _templates_of(page: str, texts: Mapping[str, str]) -> set[str] | None:
    """The templates that a page of this template may be made of, as far as their texts name each other.

    Returns:
        Their names, all in sub-folders among them; None where a text leaves it open.
    """
    reached, waiting = set[str](), [page, *(name for name in texts if "/" in name)]
    while waiting:
        name = waiting.pop()
        if name in reached or name not in texts:
            continue
        if _CHOSEN_ELSEWHERE.search(texts[name]):
            return None
        reached.add(name)
        waiting += [other for other in texts if other not in reached and other in texts[name]]
    return reached


def _elsewhere(
    last: Manifest, models: Mapping[str, Collection[str]], *, changed: Collection[str]
) -> Iterator[str]:
    """The models, by the names of their folders, of which a study that has changed says or said anything."""
    for study in changed:
        yield from (_model(path, study) for path in models[study])
    folders = {path.partition("/")[0] for path in last.outputs if "/models/" in path}
    for study in {*changed, *(folders - models.keys())}:
        yield from (_model(path, study) for path in last.outputs if path.startswith(f"{study}/models/"))


def _model(path: str, study: str) -> str:
    """A model's folder in any study, from the path of its page or of its draws."""
    return path.removeprefix(f"{study}/models/").rpartition("/")[0]


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenedStudy:
    """A study before it is analysed.

    Attributes:
        files: Its files.
        study: Its settings.
        digest: Of all that is read of it, and of flipsite.
        report: What an earlier build of this user found in the same files; None where none did.
        found: Its draws; None without any, and where the report holds what is shown of them.
    """

    files: StudyFiles
    study: Study
    digest: str
    report: StudyReport | None
    found: StudyDraws | None


def opened_study(files: StudyFiles, digest: str) -> OpenedStudy:
    """Recall a study's report, and read its draws.

    Draws are not kept with a report, for reading and counting them is cheap; a sample of too many draws is.
    """
    report: StudyReport | None = recall(report_name(digest))
    study = report.study if report else _settings(files.folder)
    has_draws = study.kind is not Kind.PUBLISHED and not (report and report.sampled)
    found = load_draws(files, study) if has_draws else None
    return OpenedStudy(files=files, study=study, digest=digest, report=report, found=found)


def _settings(folder: Path) -> Study:
    """A study's settings; where an earlier build of this user has read them, their reader is not loaded."""
    name = f"settings {folder.name} {own_digest()} {file_digest(folder / 'study.toml')}"
    study: Study | None = recall(name)
    if study is None:
        from flipsite.settings import load_study  # with its reader an eighth of a small build's start

        study = load_study(folder)
        keep(name, study)
    return study


def analysed_report(opened: OpenedStudy) -> StudyReport:
    """A study's report, analysed now or by an earlier build of this user, from the same files."""
    if opened.report is None:
        made = read_report(opened.files, opened.study, opened.found)
        keep(report_name(opened.digest), without_draws(made))
        return made
    return with_draws(opened.report, opened.found.draws) if opened.found else opened.report
