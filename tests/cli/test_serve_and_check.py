"""`flipsite serve` and `flipsite check` on the packaged content, as a stranger would call them."""

import re
import shutil
import signal
import socket
import subprocess
import sys
from http.client import HTTPConnection
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FLIPSITE = [sys.executable, "-m", "flipsite"]


def check(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*FLIPSITE, "check", *arguments], cwd=folder, capture_output=True, text=True, check=False
    )


@pytest.mark.parametrize(
    "project", ["article_project", pytest.param("default_project", marks=pytest.mark.slow)]
)
def test_the_built_site_has_no_fault_until_one_is_made(
    project: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    built = shutil.copytree(request.getfixturevalue(project), tmp_path / "built")
    done = check(built)
    assert (done.returncode, done.stdout.endswith(": 0 faults\n"), done.stderr) == (0, True, ""), done.stdout
    (built / "site/robots.txt").write_text("edited")
    done = check(built, "site")
    assert done.returncode == 1
    assert (
        done.stdout
        == "robots.txt: changed file: is not as flipsite wrote it: edited, or damaged\nsite: 1 fault\n"
    )


def test_a_folder_without_a_site_is_one_sentence(tmp_path: Path) -> None:
    done = check(tmp_path, "nowhere")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == (
        "flipsite: nowhere: there is no site here (no index.html);"
        " run `flipsite build` first, or name its folder\n"
    )


def test_serve_builds_shows_and_ends_at_ctrl_c(tmp_path: Path) -> None:
    studies = tmp_path / "content/studies"
    shutil.copytree(ROOT / "content/studies/small-models-die", studies / "small-models-die")
    command = [*FLIPSITE, "serve", "--port", "0"]
    process = subprocess.Popen(
        command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    said = [process.stdout.readline(), process.stdout.readline()]
    try:
        assert said[0].startswith("Built in ")
        connection = HTTPConnection("127.0.0.1", int(re.findall(r":(\d+)/", said[1])[0]), timeout=60)
        connection.request("GET", "/")
        assert b"reload.js" in connection.getresponse().read()
        connection.close()
    finally:
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=60)
    assert (process.returncode, out, err) == (0, "Stopped.\n", "")


def test_a_taken_port_that_was_asked_for_ends_with_a_sentence(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        done = subprocess.run(
            [*FLIPSITE, "serve", "--port", port], cwd=tmp_path, capture_output=True, text=True, check=False
        )
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == (
        f"flipsite: 127.0.0.1: port {port} is taken; end what listens there, or name a free one with --port\n"
    )
