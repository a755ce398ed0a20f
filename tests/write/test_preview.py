"""`serve` builds, shows, watches, survives a failed build, and ends cleanly."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.client import HTTPConnection, HTTPResponse
from pathlib import Path
from typing import Any

import pytest

from flipsite.errors import ContentError, SiteError
from flipsite.write.serve.livereload import Broadcast, State
from flipsite.write.serve.preview import address_of, explain, listen, site_version, watching

SERVE = """
import sys
from pathlib import Path
from tests.write.sites import FILES, page
from flipsite.errors import ContentError
from flipsite.write.serve.preview import serve
from flipsite.write.site.replace import replace_site

root = Path(sys.argv[1])

def build():
    body = (root / "content/story.md").read_text()
    if "broken" in body:
        raise ContentError("content/story.md:1: broken on purpose")
    files = {**FILES, "index.html": page(body)}
    replace_site({path: text.encode() for path, text in files.items()}, root / "site", version="1", inputs={})

def echo(line):
    print(line, flush=True)

opened = "--open" in sys.argv
serve(
    root / "site", build=build, watched=[root / "content"], host="127.0.0.1", port=0, open_browser=opened,
    watch=True, echo=echo
)
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "content").mkdir()
    (tmp_path / "content/story.md").write_text("<p>first</p>")
    return tmp_path


@contextmanager
def served(
    command: list[str | Path], **settings: Any
) -> Iterator[tuple[subprocess.Popen[str], int, list[str]]]:
    """A preview in a process of its own: the process, its port, and what it said until it said that."""
    env = {**os.environ, "PYTHONPATH": f"{os.environ.get('PYTHONPATH', '')}:{Path(__file__).parent}"}
    env |= settings.pop("env", {})
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=env, **settings
    )
    try:
        assert process.stdout is not None
        said = []
        for line in process.stdout:
            said.append(line)
            if (address := re.search(r"http://127\.0\.0\.1:(\d+)/", line)) is not None:
                yield process, int(address[1]), said
                break
        else:
            raise AssertionError("".join(said))
    finally:
        process.kill()
        process.communicate()


def home(port: int) -> str:
    connection = HTTPConnection("127.0.0.1", port, timeout=30)
    connection.request("GET", "/")
    body = connection.getresponse().read().decode()
    connection.close()
    return body


def until(is_so: Callable[[], bool], *, timeout_s: float = 30.0) -> bool:
    end = time.monotonic() + timeout_s
    while not is_so():
        if time.monotonic() > end:
            return False
        time.sleep(0.02)
    return True


def hear_until(stream: HTTPResponse, is_it: Callable[[dict[str, str]], bool]) -> dict[str, str]:
    """The first event of that kind; the page is told others too while a file is being saved."""
    while True:
        line = stream.readline()
        assert line, "the preview ended"
        if line.startswith(b"data: ") and is_it(told := json.loads(line[6:])):
            return dict(told)


def interrupt(process: subprocess.Popen[str]) -> tuple[int, str]:
    process.send_signal(signal.SIGINT)
    said, _ = process.communicate(timeout=30)
    return process.returncode, said


def test_a_change_is_built_a_fault_is_told_and_the_last_good_site_stays_up(project: Path) -> None:
    story = project / "content/story.md"
    with served([sys.executable, "-c", SERVE, project]) as (process, port, _):
        assert "first" in home(port)
        story.write_text("<p>second</p>")
        assert until(lambda: "second" in home(port))
        events = HTTPConnection("127.0.0.1", port, timeout=30)
        events.request("GET", "/.flipsite/events")
        stream = events.getresponse()
        story.write_text("<p>broken</p>")
        fault = hear_until(stream, lambda told: told["error"] is not None)
        assert fault["error"] == "content/story.md:1: broken on purpose"
        assert "second" in home(port)
        story.write_text("<p>third</p>")
        repaired = hear_until(stream, lambda told: told["error"] is None)
        assert until(lambda: "third" in home(port))
        assert repaired["version"] != fault["version"]
        status, said = interrupt(process)
        events.close()
    assert status == 0
    assert "Traceback" not in said
    assert "Not built: content/story.md:1: broken on purpose" in said
    assert said.endswith("Stopped.\n")
    assert sorted(os.listdir(project)) == ["content", "site"]  # noqa: PTH208 (names are wanted)


def test_a_first_build_that_fails_is_shown_until_it_is_repaired(project: Path) -> None:
    story = project / "content/story.md"
    story.write_text("broken")
    with served([sys.executable, "-c", SERVE, project]) as (_, port, _):
        assert "content/story.md:1: broken on purpose" in home(port)
        story.write_text("<p>repaired</p>")
        assert until(lambda: "repaired" in home(port))


def test_the_users_browser_is_opened_at_the_address(project: Path) -> None:
    browser = project / "browser"
    browser.write_text(f'#!/bin/sh\necho "$1" > {project}/opened\n')
    browser.chmod(0o755)
    settings = {"env": {"BROWSER": f"{browser} %s"}}
    with served([sys.executable, "-c", SERVE, project, "--open"], **settings) as (_, port, _):
        assert until(lambda: (project / "opened").exists() and (project / "opened").read_text() != "")
        assert (project / "opened").read_text() == f"http://127.0.0.1:{port}/\n"


def quiet(_: str) -> None:
    """Say nothing."""


def test_the_next_free_port_is_taken_and_told(tmp_path: Path) -> None:
    said: list[str] = []
    broadcast = Broadcast(State(version="none"))
    first = listen(tmp_path, broadcast, host="127.0.0.1", port=None, echo=said.append)
    second = listen(tmp_path, broadcast, host="127.0.0.1", port=None, echo=said.append)
    with first, second:
        assert second.server_port > first.server_port >= 8000
        assert "Port 8000 is taken." in said
        assert address_of(second) == f"http://127.0.0.1:{second.server_port}/"


def test_a_port_asked_for_that_is_taken_is_an_error(tmp_path: Path) -> None:
    broadcast = Broadcast(State(version="none"))
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(SiteError, match=f"port {port} is taken; .*--port"):
            listen(tmp_path, broadcast, host="127.0.0.1", port=port, echo=quiet)


@pytest.mark.parametrize("host", ["no.such.host.invalid", "192.0.2.1"])
def test_an_address_that_is_not_this_machines_is_an_error(tmp_path: Path, host: str) -> None:
    with pytest.raises(SiteError, match=host):
        listen(tmp_path, Broadcast(State(version="none")), host=host, port=0, echo=quiet)


@pytest.mark.parametrize(
    ("host", "shown"),
    [("0.0.0.0", "127.0.0.1"), ("::", "[::1]"), ("localhost", "localhost")],  # noqa: S104 (that is the point)
)
def test_the_address_told_is_one_that_a_browser_takes(tmp_path: Path, host: str, shown: str) -> None:
    with listen(tmp_path, Broadcast(State(version="none")), host=host, port=0, echo=quiet) as server:
        assert address_of(server) == f"http://{shown}:{server.server_port}/"


def test_a_users_error_is_told_in_its_sentence_and_a_bug_with_the_way_there() -> None:
    assert explain(ContentError("story.md:3: no such table")) == "story.md:3: no such table"
    try:
        exec(compile("\n\n1 / 0", "base.html", "exec"))  # noqa: S102 (as a template engine does)
    except ZeroDivisionError as error:
        told = explain(error)
    assert 'File "base.html", line 3' in told
    assert told.endswith("ZeroDivisionError: division by zero")


def test_a_sites_version_is_that_of_its_files(tmp_path: Path) -> None:
    assert site_version(tmp_path) == "none"
    (tmp_path / "build.json").write_text("{}")
    assert site_version(tmp_path) != "none"


def test_changes_below_the_watched_folders_are_noticed(tmp_path: Path) -> None:
    (tmp_path / "content/deep").mkdir(parents=True)
    with watching([tmp_path / "content"], except_for=tmp_path / "site") as changed:
        (tmp_path / "content/deep/story.md").write_text("new")
        assert changed.wait(5)
        changed.clear()
        (tmp_path / "content/deep/story.md").unlink()
        assert changed.wait(5)


def test_a_folder_that_comes_later_is_watched_from_then_on(tmp_path: Path) -> None:
    with watching([tmp_path / "templates"], except_for=tmp_path / "site") as changed:
        (tmp_path / "templates").mkdir()
        assert changed.wait(5)
        changed.clear()
        assert until(lambda: write_and_wait(tmp_path / "templates/base.html", changed.is_set))


def test_a_single_file_is_watched_too(tmp_path: Path) -> None:
    """`flipsite.toml`, which need not be there when the preview begins."""
    with watching([tmp_path / "flipsite.toml"], except_for=tmp_path / "site") as changed:
        (tmp_path / "flipsite.toml").write_text("[site]")
        assert changed.wait(5)
        changed.clear()
        assert until(lambda: write_and_wait(tmp_path / "flipsite.toml", changed.is_set))


def write_and_wait(path: Path, is_set: Callable[[], bool]) -> bool:
    """Save once more: the first may come before the new folder's watch."""
    path.write_text("x")
    return until(is_set, timeout_s=0.5)


def test_the_site_itself_and_an_editors_scratch_files_call_for_no_build(tmp_path: Path) -> None:
    """Else each build would call for the next."""
    (tmp_path / "site").mkdir()
    with watching([tmp_path], except_for=tmp_path / "site") as changed:
        (tmp_path / "site/index.html").write_text("built")
        (tmp_path / ".site.flipsite").mkdir()
        (tmp_path / ".site.flipsite/new").mkdir()
        (tmp_path / "story.md~").write_text("backup")
        (tmp_path / ".story.md.swp").write_text("swap")
        assert not changed.wait(0.8)
        (tmp_path / "story.md").write_text("saved")
        assert changed.wait(5)
