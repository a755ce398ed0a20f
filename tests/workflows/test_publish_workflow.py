"""From `flipsite init` to the reader: published for real, served under a folder, every link followed."""

import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from functools import partial
from html.parser import HTMLParser
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.error import HTTPError
from urllib.parse import urldefrag, urljoin
from urllib.request import urlopen

import pytest
import yaml

from flipsite.cli.init import init
from flipsite.collect.simulated import COINS, Endpoint
from flipsite.collect.simulated.server import serving

pytestmark = pytest.mark.slow

FLIPSITE = [sys.executable, "-m", "flipsite"]


@pytest.fixture
def environment() -> dict[str, str]:
    """This machine's, with `flipsite` on the path, git's identity, and no one's settings."""
    who = {
        f"GIT_{role}_{key}": value
        for role in ("AUTHOR", "COMMITTER")
        for key, value in (("NAME", "A"), ("EMAIL", "a@example.org"))
    }
    source = str(Path(__file__).parents[2] / "generator")
    return {**os.environ, **who, "GIT_CONFIG_GLOBAL": "/dev/null", "PYTHONPATH": source}


@pytest.fixture
def project(tmp_path: Path, environment: Mapping[str, str]) -> Path:
    """A new project in a repository, a bare one behind it."""
    folder = tmp_path / "coins"
    init(folder, templates=False)
    run("git", "init", "--quiet", "--bare", str(tmp_path / "bare.git"), folder=tmp_path, env=environment)
    for command in (
        ("init", "--quiet", "--initial-branch", "main"),
        ("add", "--all"),
        ("commit", "--quiet", "--message", "Begin"),
        ("remote", "add", "origin", str(tmp_path / "bare.git")),
    ):
        run("git", *command, folder=folder, env=environment)
    return folder


def run(*command: str, folder: Path, env: Mapping[str, str], status: int = 0) -> str:
    done = subprocess.run(
        command, cwd=folder, env=dict(env), capture_output=True, text=True, timeout=300, check=False
    )
    assert done.returncode == status, f"{command}\n{done.stdout}\n{done.stderr}"
    return done.stdout + done.stderr


@pytest.fixture
def served(tmp_path: Path) -> Iterator[str]:
    """The address of `www/` on a local server."""
    (tmp_path / "www").mkdir()

    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(tmp_path / "www"))) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


class _Links(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self.ids: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        for key, value in attrs:
            if key in {"href", "src"} and value and not (tag == "link" and ("rel", "canonical") in attrs):
                self.found.append(value)
            if key == "id" and value:
                self.ids.add(value)


def crawl(start: str) -> dict[str, int]:
    """The status of everything that can be reached from an address on its host, by following links."""
    seen: dict[str, int] = {}
    anchors: dict[str, set[str]] = {}
    wanted: list[tuple[str, str]] = []
    waiting = [start]
    host = "/".join(start.split("/")[:3])
    while waiting:
        address = waiting.pop()
        if address in seen:
            continue
        try:
            with urlopen(address, timeout=10) as answer:  # noqa: S310 - our own loopback server
                seen[address], body = answer.status, answer.read()
                is_page = answer.headers.get_content_type() == "text/html"
        except HTTPError as error:
            seen[address] = error.code
            continue
        if not is_page:
            continue
        page = _Links()
        page.feed(body.decode())
        anchors[address] = page.ids
        for link in page.found:
            target, anchor = urldefrag(urljoin(address, link))
            if target.startswith(host):
                waiting.append(target)
                wanted.append((target, anchor))
    broken = [
        (page, anchor) for page, anchor in wanted if anchor and anchor not in anchors.get(page, {anchor})
    ]
    assert broken == []
    return seen


def test_a_published_site_works_where_it_is_shown(
    project: Path, tmp_path: Path, served: str, environment: Mapping[str, str]
) -> None:
    run(
        *FLIPSITE,
        "collect",
        "trial",
        "--simulated",
        "--yes",
        "--draws",
        "12",
        folder=project,
        env=environment,
    )
    send = [*FLIPSITE, "publish", "--yes", "--base-url", f"{served}/coins/"]
    tried = run(*send, "--dry-run", folder=project, env=environment)
    assert f"{served}/coins/" in tried
    assert run("git", "for-each-ref", folder=tmp_path / "bare.git", env=environment) == ""
    said = run(*send, folder=project, env=environment)
    assert said.startswith("Published to gh-pages")
    assert f"\n{served}/coins/\n" in said
    clone = ("git", "clone", "--quiet", "--branch", "gh-pages", str(tmp_path / "bare.git"), "www/coins")
    run(*clone, folder=tmp_path, env=environment)
    statuses = crawl(f"{served}/coins/index.html")
    assert len(statuses) > 60
    assert {address: status for address, status in statuses.items() if status != 200} == {}
    assert all(address.startswith(f"{served}/coins/") for address in statuses)
    with urlopen(f"{served}/coins/404.html") as page:  # noqa: S310 - our own loopback server
        assert f'href="{served}/coins/' in page.read().decode()
    assert "nothing has changed" in run(*send, folder=project, env=environment)


def test_a_site_with_a_fault_is_not_published(
    project: Path, tmp_path: Path, environment: Mapping[str, str]
) -> None:
    story = project / "content" / "story.md"
    story.write_text(story.read_text(encoding="utf-8") + "\n[gone](nowhere.html)\n", encoding="utf-8")
    said = run(*FLIPSITE, "publish", folder=project, env=environment, status=1)
    assert "index.html:" in said
    assert "nowhere.html" in said
    assert "nothing was published" in said
    assert run("git", "for-each-ref", folder=tmp_path / "bare.git", env=environment) == ""


def steps(project: Path, workflow: str, job: str) -> list[dict[str, str]]:
    """The scripts of a workflow's job, but for the one that installs flipsite."""
    read = yaml.safe_load((project / ".github" / "workflows" / workflow).read_text(encoding="utf-8"))
    return [step for step in read["jobs"][job]["steps"] if "run" in step and step["name"] != "Install"]


def shim(folder: Path, name: str, script: str) -> None:
    folder.mkdir(exist_ok=True)
    (folder / name).write_text(f"#!/bin/sh\n{script}\n")
    (folder / name).chmod(0o755)


def test_the_site_workflow_builds_and_checks_the_site(
    project: Path, tmp_path: Path, environment: dict[str, str]
) -> None:
    """Its scripts as the runner runs them."""
    shim(tmp_path / "bin", "flipsite", f'exec "{sys.executable}" -m flipsite "$@"')
    env = environment | {
        "PATH": f"{tmp_path / 'bin'}:{os.environ['PATH']}",
        "FLIPSITE_BUILD_BASE_URL": "https://me.github.io/coins",
    }
    for step in steps(project, "site.yml", "build"):
        run("bash", "-e", "-c", step["run"], folder=project, env=env)
    assert "https://me.github.io/coins/" in (project / "site" / "404.html").read_text(encoding="utf-8")


GH = """
import json, os, pathlib, shutil, subprocess, sys
words, kept = sys.argv[1:], pathlib.Path(os.environ["KEPT"])
with open(kept / "gh.txt", "a") as log:
    log.write(" ".join(words) + "\\n")
if words[0] == "api" and "matching-refs" in words[1]:
    name = words[1].rpartition("/")[2]
    command = ["git", "for-each-ref", "--format=%(refname)", f"refs/heads/{name}"]
    subprocess.run(command, cwd=os.environ["BARE"], check=True)
elif words[0] == "api":
    name = words[1].partition("name=")[2]
    print("1" if (kept / name).exists() else "")
elif words[:2] == ["run", "download"]:
    source, target = (words[words.index(option) + 1] for option in ("--name", "--dir"))
    shutil.copytree(kept / source, target, dirs_exist_ok=True)
"""
"""GitHub's command, as far as the workflow asks it: artifacts are folders, branches the repository's."""


class Runner:
    """Runs the monthly workflow as GitHub does: a fresh clone a job, artifacts kept between runs."""

    def __init__(self, tmp_path: Path, env: Mapping[str, str]) -> None:
        self.root, self.kept, self.n_runs = tmp_path, tmp_path / "kept", 0
        self.kept.mkdir()
        shim(tmp_path / "bin", "flipsite", f'exec "{sys.executable}" -m flipsite "$@"')
        (tmp_path / "gh.py").write_text(GH)
        shim(tmp_path / "bin", "gh", f'exec "{sys.executable}" "{tmp_path / "gh.py"}" "$@"')
        shim(tmp_path / "bin", "date", 'echo "$MONTH"')
        self.env = {
            **env,
            "PATH": f"{tmp_path / 'bin'}:{os.environ['PATH']}",
            "KEPT": str(self.kept),
            "BARE": str(tmp_path / "bare.git"),
            "GITHUB_REPOSITORY": "me/coins",
            "GITHUB_RUN_ID": "1",
            "IS_PRIVATE": "false",
            "PASSPHRASE": "long and random",
        }

    def run(self, month: str, *, status: int = 0, **more: str) -> bool:
        """Run both jobs; whether there was anything to do."""
        outputs: dict[str, str] = {}
        env = self.env | {"MONTH": month, "STUDY": f"coin-flips-{month}", **more}
        done = self._job("collect", env, outputs)
        assert done == status
        if status == 0 and outputs["new"] == "yes":
            assert self._job("propose", env, {}) == 0
        return outputs["new"] == "yes"

    def _job(self, job: str, env: Mapping[str, str], outputs: dict[str, str]) -> int:
        self.n_runs += 1
        folder, output = self.root / f"job-{self.n_runs}", self.root / "output.txt"
        clone = ("git", "clone", "--quiet", "--branch", "main", str(self.root / "bare.git"), str(folder))
        run(*clone, folder=self.root, env=env)
        flow = yaml.safe_load((folder / ".github/workflows/collect.yml").read_text(encoding="utf-8"))
        failed = 0
        for step in flow["jobs"][job]["steps"]:
            condition = str(step.get("if", ""))
            if ("new == 'yes'" in condition and outputs.get("new") != "yes") or (
                failed and "always()" not in condition
            ):
                continue
            if "upload-artifact" in step.get("uses", ""):
                self._upload(folder, step["with"], env["STUDY"])
            elif "run" in step and step["name"] != "Install":
                output.write_text("")
                command = ["bash", "-e", "-c", step["run"]]
                seen = {**env, "GITHUB_OUTPUT": str(output)}
                status = subprocess.run(command, cwd=folder, env=seen, check=False).returncode
                failed = failed or status
                outputs |= dict(line.split("=", 1) for line in output.read_text().splitlines())
        return failed

    def _upload(self, folder: Path, given: Mapping[str, str], study: str) -> None:
        named = {
            key: str(text).replace("${{ steps.month.outputs.study }}", study) for key, text in given.items()
        }
        source, target = folder / named["path"], self.kept / named["name"]
        if source.is_dir():
            shutil.copytree(source, target, dirs_exist_ok=True)
        elif source.exists():
            target.mkdir(exist_ok=True)
            shutil.copy(source, target)


@pytest.fixture
def runner(project: Path, tmp_path: Path, environment: Mapping[str, str]) -> Iterator[Runner]:
    run("git", "push", "--quiet", "origin", "main", folder=project, env=environment)
    endpoint = Endpoint(seed=1, coins=COINS)
    with serving(endpoint) as base:
        made = Runner(tmp_path, environment)
        made.env |= {
            "OPENROUTER_API_KEY": "sk-or-test",
            "FLIPSITE_COLLECT_BUDGET": "1",
            "FLIPSITE_COLLECT_API_BASE": base,
            "FLIPSITE_COLLECT_DRAWS": "4",
        }
        yield made


def test_two_months_in_a_row_and_a_re_run(
    runner: Runner, tmp_path: Path, environment: Mapping[str, str]
) -> None:
    """Each month is a branch and a request that is checked; a month that is there is not asked again."""
    for month in ("2026-01", "2026-02"):
        assert runner.run(month)
        study = f"coin-flips-{month}"
        sent = run(
            "git", "ls-tree", "-r", "--name-only", study, folder=tmp_path / "bare.git", env=environment
        )
        assert f"content/studies/{study}/draws.parquet" in sent.splitlines()
        assert ".flipsite" not in sent
    said = (runner.kept / "gh.txt").read_text()
    assert said.count("pr create") == 2
    assert said.count("workflow run site.yml --ref coin-flips-2026-0") == 2
    # A server that nobody may ask: the re-run does not.
    assert not runner.run("2026-02", FLIPSITE_COLLECT_API_BASE="http://127.0.0.1:9/v1")


def test_a_failed_month_keeps_what_was_bought_and_goes_on_from_it(runner: Runner, tmp_path: Path) -> None:
    """The first run ends with the work half done; the second asks only for the rest."""
    shim(tmp_path / "bin", "flipsite", f'"{sys.executable}" -m flipsite "$@"; exit 1')
    runner.run("2026-01", status=1, FLIPSITE_COLLECT_DRAWS="2")
    packed = (runner.kept / "raw-coin-flips-2026-01/raw.tar").read_bytes()
    assert packed.startswith(b"Salted__")
    assert not (runner.kept / "draws-coin-flips-2026-01").exists()
    shim(tmp_path / "bin", "flipsite", f'exec "{sys.executable}" -m flipsite "$@"')
    # With what was kept there is nothing left to ask, of a server that would not answer.
    assert runner.run("2026-01", FLIPSITE_COLLECT_DRAWS="2")
    assert "pr create" in (runner.kept / "gh.txt").read_text()


def test_a_public_repository_without_a_passphrase_asks_nothing(runner: Runner) -> None:
    runner.run("2026-01", status=1, PASSPHRASE="")
    assert not (runner.kept / "raw-coin-flips-2026-01").exists()
