"""From `flipsite init` to the reader: published for real, served under a folder, every link followed."""

import os
import re
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


def test_the_collect_workflow_opens_a_request_with_the_months_draws(
    project: Path, tmp_path: Path, environment: dict[str, str]
) -> None:
    """Its scripts as the runner runs them, against a simulated endpoint over HTTP, to a real repository."""
    shim(tmp_path / "bin", "flipsite", f'exec "{sys.executable}" -m flipsite "$@"')
    shim(tmp_path / "bin", "gh", f'echo "$@" >> "{tmp_path / "gh.txt"}"')
    (tmp_path / "env.txt").touch()
    with serving(Endpoint(seed=1, coins=COINS)) as base:
        env = environment | {
            "PATH": f"{tmp_path / 'bin'}:{os.environ['PATH']}",
            "GITHUB_ENV": str(tmp_path / "env.txt"),
            "OPENROUTER_API_KEY": "sk-or-test",
            "FLIPSITE_COLLECT_BUDGET": "1",
            "FLIPSITE_COLLECT_API_BASE": base,
            "FLIPSITE_COLLECT_DRAWS": "4",
        }
        for step in steps(project, "collect.yml", "collect"):
            run("bash", "-e", "-c", step["run"], folder=project, env=env)
            lines = (tmp_path / "env.txt").read_text().splitlines()
            env |= dict(line.split("=", 1) for line in lines)
    study = env["STUDY"]
    assert re.fullmatch(r"coin-flips-\d{4}-\d{2}", study)
    assert (tmp_path / "gh.txt").read_text().startswith(f"pr create --head {study}")
    sent = run("git", "ls-tree", "-r", "--name-only", study, folder=tmp_path / "bare.git", env=environment)
    new = {f"content/studies/{study}/study.toml", f"content/studies/{study}/draws.parquet"}
    assert new <= set(sent.splitlines())
    assert ".flipsite" not in sent
