"""A project of one's own: its first files, none of which replaces one that is there."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from flipsite.errors import SiteError
from flipsite.files import replacing
from flipsite.project import packaged

STUDY: Final = "coin-flips"

_FILES: Final = {
    "README.md": "README.md",
    "gitignore": ".gitignore",
    "story.md": "content/story.md",
    "study.toml": f"content/studies/{STUDY}/study.toml",
    "site.yml": ".github/workflows/site.yml",
    "collect.yml": ".github/workflows/collect.yml",
}
"""Each file of the scaffold, and its place in a project."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ScaffoldReport:
    """What a start did.

    Attributes:
        folder: The project's.
        written: The files that were not there before.
        left: Those that were, and are as they were.
    """

    folder: Path
    written: tuple[str, ...]
    left: tuple[str, ...]


def start(folder: Path, *, version: str, templates: bool) -> ScaffoldReport:
    """Write a project's first files where they are missing.

    Args:
        folder: The project's; made where it is missing.
        version: Of flipsite, which the project will ask for.
        templates: Whether to copy the templates too, to be changed.

    Raises:
        SiteError: If a file cannot be looked for.
        StoreError: If one cannot be written.
    """
    written, left = [], []
    try:
        for path, content in _contents(version, templates=templates):
            target = folder / path
            if target.exists() or target.is_symlink():
                left.append(path)
                continue
            target.parent.mkdir(parents=True, exist_ok=True)
            with replacing(target) as file:  # another start would leave half a file as it is
                file.write(content)
            written.append(path)
    except OSError as error:
        raise SiteError(
            f"{error.filename or folder}: cannot be written ({error.strerror}); choose another folder"
        ) from error
    return ScaffoldReport(folder=folder, written=tuple(written), left=tuple(left))


def _contents(version: str, *, templates: bool) -> Iterator[tuple[str, bytes]]:
    scaffold = Path(__file__).parents[1] / "scaffold"
    for name, path in _FILES.items():
        yield path, (scaffold / name).read_bytes()
    yield "requirements.txt", f"flipsite=={version}\n".encode()
    if templates:
        source = packaged("templates")
        for file in sorted(source.rglob("*")):
            if file.is_file():
                yield f"templates/{file.relative_to(source).as_posix()}", file.read_bytes()
