"""A site to a branch that GitHub Pages shows, by git and ghp-import; nobody else's work is overwritten."""

import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from flipsite.errors import SiteError
from flipsite.write.site.manifest import NAME
from flipsite.write.site.paths import CARRIED

_GITHUB = re.compile(
    r"(?:https://(?:[^/@]+@)?|git@|ssh://git@)github\.com[:/]([\w.-]+)/([\w.-]+?)(?:\.git)?/?"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Branch:
    """Where a site is published.

    Attributes:
        root: A folder of the repository.
        remote: The remote's name.
        name: The branch's.
    """

    root: Path
    remote: str
    name: str

    @property
    def tracked(self) -> str:
        """The remote's branch as this repository knows it."""
        return f"refs/remotes/{self.remote}/{self.name}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Published:
    """What publishing did, or would do.

    Attributes:
        files: How many files the site has.
        changed: How many of them the branch has not, or otherwise, or no longer.
        remote_url: Where it was sent.
    """

    files: int
    changed: int
    remote_url: str


def pages_address(root: Path, *, remote: str) -> str | None:
    """The address of the GitHub Pages of a repository; None if its remote is elsewhere.

    Raises:
        SiteError: If there is no repository or no such remote.
    """
    found = _GITHUB.fullmatch(_remote_url(root, remote))
    if not found:
        return None
    owner, name = found[1].lower(), found[2]
    return f"https://{owner}.github.io/" + ("" if name.lower() == f"{owner}.github.io" else f"{name}/")


def publish(site: Path, branch: Branch, *, message: str, dry_run: bool) -> Published:
    """Commit a site to its branch and push it; if it is there already, do nothing.

    Args:
        site: Its folder, checked.
        branch: Where to.
        message: Of the commit.
        dry_run: Only say what would change.

    Raises:
        SiteError: If git fails or takes no such name, the branch is checked out, or holds what flipsite
            did not write.
    """
    url = _remote_url(branch.root, branch.remote)
    _guard(branch)
    with _scratch() as scratch:
        staged = Path(scratch) / "site"
        shutil.copytree(
            site, staged, ignore=lambda folder, names: set(CARRIED) if Path(folder) == site else ()
        )
        files = {path.relative_to(staged).as_posix() for path in staged.rglob("*") if path.is_file()}
        changed = _changed(branch, staged, files)
        if changed and not dry_run:
            _import(staged, branch, message)
            _git(branch.root, "push", "--quiet", branch.remote, f"{branch.name}:{branch.name}")
    return Published(files=len(files), changed=changed, remote_url=url)


@contextmanager
def _scratch() -> Iterator[str]:
    """A folder for a copy of the site.

    Raises:
        SiteError: If it cannot be made or filled.
    """
    try:
        with tempfile.TemporaryDirectory(prefix="flipsite-", ignore_cleanup_errors=True) as folder:
            yield folder
    except OSError as error:  # shutil.Error, which tells of many files, among them
        reason = error.strerror or next(iter(str(error).splitlines()), "no reason given")
        raise SiteError(
            f"{tempfile.gettempdir()}: no room for a copy of the site ({reason[:200]}); nothing was "
            "published: mend that, or set TMPDIR to another folder, and publish again"
        ) from error


def _guard(branch: Branch) -> None:
    """Fetch the branch, and refuse to touch one that is not flipsite's to replace."""
    try:
        _git(branch.root, "check-ref-format", f"refs/heads/{branch.name}")
    except SiteError as error:
        raise SiteError(f"--branch {branch.name}: git allows no branch of that name; take another") from error
    heads = _git(branch.root, "worktree", "list", "--porcelain").splitlines()
    if f"branch refs/heads/{branch.name}" in heads:
        raise SiteError(f"{branch.name}: this branch is checked out; name another with --branch")
    if _git(branch.root, "ls-remote", branch.remote, f"refs/heads/{branch.name}"):
        _git(branch.root, "fetch", "--quiet", branch.remote, f"+refs/heads/{branch.name}:{branch.tracked}")
    elif _exists(branch, branch.tracked):  # deleted over there
        _git(branch.root, "update-ref", "-d", branch.tracked)
    for ref in (branch.tracked, f"refs/heads/{branch.name}"):
        if _exists(branch, ref) and not _exists(branch, f"{ref}:{NAME}"):
            raise SiteError(
                f"{ref.removeprefix('refs/')}: flipsite did not write this branch and will not replace it; "
                "delete it, or name another with --branch"
            )
    if not _exists(branch, branch.tracked) and _exists(branch, f"refs/heads/{branch.name}"):
        _git(branch.root, "update-ref", "-d", f"refs/heads/{branch.name}")  # nothing to carry on from


def _changed(branch: Branch, staged: Path, files: set[str]) -> int:
    """How many files the branch has otherwise."""
    if not _exists(branch, branch.tracked):
        return len(files)
    listed = _git(branch.root, "ls-tree", "-r", "-z", branch.tracked)
    old = {
        path: entry.split()[2]
        for entry, _, path in (each.partition("\t") for each in listed.split("\0"))
        if path
    }
    names = sorted(files)
    hashed = _git(
        branch.root,
        "hash-object",
        "--no-filters",
        "--stdin-paths",
        text="\n".join(str(staged / name) for name in names) + "\n",
    )
    new = dict(zip(names, hashed.split(), strict=True))
    return sum(old.get(path) != new.get(path) for path in old.keys() | new.keys())


def _import(staged: Path, branch: Branch, message: str) -> None:
    command = [
        "-m",
        "ghp_import",
        "-r",
        branch.remote,
        "-b",
        branch.name,
        "-m",
        message,
        str(staged),
    ]
    _run([sys.executable, *command], branch.root)


def _remote_url(root: Path, remote: str) -> str:
    if shutil.which("git") is None:
        raise SiteError("git is not installed; publishing to a branch needs it")
    try:
        return _git(root, "remote", "get-url", remote)
    except SiteError as error:
        raise SiteError(
            f"{root}: there is no git remote {remote!r} here; "
            f"begin with `git init` and `git remote add {remote} URL`"
        ) from error


def _exists(branch: Branch, name: str) -> bool:
    done = subprocess.run(  # noqa: S603 - git, with arguments and no shell
        ["git", "cat-file", "-e", name],  # noqa: S607 - the user's own git
        cwd=branch.root,
        capture_output=True,
        check=False,
    )
    return done.returncode == 0


def _git(root: Path, *arguments: str, text: str | None = None) -> str:
    return _run(["git", *arguments], root, text=text)


def _run(command: list[str], root: Path, *, text: str | None = None) -> str:
    done = subprocess.run(  # noqa: S603 - git or ghp-import, with arguments and no shell
        command, cwd=root, input=text, capture_output=True, text=True, check=False
    )
    if done.returncode:
        reason = _reason(done.stderr or done.stdout)
        raise SiteError(f"git: {' '.join(command[1:3])} failed: {reason}; mend that and publish again")
    return done.stdout.strip()


def _reason(said: str) -> str:
    """The line of git's in which it says what is wrong: what comes after is advice, or a traceback."""
    lines = [line.strip() for line in said.splitlines() if line.strip()] or ["no reason given"]
    refused = (line.removeprefix("! ") for line in lines if line.startswith("! ["))
    faults = (line.partition(": ")[2] for line in lines if line.startswith(("fatal: ", "error: ")))
    return next(refused, None) or next(faults, lines[-1]).rstrip(".")
