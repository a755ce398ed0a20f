"""A site goes to a branch whole, and nobody else's work is overwritten."""

import subprocess
from dataclasses import replace
from pathlib import Path

import pytest
from tests.repository import git
from tests.write.sites import FILES, page, write_site

from flipsite.errors import SiteError
from flipsite.write.publish import Branch, branch_domain, fetch_branch, pages_address, plan_publish, push


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
    """The files on the branch of the bare repository."""
    bare = tmp_path / "bare.git"
    names = git(bare, "ls-tree", "-r", "--name-only", branch.name).splitlines()
    return {name: git(bare, "show", f"{branch.name}:{name}") for name in names}


def send(branch: Branch, site: Path, *, said: list[str] | None = None) -> int:
    """Publish, and tell how many files changed or went."""
    fetch_branch(branch)
    plan = plan_publish(site, branch)
    if plan.changed or plan.removed:
        push(plan, message="Publish", echo=(said if said is not None else []).append)
    return plan.changed + plan.removed


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


def test_a_plan_sends_nothing_and_touches_no_branch(branch: Branch, tmp_path: Path) -> None:
    fetch_branch(branch)
    plan = plan_publish(write_site(tmp_path / "site"), branch)
    assert (plan.is_first, plan.changed, plan.removed) == (True, len(plan.blobs), 0)
    assert git(tmp_path / "bare.git", "for-each-ref") == ""
    assert git(branch.root, "for-each-ref") == git(branch.root, "for-each-ref", "refs/heads/main")


def test_files_that_went_are_counted_apart(branch: Branch, tmp_path: Path) -> None:
    site = write_site(tmp_path / "site", {**FILES, "old.html": page("<h1>Old</h1>")})
    send(branch, site)
    write_site(site)
    fetch_branch(branch)
    plan = plan_publish(site, branch)
    assert (plan.changed, plan.removed) == (1, 1)  # build.json, and the page


def test_a_domain_on_the_branch_stays(branch: Branch, tmp_path: Path) -> None:
    """GitHub's settings page commits it there."""
    site = write_site(tmp_path / "site")
    send(branch, site)
    git(tmp_path, "clone", "--quiet", "--branch", branch.name, str(tmp_path / "bare.git"), "settings")
    (tmp_path / "settings/CNAME").write_text("coins.example.org\n")
    git(tmp_path / "settings", "add", "CNAME")
    git(tmp_path / "settings", "commit", "--quiet", "--message", "Create CNAME")
    git(tmp_path / "settings", "push", "--quiet")
    fetch_branch(branch)
    assert branch_domain(branch) == "coins.example.org"
    assert send(branch, site) == 0
    write_site(site, {**FILES, "index.html": page("<h1>Second</h1>")})
    assert send(branch, site) == 2
    assert sent(branch, tmp_path)["CNAME"] == "coins.example.org"


def test_the_server_is_heard(branch: Branch, tmp_path: Path) -> None:
    hook = tmp_path / "bare.git/hooks/post-receive"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text("#!/bin/sh\necho 'Create a pull request' >&2\n")
    hook.chmod(0o755)
    said: list[str] = []
    send(branch, write_site(tmp_path / "site"), said=said)
    assert said == ["remote: Create a pull request"]


def test_a_commit_is_signed_where_git_is_set_to(branch: Branch, tmp_path: Path) -> None:
    key = tmp_path / "key"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(key)], check=True)
    for name, value in (("gpg.format", "ssh"), ("user.signingkey", str(key)), ("commit.gpgsign", "true")):
        git(branch.root, "config", name, value)
    send(branch, write_site(tmp_path / "site"))
    assert "gpgsig -----BEGIN SSH SIGNATURE-----" in git(
        tmp_path / "bare.git", "cat-file", "commit", branch.name
    )


def test_git_and_its_hooks_see_no_key(
    branch: Branch, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENROUTER_API_KEY", "sk-secret")
    hook = branch.root / ".git/hooks/pre-push"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text(f'#!/bin/sh\nenv > "{tmp_path}/env.txt"\n')
    hook.chmod(0o755)
    send(branch, write_site(tmp_path / "site"))
    assert "sk-secret" not in (tmp_path / "env.txt").read_text()


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


def test_the_branch_that_is_checked_out_is_refused(branch: Branch, tmp_path: Path) -> None:
    with pytest.raises(SiteError, match="main: this branch is checked out"):
        send(Branch(root=branch.root, remote="origin", name="main"), write_site(tmp_path / "site"))


def test_what_git_says_is_told(branch: Branch, tmp_path: Path) -> None:
    site = write_site(tmp_path / "site")
    with pytest.raises(SiteError, match=r"no git remote 'none' here; begin with `git init`"):
        send(Branch(root=branch.root, remote="none", name="gh-pages"), site)
    git(branch.root, "remote", "set-url", "origin", str(tmp_path / "nowhere.git"))
    with pytest.raises(SiteError, match=r"git: ls-remote failed: .*fix that and publish again"):
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
        SiteError, match=r"failed: '.*/none\.git' does not appear to be a git repository; fix"
    ):
        send(branch, write_site(tmp_path / "site"))


def test_a_remote_that_refuses_is_told(branch: Branch, tmp_path: Path) -> None:
    hook = tmp_path / "bare.git/hooks/pre-receive"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text("#!/bin/sh\nexit 1\n")
    hook.chmod(0o755)
    with pytest.raises(SiteError, match=r"git: push failed: \[remote rejected\] .*hook declined\); fix"):
        send(branch, write_site(tmp_path / "site"))
    hook.unlink()
    assert send(branch, tmp_path / "site") > 0
