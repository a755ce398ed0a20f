"""A project that `flipsite init` began: it builds, says what to do next, and publishes itself."""

import hashlib
import io
import re
import subprocess
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner

from flipsite.cli.init import init
from flipsite.cli.main import cli
from flipsite.domain.money import usd
from flipsite.errors import SiteError
from flipsite.project import find_project, packaged, study_ids
from flipsite.settings import default_study, load_study
from flipsite.workflows.build import build
from flipsite.write.check.check import check_site
from flipsite.write.requirement import requirement_of
from flipsite.write.scaffold import GAMES, STUDY

ROOT = Path(__file__).parents[2]
PINNED = re.compile(r"uses: [\w/-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+")


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("new") / "coins"
    init(folder, templates=False)
    return folder


def test_a_new_project_builds_without_a_fault_and_says_what_to_do_next(project: Path) -> None:
    report = build(find_project(project), out=project / "site")
    assert report.warnings == (f"study '{STUDY}' has no draws yet; run `flipsite collect {STUDY}`",)
    assert f"flipsite collect {STUDY}" in (project / f"site/{STUDY}/index.html").read_text(encoding="utf-8")
    assert check_site(project / "site") == []


def test_the_study_is_the_articles_with_a_budget(project: Path) -> None:
    """Every key of it is at its default but the words about it and the money."""
    study = load_study(project / "content" / "studies" / STUDY)
    default = default_study(STUDY)
    assert study.budget.total_usd == usd(5)
    assert study == replace(default, title=study.title, summary=study.summary, budget=study.budget)


@pytest.mark.parametrize("game", GAMES)
def test_a_project_can_begin_with_a_game(game: str, tmp_path: Path) -> None:
    """Its study is read, states every probability, and asks for the outcome in the last line."""
    init(tmp_path, templates=False, game=game)
    study = load_study(tmp_path / "content" / "studies" / game)
    text = study.prompt.text(study.prompt.outcomes)
    assert re.search(r"probability", text)
    assert re.search(r"^Output: \[the \w+\]$", text.strip().splitlines()[-1])
    assert (
        study.prompt.n_outcomes
        == {
            "die": 6,
            "range": 100,
            "cards": 52,
            "rps": 3,
            "weekday": 7,
            "weighted": 3,
        }[game]
    )
    assert (tmp_path / "content" / "studies" / STUDY / "study.toml").is_file()


def test_every_key_of_a_study_is_there_to_be_found(project: Path) -> None:
    text = (project / "content" / "studies" / STUDY / "study.toml").read_text(encoding="utf-8")
    for key in (
        "temperature",
        "max_tokens",
        "per_model_usd",
        "orders",
        "labels",
        "pair",
        "target",
        "exclude",
    ):
        assert re.search(rf"^(# )?{key} = ", text, flags=re.MULTILINE), key
    assert "# [[models.skip]]" in text


def test_a_second_time_changes_nothing(tmp_path: Path) -> None:
    (tmp_path / "README.md").write_text("mine")
    first = init(tmp_path, templates=False)
    assert first.left == ("README.md",)
    again = init(tmp_path, templates=False)
    assert (again.written, set(again.left)) == ((), {"README.md", *first.written})
    assert (tmp_path / "README.md").read_text() == "mine"


def test_templates_are_copied_to_be_changed_and_win(tmp_path: Path) -> None:
    started = init(tmp_path, templates=True)
    copied = {path.removeprefix("templates/") for path in started.written if path.startswith("templates/")}
    source = packaged("templates")
    assert copied == {path.relative_to(source).as_posix() for path in source.rglob("*") if path.is_file()}
    assert find_project(tmp_path).templates[0] == (tmp_path / "templates").resolve()


def test_the_command_tells_each_file_and_what_to_do_next(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    said = CliRunner().invoke(cli, ["init", "coins"]).output
    assert "wrote coins/content/story.md" in said
    assert "\nNext:\n  cd coins\n  flipsite serve --open" in said
    assert study_ids(find_project(tmp_path / "coins")) == (STUDY,)


def test_a_folder_that_cannot_be_made_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(SiteError, match="cannot be written"):
        init(tmp_path / "file" / "coins", templates=False)


def test_the_project_asks_for_this_flipsite(project: Path) -> None:
    """Installed from a folder of this machine, so the project brings a wheel of it, with its digest."""
    line = (project / "requirements.txt").read_text()
    asked = re.fullmatch(r"file:(vendor/flipsite-.*\.whl)#sha256=(\w{64})\n", line)
    assert asked
    wheel = (project / asked[1]).read_bytes()
    assert hashlib.sha256(wheel).hexdigest() == asked[2]
    lock = (project / "dependencies.txt").read_text()
    assert lock == (ROOT / "requirements/base.txt").read_text()
    assert all("==" in line for line in lock.splitlines() if not line.startswith(" "))
    assert lock.count("--hash=sha256:") > 100
    held = set(zipfile.ZipFile(io.BytesIO(wheel)).namelist())
    assert {
        "flipsite/cli/main.py",
        "flipsite/requirements/base.txt",
        "flipsite/templates/base.html",
        "flipsite/flipsite.toml",
    } <= held


@pytest.mark.parametrize(
    ("origin", "wanted"),
    [
        (None, r"flipsite==1\.0"),
        (
            {"url": "https://example.org/f.git", "vcs_info": {"vcs": "git", "commit_id": "abc"}},
            r"flipsite @ git\+https://example\.org/f\.git@abc",
        ),
        (
            {"url": "https://example.org/f.whl", "archive_info": {"hashes": {"sha256": "12"}}},
            r"flipsite @ https://example\.org/f\.whl#sha256=12",
        ),
    ],
)
def test_a_flipsite_from_elsewhere_is_asked_for_there(origin: dict[str, object] | None, wanted: str) -> None:
    line, files = requirement_of(origin, version="1.0")
    assert re.fullmatch(wanted, line.strip())
    assert files == {}


def test_it_begins_at_the_root_of_the_repository_and_builds_from_its_branch(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    subprocess.run(["git", "init", "--quiet", "--initial-branch", "trunk", str(tmp_path)], check=True)
    (tmp_path / "deep").mkdir()
    monkeypatch.chdir(tmp_path / "deep")
    assert CliRunner().invoke(cli, ["init"]).exit_code == 0
    assert "branches: [trunk]" in (tmp_path / ".github/workflows/site.yml").read_text()
    assert (tmp_path / ".github/dependabot.yml").exists()
    assert not list((tmp_path / "deep").iterdir())


@pytest.mark.parametrize("name", ["site.yml", "collect.yml"])
def test_a_workflow_is_pinned_bounded_and_has_least_permissions(project: Path, name: str) -> None:
    text = (project / ".github" / "workflows" / name).read_text(encoding="utf-8")
    flow = yaml.safe_load(text)
    installs = [line for line in text.splitlines() if "pip install" in line]
    assert all("--require-hashes" in line or "--no-deps" in line for line in installs)
    assert all(PINNED.search(line) for line in text.splitlines() if "uses:" in line)
    assert flow["permissions"] in ({"contents": "read"}, {})
    for job in flow["jobs"].values():
        assert job["timeout-minutes"] <= 350
        for step in job["steps"]:
            # An expression is put in before the shell reads the script: its text becomes script.
            assert "${{" not in step.get("run", "")


def test_the_site_workflow_needs_no_key_and_may_publish_in_one_job_alone(project: Path) -> None:
    text = (project / ".github/workflows/site.yml").read_text(encoding="utf-8")
    jobs = yaml.safe_load(text)["jobs"]
    assert "secrets." not in text
    assert jobs["build"]["permissions"] == {"contents": "read", "pages": "read"}
    assert jobs["deploy"]["permissions"] == {"pages": "write", "id-token": "write"}


def test_collecting_is_off_and_its_key_is_seen_by_one_step(project: Path) -> None:
    jobs = yaml.safe_load((project / ".github/workflows/collect.yml").read_text())["jobs"]
    job = jobs["collect"]
    assert job["if"] == "vars.FLIPSITE_COLLECT == 'on' && vars.FLIPSITE_BUDGET != ''"
    seeing = [step["name"] for step in job["steps"] if "secrets.OPENROUTER" in str(step)]
    assert "secrets." not in str(jobs["propose"])
    assert job["permissions"] == {"contents": "read", "actions": "read"}
    assert seeing == ["Collect, within the budget"]
    assert "FLIPSITE_COLLECT_BUDGET" in str(job["steps"])
