"""What of the last site a build would make again to the byte, and so can leave as it is.

Embeds, downloads, share picture and models' pages of a study are kept where nothing they depend on has
changed. A model's page depends on all draws of its study (its rank does), on the templates it is made of, on
what stands at the head of every page, and on what other studies say of the model.
"""

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path

from flipsite.content import Kept
from flipsite.write.manifest import Manifest, read_manifest
from flipsite.write.tree import measure

_MODEL_TEMPLATE = "model.html"
_CHOSEN_ELSEWHERE = re.compile(r"{%-?\s*(?:include|import|extends|from)\s+(?![\"']|picture\b)")
"""A template that is named by an expression; `picture` is ours, and named beside its use."""


def reusable(
    out: Path,
    *,
    inputs: Mapping[str, str],
    models: Mapping[str, Collection[str]],
    templates: Sequence[Path],
) -> dict[str, Kept]:
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
    if last is None or any(
        last.inputs.get(name) != inputs[name] for name in ("flipsite", "libraries", "base-url")
    ):
        return {}
    same = [study for study in models if inputs_of(study, last.inputs) == inputs_of(study, inputs)]
    kept: dict[str, Kept] = {}
    for study in same:
        for start in (f"{study}/embed/", f"{study}/data/", f"{study}/card.png"):
            kept |= _sound(out, last, [path for path in last.outputs if path.startswith(start)], whole=True)
    if _frame(last.inputs) == _frame(inputs) and _same_templates(last.inputs, inputs, templates):
        moved = set(_elsewhere(last, models, changed=models.keys() - set(same)))
        for study in same:
            folder = f"{study}/models/"
            pages = [path for path in last.outputs if path.startswith(folder)]
            standing = [path for path in pages if _model(path, study) not in moved]
            kept |= _sound(out, last, standing, whole=False)
    return kept


def inputs_of(study: str, inputs: Mapping[str, str]) -> dict[str, str]:
    """The digests of what is read of a study: its own files, and its draws where they lie elsewhere."""
    folder = f"content/studies/{study}/"
    return {
        name: digest for name, digest in inputs.items() if name.startswith(folder) or name == f"draws/{study}"
    }


def _sound(out: Path, last: Manifest, paths: Sequence[str], *, whole: bool) -> dict[str, Kept]:
    """Those of the files that nobody has touched; if they go together (`whole`), all or none."""
    found: dict[str, Kept] = {}
    for path in paths:
        if (kept := _untouched(out / path, last.outputs[path])) is not None:
            found[path] = kept
        elif whole:
            return {}
    return found


def _untouched(path: Path, digest: str) -> Kept | None:
    if not path.is_file() or path.is_symlink():
        return None
    size, found = measure(path)
    return Kept(size, digest) if found == digest else None


def _frame(inputs: Mapping[str, str]) -> tuple[object, ...]:
    """What each page says of the whole site: its studies, which narratives there are, its static files."""
    narratives = {name for name in inputs if re.fullmatch(r"content/(?!studies/).*\.md", name)}
    settings = {name: each for name, each in inputs.items() if name.endswith("/study.toml")}
    static = {name: each for name, each in inputs.items() if name.startswith("templates/static/")}
    return narratives, settings, static


def _same_templates(last: Mapping[str, str], inputs: Mapping[str, str], folders: Sequence[Path]) -> bool:
    """Whether a model's page would be rendered from the same templates."""
    parts = _templates_of_a_model(folders)
    names = [name for name in {**last, **inputs} if name.startswith("templates/")]
    if parts is not None:
        names = [name for name in names if name.removeprefix("templates/") in parts]
    return all(last.get(name) == inputs.get(name) for name in names)


def _templates_of_a_model(folders: Sequence[Path]) -> set[str] | None:
    """The templates that a model's page may be made of, as far as their texts name each other.

    Returns:
        Their names, all in sub-folders among them; None where a text leaves it open.
    """
    texts: dict[str, str] = {}
    for folder in reversed(folders):
        for path in folder.rglob("*"):
            name = path.relative_to(folder).as_posix()
            if path.is_file() and not name.startswith("static/"):
                texts[name] = path.read_text("utf-8", "replace")
    reached, waiting = set[str](), [_MODEL_TEMPLATE, *(name for name in texts if "/" in name)]
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
