"""A site goes to a branch whole, and nobody else's work is overwritten."""

import subprocess
from dataclasses import replace
from pathlib import Path

import pytest
from sites import FILES, page, write_site

from flipsite.errors import SiteError
from flipsite.write.publish import Branch, pages_address, publish


def git(folder: Path, *arguments: str) -> str:
    done = subprocess.run(["git", *arguments], cwd=folder, capture_output=True, text=True, check=True)
    return done.stdout.strip()


@pytest.fixture
def branch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Branch:
    """A repository with one commit, and a bare one behind it, under nobody's settings but these."""
    for key, value in {"NAME": "A", "EMAIL": "a@example.org"}.items():
        monkeypatch.setenv(f"GIT_AUTHOR_{key}", value)
        monkeypatch.setenv(f"GIT_COMMITTER_{key}", value)
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", "/dev/null")
    root, bare = tmp_path / "work", tmp_path / "bare.git"
    root.mkdir()
    git(tmp_path, "init", "--quiet", "--bare", str(bare))
    git(root, "init", "--quiet", "--initial-branch", "main")
    git(root, "commit", "--quiet", "--allow-empty", "--message", "first")
    git(root, "remote", "add", "origin", str(bare))
    return Branch(root=root, remote="origin", name="gh-pages")


def sent(branch: Branch, tmp_path: Path) -> dict[str, str]:
    """What the bare repository holds on the branch."""
    bare = tmp_path / "bare.git"
    names = git(bare, "ls-tree", "-r", "--name-only", branch.name).splitlines()
    return {name: git(bare, "show", f"{branch.name}:{name}") for name in names}


def send(branch: Branch, site: Path, *, dry_run: bool = False) -> int:
    return publish(site, branch, message="Publish", dry_run=dry_run).changed


def test_a_site_is_sent_whole_and_without_what_is_the_users(branch: Branch, tmp_path: Path) -> None:
    site = write_site(tmp_path / "site")
    (site / ".gitignore").write_text("*\n")
    expected = {path.relative_to(site).as_posix() for path in site.rglob("*") if path.is_file()} - {
        ".gitignore"
    }
    assert send(branch, site) == len(expected)
    assert set(sent(branch, tmp_path)) == expected
    assert git(branch.root, "symbolic-ref", "HEAD") == "refs/heads/main"
    assert git(branch.root, "status", "--porcelain") == ""


def test_only_what_changed_is_a_commit_and_history_stays(branch: Branch, tmp_path: Path) -> None:
    site = write_site(tmp_path / "site")
    send(branch, site)
    assert send(branch, site) == 0
    write_site(site, {**FILES, "index.html": page("<h1>Second</h1>")})
    assert send(branch, site) == 2  # the page, and build.json that tells its digest
    assert "Second" in sent(branch, tmp_path)["index.html"]
    assert git(tmp_path / "bare.git", "rev-list", "--count", branch.name) == "2"


def test_a_dry_run_sends_nothing(branch: Branch, tmp_path: Path) -> None:
    assert send(branch, write_site(tmp_path / "site"), dry_run=True) > 0
    assert git(tmp_path / "bare.git", "for-each-ref") == ""
    assert git(branch.root, "for-each-ref", "refs/heads/gh-pages") == ""


def test_another_machines_site_is_carried_on_from(branch: Branch, tmp_path: Path) -> None:
    site = write_site(tmp_path / "site")
    send(branch, site)
    git(tmp_path, "clone", "--quiet", str(tmp_path / "bare.git"), "other", "--branch", branch.name)
    other = Branch(root=tmp_path / "other", remote="origin", name=branch.name)
    git(other.root, "checkout", "--quiet", "--detach")
    write_site(tmp_path / "theirs", {**FILES, "index.html": page("<h1>Theirs</h1>")})
    assert send(other, tmp_path / "theirs") == 2
    assert send(branch, site) == 2
    assert git(tmp_path / "bare.git", "rev-list", "--count", branch.name) == "3"


def test_a_branch_that_flipsite_did_not_write_is_not_replaced(branch: Branch, tmp_path: Path) -> None:
    site = write_site(tmp_path / "site")
    git(branch.root, "branch", "docs")
    git(branch.root, "push", "--quiet", "origin", "docs")
    with pytest.raises(SiteError, match="flipsite did not write this branch"):
        send(Branch(root=branch.root, remote="origin", name="docs"), site)
    git(branch.root, "branch", "local")
    with pytest.raises(SiteError, match="heads/local: flipsite did not write this branch"):
        send(Branch(root=branch.root, remote="origin", name="local"), site)


def test_the_branch_that_is_checked_out_is_refused(branch: Branch, tmp_path: Path) -> None:
    with pytest.raises(SiteError, match="main: this branch is checked out"):
        send(Branch(root=branch.root, remote="origin", name="main"), write_site(tmp_path / "site"))


def test_what_git_says_is_told(branch: Branch, tmp_path: Path) -> None:
    site = write_site(tmp_path / "site")
    with pytest.raises(SiteError, match=r"no git remote 'none' here; begin with `git init`"):
        send(Branch(root=branch.root, remote="none", name="gh-pages"), site)
    git(branch.root, "remote", "set-url", "origin", str(tmp_path / "nowhere.git"))
    with pytest.raises(SiteError, match=r"git: ls-remote origin failed: .*mend that and publish again"):
        send(branch, site)


@pytest.mark.parametrize(
    ("remote", "address"),
    [
        ("git@github.com:Me/coins.git", "https://me.github.io/coins/"),
        ("https://github.com/me/coins", "https://me.github.io/coins/"),
        ("https://token@github.com/me/coins.git", "https://me.github.io/coins/"),
        ("ssh://git@github.com/me/me.github.io.git", "https://me.github.io/"),
        ("https://gitlab.com/me/coins.git", None),
        ("../bare.git", None),
    ],
)
def test_the_address_follows_from_the_remote(branch: Branch, remote: str, address: str | None) -> None:
    git(branch.root, "remote", "set-url", "origin", remote)
    assert pages_address(branch.root, remote="origin") == address


def test_a_name_that_git_does_not_take_is_told(branch: Branch, tmp_path: Path) -> None:
    with pytest.raises(
        SiteError, match=r"^--branch bad\.\.name: git allows no branch of that name; take another$"
    ):
        send(replace(branch, name="bad..name"), write_site(tmp_path / "site"))


def test_gits_own_reason_is_told_and_not_its_advice(branch: Branch, tmp_path: Path) -> None:
    """Git ends with “and the repository exists.”, where nobody is told what is wrong."""
    git(branch.root, "remote", "set-url", "origin", str(tmp_path / "none.git"))
    with pytest.raises(
        SiteError, match=r"failed: '.*/none\.git' does not appear to be a git repository; mend"
    ):
        send(branch, write_site(tmp_path / "site"))


def test_a_remote_that_refuses_is_told(branch: Branch, tmp_path: Path) -> None:
    hook = tmp_path / "bare.git/hooks/pre-receive"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text("#!/bin/sh\nexit 1\n")
    hook.chmod(0o755)
    with pytest.raises(
        SiteError, match=r"git: push --quiet failed: \[remote rejected\] .*hook declined\); mend"
    ):
        send(branch, write_site(tmp_path / "site"))
    hook.unlink()
    assert send(branch, tmp_path / "site") > 0
