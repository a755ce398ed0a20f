"""A project of one's own: its first files, none of which replaces one that is there."""

import re
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from flipsite.errors import SiteError
from flipsite.files import replacing
from flipsite.project import packaged
from flipsite.write.requirement import locked_dependencies, own_requirement

STUDY: Final = "coin-flips"

_FILES: Final = {
    "README.md": "README.md",
    "gitignore": ".gitignore",
    "story.md": "content/story.md",
    "study.toml": f"content/studies/{STUDY}/study.toml",
    "site.yml": ".github/workflows/site.yml",
    "collect.yml": ".github/workflows/collect.yml",
    "dependabot.yml": ".github/dependabot.yml",
}
"""Each file of the scaffold, and its place in a project."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ScaffoldReport:
    """The outcome of starting a project.

    Attributes:
        folder: The project's.
        written: The files that were not there before.
        left: Those that were, and are as they were.
    """

    folder: Path
    written: tuple[str, ...]
    left: tuple[str, ...]


GAMES: Final = ("die", "range", "cards", "rps", "weekday", "weighted")
"""Studies of more than two outcomes that a project can begin with."""


def start(folder: Path, *, templates: bool, game: str | None = None) -> ScaffoldReport:
    """Write a project's first files where they are missing.

    Args:
        folder: The project's; made where it is missing.
        templates: Whether to copy the templates too, to be changed.
        game: A study to begin with besides the coin's, one of GAMES.

    Raises:
        SiteError: If a file cannot be looked for.
        StoreError: If one cannot be written.
    """
    written, left = [], []
    try:
        for path, content in _contents(default_branch(folder), templates=templates, game=game):
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


def repository_of(folder: Path) -> Path | None:
    """The root of the repository that a folder lies in; None where there is none, or no git."""
    found = _git(folder, "rev-parse", "--show-toplevel")
    return Path(found) if found else None


def default_branch(folder: Path) -> str:
    """The branch that a repository's site is built from: the remote's, else the current one, else `main`."""
    there = next((each for each in (folder, *folder.absolute().parents) if each.is_dir()), Path.cwd())
    remote = _git(there, "symbolic-ref", "--short", "refs/remotes/origin/HEAD").removeprefix("origin/")
    name = remote or _git(there, "symbolic-ref", "--short", "HEAD")
    return name if re.fullmatch(r"[\w./-]+", name) else "main"


def _git(folder: Path, *arguments: str) -> str:
    """Git's output; empty where it fails or is missing."""
    try:
        done = subprocess.run(  # noqa: S603 - git, with arguments and no shell
            ["git", *arguments],  # noqa: S607 - the user's own git
            cwd=folder,
            capture_output=True,
            text=True,
            check=False,
        )
    except OSError:
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""


def _contents(branch: str, *, templates: bool, game: str | None) -> Iterator[tuple[str, bytes]]:
    scaffold = Path(__file__).parents[1] / "scaffold"
    for name, path in _FILES.items():
        yield path, (scaffold / name).read_bytes().replace(b"BRANCH", branch.encode())
    if game:
        yield f"content/studies/{game}/study.toml", (scaffold / "games" / f"{game}.toml").read_bytes()
    requirement, files = own_requirement()
    yield "requirements.txt", requirement.encode()
    yield "dependencies.txt", locked_dependencies()
    yield from files.items()
    if templates:
        source = packaged("templates")
        for file in sorted(source.rglob("*")):
            if file.is_file():
                yield f"templates/{file.relative_to(source).as_posix()}", file.read_bytes()
