"""The project that a command works on: the folders of its content, templates, site and cache.

`own_digest` is the digest of flipsite itself: another version may make other pages of equal draws.
"""

import hashlib
import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from difflib import get_close_matches
from functools import cache
from itertools import chain
from pathlib import Path
from stat import S_ISREG
from typing import Literal

from flipsite.domain.engine import EngineChoice, ProjectFile
from flipsite.domain.urls import RESERVED_STUDIES, STUDY_ID
from flipsite.errors import ContentError, UsageError

SNAPSHOT = "draws.parquet"
"""A study's snapshot, within its folder."""

PROJECT_FILE = "flipsite.toml"
"""Settings of a whole project, at its root; optional."""

ROOT_FILES = "root"
"""The folder of files that are copied to the site's root as they are, within the content."""

CNAME = f"{ROOT_FILES}/CNAME"
"""The domain that GitHub Pages serves the site under, within the content."""

CATALOGUE_FILE = "catalogue.json"
"""The endpoint's offer when a study was collected, within the study's folder."""

FEATURES_FILE = "features.csv"
"""Features of a study's models, within its folder."""

FIT_FILE = "fit.json"
"""Results of a study's regressions, within its folder."""

PRINTED_FILE = "published.toml"
"""Printed figures of a study of kind `published`, within its folder."""

STUDY_FILES = ("study.toml", PRINTED_FILE, SNAPSHOT, CATALOGUE_FILE, FEATURES_FILE, FIT_FILE)
"""The files of a study that a build reads, besides the parts of a snapshot."""

NARRATIVES = ("story.md", "methods.md", "departures.md")
"""The files of the content that are pages, besides those of its `pages/`."""

OWN_PAGES = "pages"
"""The folder of a project's further pages, within the content."""

PARTS = "draws"
"""The folder of a snapshot in parts, within its study's: `draws/part=07/draws.parquet` and so on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Project:
    """The folders a command works on.

    Attributes:
        root: The project's folder, or the current one where there is no project.
        content: Narrative and studies; the packaged ones where there is no project.
        templates: Template folders, the overriding one first.
        site: Where the site is written unless `-o` says otherwise.
        packaged: Whether the content is the package's own.
    """

    root: Path
    content: Path
    templates: tuple[Path, ...]
    site: Path
    packaged: bool

    @property
    def studies(self) -> Path:
        """The folder with one folder a study."""
        return self.content / "studies"

    @property
    def cache(self) -> Path:
        """The private folder of raw answers, never committed."""
        return self.root / ".flipsite"


def find_project(start: Path) -> Project:
    """The nearest folder upward that holds `content/studies/`, else the packaged content.

    Raises:
        UsageError: If its path holds bytes that are no text: libraries refuse it, but only halfway.
        ContentError: If a link of its content, templates or site leads out of it.
    """
    start = start.resolve()
    if any("\ud800" <= sign <= "\udfff" for sign in str(start)):
        raise UsageError(f"{start}: a part of this path is not UTF-8; rename it, or work elsewhere")
    for folder in (start, *start.parents):
        if (folder / "content" / "studies").is_dir():
            _refuse_links_out(folder)
            own = folder / "templates"
            templates = (own, packaged("templates")) if own.is_dir() else (packaged("templates"),)
            return Project(
                root=folder,
                content=folder / "content",
                templates=tuple(dict.fromkeys(path.resolve() for path in templates)),
                site=folder / "site",
                packaged=False,
            )
    return Project(
        root=start,
        content=packaged("content"),
        templates=(packaged("templates"),),
        site=start / "site",
        packaged=True,
    )


def _refuse_links_out(root: Path) -> None:
    """Refuse a link that leads elsewhere; within the site the build replaces or refuses every link."""
    folders = [root / "content", root / "templates"]
    inside = (
        Path(folder, name)
        for start in folders
        for folder, subfolders, files in os.walk(start)
        for name in (*subfolders, *files)
    )
    for path in chain(folders, [root / "site"], inside):
        if path.is_symlink() and not Path(os.path.realpath(path)).is_relative_to(root):
            raise ContentError(
                f"{path}: is a link that leads out of the project, and a site would publish what lies there; "
                "put the file or folder itself in its place"
            )


def shipped_with(project: Project) -> Project:
    """The same folders, but for the package's own content: the studies that come with flipsite."""
    return replace(project, content=packaged("content"), packaged=True)


def packaged(name: Literal["content", "templates", "requirements"]) -> Path:
    """The package's own folder of that name: inside the wheel, or in the source tree."""
    inside = Path(__file__).parent / name
    return inside if inside.is_dir() else Path(__file__).parents[2] / name


def study_ids(project: Project) -> tuple[str, ...]:
    """The studies of a project, sorted; a folder without `study.toml` is no study.

    Raises:
        OSError: If a folder may not be looked into: a study that is passed over would leave the site.
    """
    if not project.studies.is_dir():
        return ()
    return tuple(sorted(folder.name for folder in project.studies.iterdir() if _is_study(folder)))


def _is_study(folder: Path) -> bool:
    try:
        return S_ISREG((folder / "study.toml").stat().st_mode)
    except (FileNotFoundError, NotADirectoryError):
        return False


@dataclass(frozen=True, slots=True, kw_only=True)
class StudyFiles:
    """A study's folder and where its draws are, found once for all that read them.

    Attributes:
        folder: With `study.toml`.
        snapshot: The files of its draws, one or parts; none where there are none here.
        address: Of the folder that its draws lie in elsewhere; else None.
        engine: What counts draws too many to hold.
    """

    folder: Path
    snapshot: tuple[Path, ...]
    address: str | None
    engine: EngineChoice

    @property
    def places(self) -> Sequence[Path | str]:
        """Where its draws are read from."""
        return (self.address,) if self.address else self.snapshot


def find_study_files(folder: Path, settings: ProjectFile) -> StudyFiles:
    """Find the files of a study.

    Args:
        folder: The study's.
        settings: Of its project.

    Raises:
        UsageError: If there are two snapshots.
    """
    return StudyFiles(
        folder=folder,
        snapshot=snapshot_files(folder),
        address=settings.draws.get(folder.name),
        engine=settings.engine,
    )


def snapshot_files(folder: Path) -> tuple[Path, ...]:
    """The files of a study's snapshot: one, or its parts in order; none where there are no draws yet.

    Raises:
        UsageError: If there are both, so that either may be the draws.
    """
    parts = tuple(sorted((folder / PARTS).rglob("*.parquet")))
    if not (folder / SNAPSHOT).exists():
        return parts
    if parts:
        raise UsageError(
            f"{folder}: holds both {SNAPSHOT} and {PARTS}/; remove the older of the two, or move it away"
        )
    return (folder / SNAPSHOT,)


def snapshot_place(folder: Path) -> Path | None:
    """A study's snapshot as it is shown to people: its file, or the folder of its parts; None without one."""
    files = snapshot_files(folder)
    return None if not files else files[0] if files[0] == folder / SNAPSHOT else folder / PARTS


def project_root(folder: Path) -> Path:
    """The root of the project that a study's folder, `content/studies/<study>`, lies in."""
    return folder.absolute().parents[2]


def study_folder(project: Project, study_id: str) -> Path:
    """The folder of a study, which need not exist.

    Raises:
        UsageError: If the id is not one a site can have.
    """
    if not STUDY_ID.fullmatch(study_id) or study_id in RESERVED_STUDIES:
        raise UsageError(
            f"{study_id!r} cannot name a study; use lower-case letters, digits and hyphens, "
            f"and none of {', '.join(sorted(RESERVED_STUDIES))}, nor a device of Windows such as con."
        )
    return project.studies / study_id


def existing_study(project: Project, study_id: str) -> Path:
    """The folder of a study that exists.

    Raises:
        UsageError: If there is none of that name, with the nearest one.
    """
    folder = study_folder(project, study_id)
    if (folder / "study.toml").is_file():
        return folder
    known = study_ids(project)
    near = get_close_matches(study_id, known, n=1)
    hint = f"did you mean {near[0]!r}?" if near else f"there are: {', '.join(known) or 'none yet'}."
    raise UsageError(f"{project.studies}: no study {study_id!r}; {hint}")


@cache
def own_digest() -> str:
    """One digest of flipsite's own modules."""
    modules = sorted(Path(__file__).parent.rglob("*.py"))
    digests = (hashlib.sha256(path.read_bytes()).hexdigest() for path in modules)
    return hashlib.sha256("".join(digests).encode()).hexdigest()
