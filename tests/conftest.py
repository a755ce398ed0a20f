"""Fixtures shared by all tests."""

import fcntl
import gc
import hashlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import is_hypothesis_test, settings
from tests.narrowing import not_none

if TYPE_CHECKING:
    from playwright.sync_api import Browser

ROOT = Path(__file__).parents[1]
MEMORY = Path("/dev/shm")  # noqa: S108 - pytest makes folders of its own in it
if MEMORY.is_dir() and "TMPDIR" not in os.environ and shutil.disk_usage(MEMORY).free > 4e9:
    os.environ["TMPDIR"] = str(MEMORY)  # SQLite and every written file wait for the disk; memory does not
    tempfile.tempdir = None

os.environ["OPENBLAS_NUM_THREADS"] = "1"
"""Each core has a worker; a second thread of numpy's would only wait in the way of the other worker's."""

QUICK = 12
"""Examples of a property in a quick run, and steps of an example that has steps."""

# No deadline: the first example pays for imports, and cores are shared.
settings.register_profile("quick", deadline=None, max_examples=QUICK)
settings.register_profile("full", deadline=None, print_blob=True)
settings.load_profile("quick")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Mark properties, and bound what a property asks for itself unless the full profile was chosen."""
    full = config.getoption("--hypothesis-profile") == "full"
    for item in items:
        test = getattr(item, "obj", None)
        case = getattr(item, "cls", None)
        machine = getattr(case, "settings", None)
        if not is_hypothesis_test(test) and not isinstance(machine, settings):
            continue
        item.add_marker("property")
        if full:
            continue
        if isinstance(machine, settings):
            few = {
                name: min(getattr(machine, name), QUICK) for name in ("max_examples", "stateful_step_count")
            }
            not_none(case).settings = settings(machine, **few)
        else:
            own = not_none(test)._hypothesis_internal_use_settings
            not_none(test)._hypothesis_internal_use_settings = settings(
                own, max_examples=min(own.max_examples, QUICK)
            )


def pytest_collection_finish() -> None:
    """Spare the garbage collector the tests and libraries: they stay to the end."""
    gc.collect()
    gc.freeze()


# A background job of a script has it ignored, and its children too: no test could interrupt them.
signal.signal(signal.SIGINT, signal.default_int_handler)
if hasattr(signal, "SIGHUP"):
    signal.signal(signal.SIGHUP, signal.SIG_DFL)  # likewise under nohup

CHROMIUM = "/usr/bin/chromium"
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


def of_all_runs(tmp_path_factory: pytest.TempPathFactory, name: str) -> Path:
    """A folder that the workers of a run share, and the next run of this checkout finds again."""
    base = tmp_path_factory.getbasetemp()
    above = base.parents[1] if "PYTEST_XDIST_WORKER" in os.environ else base.parent
    folder = above / f"{name}-{hashlib.sha256(__file__.encode()).hexdigest()[:16]}"
    folder.mkdir(exist_ok=True)
    return folder


@pytest.fixture(scope="session")
def run_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that the workers of this run share."""
    base = tmp_path_factory.getbasetemp()
    return base.parent if "PYTEST_XDIST_WORKER" in os.environ else base


@pytest.fixture(scope="session", autouse=True)
def user_cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """A cache folder of the tests' own: what builds remember is nobody's here."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(of_all_runs(tmp_path_factory, "cache")))
        yield


@pytest.fixture(scope="session", autouse=True)
def drawn_once(user_cache: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Tests share a build cache: a chart is drawn, and a template compiled, once for all of them."""
    from flipsite.present.charts.svg import drawing_code
    from flipsite.present.result_cache import remembering
    from flipsite.project import find_project
    from flipsite.store.build_cache import BuildCache
    from flipsite.workflows.build import input_digests

    nothing = find_project(tmp_path_factory.getbasetemp())
    libraries = input_digests(nothing, (), base_url=None, elsewhere={})["libraries"]
    with remembering(BuildCache(made_by=f"{drawing_code()} {libraries}", anew=False)):
        yield


@pytest.fixture(scope="session")
def default_project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder where only `flipsite build` ran, to read; half a minute's work, so for slow tests."""
    return built_once(tmp_path_factory, "default")


@pytest.fixture(scope="session")
def article_project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same with the article for its only study."""
    return built_once(tmp_path_factory, "article", ROOT / "content/studies/article-2025")


def built_once(tmp_path_factory: pytest.TempPathFactory, name: str, *studies: Path) -> Path:
    """A folder with these studies where `flipsite build` ran: one for all runs, built on a change."""
    folder = of_all_runs(tmp_path_factory, name)
    with folder.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        for study in studies:
            shutil.copytree(study, folder / "content/studies" / study.name, dirs_exist_ok=True)
        subprocess.run([sys.executable, "-m", "flipsite", "build"], cwd=folder, check=True)
    return folder


@pytest.fixture(scope="session")
def browser() -> Iterator["Browser"]:
    """Debian's Chromium, headless: one for all tests, for two drivers cannot run in one process."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield opened
        opened.close()
