"""`flipsite publish` asks, refuses what is not the project's own, and remembers where the site stands."""

import subprocess
import tomllib
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from tests.repository import git

from flipsite.cli.main import cli
from flipsite.workflows.publish import _with_url


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project with one imported study in a repository of its own, and a bare one behind it."""
    for key, value in {"NAME": "A", "EMAIL": "a@example.org"}.items():
        monkeypatch.setenv(f"GIT_AUTHOR_{key}", value)
        monkeypatch.setenv(f"GIT_COMMITTER_{key}", value)
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", "/dev/null")
    folder = tmp_path / "coins"
    (folder / "content/studies").mkdir(parents=True)
    monkeypatch.chdir(folder)
    (folder / "rows.csv").write_text("model,outcome\n" + "a/b,1\na/b,0\n" * 5)
    assert CliRunner().invoke(cli, ["import", "rows.csv", "--study", "first"]).exit_code == 0
    git(tmp_path, "init", "--quiet", "--bare", "bare.git")
    git(folder, "init", "--quiet", "--initial-branch", "main")
    git(folder, "remote", "add", "origin", str(tmp_path / "bare.git"))
    return folder


def publish(*words: str, answer: str | None = None) -> Result:
    return CliRunner().invoke(cli, ["publish", *words], input=answer)


def branches(folder: Path) -> str:
    return git(folder.parent / "bare.git", "for-each-ref", "--format=%(refname:short)")


def test_the_first_time_it_shows_where_to_and_asks(project: Path) -> None:
    said = publish(answer="n\n")
    assert (said.exit_code, branches(project)) == (2, "")
    assert "Make the branch gh-pages of origin, " in said.output
    assert "files changed. Publish? [y/N]" in said.output
    assert publish().exit_code == 2
    assert branches(project) == ""
    said = publish(answer="y\n")
    assert (said.exit_code, branches(project)) == (0, "gh-pages")
    assert "nothing has changed" in publish().output


def test_the_packaged_studies_are_not_published_by_mistake(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    git(tmp_path, "init", "--quiet")
    monkeypatch.chdir(tmp_path)
    said = publish("--yes")
    assert (said.exit_code, "there is no project here" in said.output) == (2, True)


def test_the_repository_of_a_folder_above_is_not_published_to_by_mistake(project: Path) -> None:
    git(project.parent, "init", "--quiet", "--initial-branch", "main")
    git(project.parent, "remote", "add", "origin", str(project.parent / "bare.git"))
    subprocess.run(["rm", "-r", str(project / ".git")], check=True)
    said = publish("--yes")
    assert (said.exit_code, "add --parent-repository" in said.output) == (2, True)
    assert publish("--yes", "--parent-repository").exit_code == 0


def test_a_base_url_is_remembered_and_a_domain_of_the_branch_is_one(project: Path) -> None:
    assert (
        "https://coins.example.org/\n" in publish("--yes", "--base-url", "https://coins.example.org").output
    )
    written = tomllib.loads((project / "flipsite.toml").read_text())
    assert written == {"site": {"url": "https://coins.example.org/"}}
    (project / "flipsite.toml").unlink()
    git(project.parent, "clone", "--quiet", "--branch", "gh-pages", "bare.git", "settings")
    (project.parent / "settings/CNAME").write_text("ann.example.org\n")
    for command in (["add", "CNAME"], ["commit", "--quiet", "-m", "Create CNAME"], ["push", "--quiet"]):
        git(project.parent / "settings", *command)
    (project / "content/story.md").write_text("# Mine\n\nHello.\n")
    assert "https://ann.example.org/\n" in publish().output
    elsewhere = publish("--base-url", "https://other.example.org").output
    assert "warning: the branch's CNAME says ann.example.org" in elsewhere
    assert "CNAME" in git(project.parent / "bare.git", "ls-tree", "--name-only", "gh-pages").splitlines()


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("", '[site]\nurl = "https://x/"\n'),
        ('# mine\n[site] # so\ntitle = "T"\n', '# mine\n[site] # so\nurl = "https://x/"\ntitle = "T"\n'),
        (
            '[site]\nurl = "https://old/"\n[site.footer]\ntext = "a"\n',
            '[site]\nurl = "https://x/"\n[site.footer]\ntext = "a"\n',
        ),
        ('[engine]\nname = "duckdb"\n', '[engine]\nname = "duckdb"\n\n[site]\nurl = "https://x/"\n'),
        ('site = { title = "T" }\n', None),
        ('[site]\nurl = "https://x/"\n', '[site]\nurl = "https://x/"\n'),
    ],
)
def test_an_address_is_written_and_all_else_stands(before: str, after: str | None) -> None:
    assert _with_url(before, "https://x/") == after
