"""The charts of a build are drawn once, by a process of their own where there may be one."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from flipsite.present.renderer import start_engine
from flipsite.project import find_project
from flipsite.store.imports.columns import ImportOptions
from flipsite.workflows.build import build
from flipsite.workflows.import_export import import_draws


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A study of three models."""
    (tmp_path / "content/studies").mkdir(parents=True)
    draws = tmp_path / "draws.csv"
    rows = [f"a/m{model},{int(draw % 4 < model)}" for model in range(3) for draw in range(8)]
    draws.write_text("\n".join(["model,outcome", *rows]) + "\n")
    import_draws(find_project(tmp_path), "one", draws, options=ImportOptions())
    return tmp_path


def files_of(out: Path) -> dict[str, bytes]:
    return {str(path.relative_to(out)): path.read_bytes() for path in out.rglob("*") if path.is_file()}


def test_a_process_that_draws_already_goes_on_drawing(project: Path) -> None:
    start_engine()
    build(find_project(project), out=project / "site", jobs=2)
    assert (project / "site/data/charts/one-bias-intervals.svg").exists()


@pytest.mark.slow
def test_it_does_not_matter_who_draws_and_the_next_build_draws_and_compiles_nothing(project: Path) -> None:
    build(find_project(project), out=project / "alone", jobs=1, force=True)
    # A process of its own: in this one the renderer runs already, and then draws itself.
    command = [sys.executable, "-m", "flipsite", "build", "--force", "-o", "first", "--jobs", "2"]
    subprocess.run(command, cwd=project, check=True)
    first = files_of(project / "first")
    assert first == files_of(project / "alone")
    told = "import vl_convert; vl_convert.vegalite_to_svg = vl_convert.svg_to_png = None\n"
    told += "import jinja2.bccache; jinja2.bccache.Bucket.bytecode_to_string = None\n"
    told += "from flipsite.cli.main import main; main(['build', '-o', 'second', '--jobs', '2'])"
    subprocess.run([sys.executable, "-c", told], cwd=project, check=True)
    assert files_of(project / "second") == first


@pytest.mark.slow
def test_no_picture_is_made_twice_whichever_process_asks(project: Path) -> None:
    told = "import functools, hashlib, flipsite.present.renderer as r\n"
    told += "@functools.wraps(make := r.palette_png)\n"
    told += "def noted(svg, *given):\n"
    told += "    open('made', 'a').write(hashlib.sha256(svg.encode()).hexdigest() + '\\n')\n"
    told += "    return make(svg, *given)\n"
    told += "r.palette_png = noted\n"
    told += "from flipsite.cli.main import main; main(['build', '--force', '-o', 'site', '--jobs', '2'])"
    subprocess.run([sys.executable, "-c", told], cwd=project, check=True)
    made = (project / "made").read_text().splitlines()
    assert len(made) == len(set(made)) > 5


@pytest.mark.parametrize("sent", [signal.SIGKILL, signal.SIGINT])
def test_a_build_that_is_ended_leaves_no_process_behind(project: Path, sent: signal.Signals) -> None:
    """All its processes have the writing end of one pipe; it is at its end when none of them is left."""
    reading, writing = os.pipe()
    told = "import os, sys, flipsite.workflows.render as r\n"
    told += f"r.DrawingProcess.ask = lambda *given: (os.write({writing}, b'!'), sys.stdin.read())\n"
    told += "from flipsite.cli.main import main; main(['build', '--force', '-o', 'site', '--jobs', '3'])"
    build = subprocess.Popen(
        [sys.executable, "-c", told],
        cwd=project,
        pass_fds=[writing],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    os.close(writing)
    assert os.read(reading, 1) == b"!"  # studies are analysed; the others wait to be asked
    build.send_signal(sent)
    assert os.read(reading, 1) == b""
    os.close(reading)
    assert build.wait() != 0
    build.communicate()


def test_a_build_that_is_interrupted_while_it_starts_its_processes_ends_them(project: Path) -> None:
    told = "import os, signal, flipsite.workflows.render as r\n"
    told += "r.DrawingProcess = lambda digests: signal.raise_signal(signal.SIGINT)\n"
    told += "from flipsite.cli.main import main\n"
    told += "try: main(['build', '--force', '-o', 'site', '--jobs', '3'])\n"
    told += "except BaseException: os.waitpid(-1, os.WNOHANG)"
    done = subprocess.run([sys.executable, "-c", told], cwd=project, capture_output=True, check=False)
    assert b"No child processes" in done.stderr
