"""A site to a branch that GitHub Pages shows, by git alone; work of others is not overwritten.

The commit is made of the site's files without the working tree or any local branch: objects, a tree, a
commit, a push. Beyond the site's files the branch keeps its CNAME, which GitHub's settings page writes.
"""

import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from flipsite.errors import SiteError
from flipsite.write.site.manifest import NAME
from flipsite.write.site.paths import CARRIED

_GITHUB = re.compile(
    r"(?:https://(?:[^/@]+@)?|git@|ssh://git@)github\.com[:/]([\w.-]+)/([\w.-]+?)(?:\.git)?/?"
)
_CNAME = "CNAME"
_FILE = "100644"


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
class PublishPlan:
    """The effects of publishing.

    Attributes:
        branch: Where to.
        remote_url: Where that is; without a password or token.
        is_first: Whether the remote has no such branch yet.
        blobs: Each file's object, by its path.
        changed: Files that the branch has not, or otherwise.
        removed: Files that the branch has, and the site has no longer.
    """

    branch: Branch
    remote_url: str
    is_first: bool
    blobs: dict[str, str]
    changed: int
    removed: int


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


def repository_root(root: Path) -> Path:
    """The folder of the repository that a folder lies in.

    Raises:
        SiteError: If there is none.
    """
    try:
        return Path(_git(root, "rev-parse", "--show-toplevel")).resolve()
    except SiteError as error:
        raise SiteError(f"{root}: there is no git repository here; begin with `git init`") from error


def fetch_branch(branch: Branch) -> None:
    """Fetch the remote's branch, and refuse one that is not flipsite's to replace.

    Raises:
        SiteError: If git fails or takes no such name, or the branch is checked out or holds what flipsite did
            not write.
    """
    _remote_url(branch.root, branch.remote)
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
    if _exists(branch, branch.tracked) and not _exists(branch, f"{branch.tracked}:{NAME}"):
        raise SiteError(
            f"{branch.remote}/{branch.name}: flipsite did not write this branch and will not replace it; "
            "delete it, or name another with --branch"
        )


def branch_domain(branch: Branch) -> str | None:
    """The text of the CNAME file on a fetched branch; None where it has none."""
    name = f"{branch.tracked}:{_CNAME}"
    return _git(branch.root, "cat-file", "blob", name) if _exists(branch, name) else None


def plan_publish(site: Path, branch: Branch) -> PublishPlan:
    """Compare a checked site with its fetched branch; the objects of its files are written.

    Raises:
        SiteError: If git fails.
    """
    files = sorted(
        path.relative_to(site).as_posix()
        for path in site.rglob("*")
        if path.is_file() and path.relative_to(site).parts[0] not in CARRIED
    )
    paths = "".join(f"{site / name}\n" for name in files)
    hashed = _git(branch.root, "hash-object", "-w", "--no-filters", "--stdin-paths", text=paths)
    blobs = dict(zip(files, hashed.split(), strict=True))
    is_first = not _exists(branch, branch.tracked)
    listed = "" if is_first else _git(branch.root, "ls-tree", "-r", "-z", branch.tracked)
    entries = (each.partition("\t") for each in listed.split("\0") if each)
    old = {path: entry.split()[2] for entry, _, path in entries}
    if _CNAME in old:
        blobs.setdefault(_CNAME, old[_CNAME])
    return PublishPlan(
        branch=branch,
        remote_url=re.sub(r"(?<=://)[^/@]+@", "", _remote_url(branch.root, branch.remote)),
        is_first=is_first,
        blobs=blobs,
        changed=sum(old.get(path) != blob for path, blob in blobs.items()),
        removed=len(old.keys() - blobs.keys()),
    )


def push(plan: PublishPlan, *, message: str, echo: Callable[[str], object]) -> None:
    """Commit what was planned, signed where git is set to sign, and push it.

    Args:
        plan: From `plan_publish`.
        message: Of the commit.
        echo: Is given what the server says.

    Raises:
        SiteError: If git fails, or the server refuses; the branch is then as it was.
    """
    branch = plan.branch
    signing = _git(branch.root, "config", "--default", "false", "--type=bool", "--get", "commit.gpgsign")
    command = ["commit-tree", _write_tree(plan), "-m", message, *(["-S"] if signing == "true" else [])]
    if not plan.is_first:
        command += ["-p", branch.tracked]
    commit = _git(branch.root, *command)
    arguments = ["push", branch.remote, f"{commit}:refs/heads/{branch.name}"]
    done = _call(["git", *arguments], branch.root)
    for line in done.stderr.splitlines():
        if line.startswith("remote:") and line.removeprefix("remote:").strip():
            echo(line.strip())
    _require(done, arguments)


def _write_tree(plan: PublishPlan) -> str:
    """The tree of the plan's files, made in an index of its own."""
    lines = "".join(f"{_FILE} {blob}\t{path}\0" for path, blob in sorted(plan.blobs.items()))
    try:
        with tempfile.TemporaryDirectory(prefix="flipsite-") as folder:
            index = {"GIT_INDEX_FILE": str(Path(folder) / "index")}
            _git(plan.branch.root, "update-index", "-z", "--index-info", text=lines, env=index)
            return _git(plan.branch.root, "write-tree", env=index)
    except OSError as error:
        raise SiteError(
            f"{tempfile.gettempdir()}: cannot be written ({error.strerror}); nothing was published: "
            "fix that, or set TMPDIR to another folder, and publish again"
        ) from error


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
    return _call(["git", "cat-file", "-e", name], branch.root).returncode == 0


def _git(root: Path, *arguments: str, text: str | None = None, env: dict[str, str] | None = None) -> str:
    done = _call(["git", *arguments], root, text=text, env=env)
    _require(done, arguments)
    return done.stdout.strip("\n")


def _call(
    command: list[str], root: Path, *, text: str | None = None, env: dict[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(  # noqa: S603 - git, with arguments and no shell
        command,
        cwd=root,
        input=text,
        env=_environment() | (env or {}),
        capture_output=True,
        text=True,
        errors="replace",
        check=False,
    )


def _environment() -> dict[str, str]:
    """This process's environment for git and the hooks it runs: English messages, and no key."""
    kept = {name: value for name, value in os.environ.items() if name != "OPENROUTER_API_KEY"}
    return kept | {"LC_ALL": "C"}


def _require(done: subprocess.CompletedProcess[str], arguments: Sequence[str]) -> None:
    if done.returncode:
        reason = _reason(done.stderr or done.stdout)
        raise SiteError(f"git: {arguments[0]} failed: {reason}; fix that and publish again")


def _reason(said: str) -> str:
    """The line in which git says what is wrong: the lines after it are advice."""
    lines = [line.strip() for line in said.splitlines() if line.strip()] or ["no reason given"]
    refused = (line.removeprefix("! ") for line in lines if line.startswith("! ["))
    faults = (line.partition(": ")[2] for line in lines if line.startswith(("fatal: ", "error: ")))
    return next(refused, None) or next(faults, lines[-1]).rstrip(".")
