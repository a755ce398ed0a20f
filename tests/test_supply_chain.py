"""What is installed is what was chosen, to the byte; what is shipped is what was written, and no more."""

import os
import re
import shutil
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
EXTRAS = tuple(PROJECT["optional-dependencies"])
LOCKS = {"base": (), **{extra: (extra,) for extra in EXTRAS}}
PIN = re.compile(r"([A-Za-z0-9._-]+)==([^\s;\\]+)( ; [^\\]+)?")
HASH = re.compile(r" {4}--hash=sha256:[0-9a-f]{64}")


def normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def chosen() -> dict[str, str]:
    """Name and version of each line of constraints.txt; a line that is no pin fails."""
    lines = (ROOT / "constraints.txt").read_text().splitlines()
    pins = [PIN.fullmatch(line) for line in lines]
    assert all(pins), [line for line, pin in zip(lines, pins, strict=True) if not pin]
    return {normal(pin[1]): pin[2] for pin in pins if pin}


def locked(name: str) -> Iterator[tuple[str, str, bool, list[str]]]:
    """Name, version, whether only for some platforms, and the hashes of each requirement of a lock."""
    text = (ROOT / f"requirements/{name}.txt").read_text()
    for block in re.split(r"\n(?=\S)", text.rstrip("\n")):
        first, *hashes = [line.removesuffix(" \\") for line in block.splitlines()]
        pin = PIN.fullmatch(first)
        assert pin, first
        yield normal(pin[1]), pin[2], bool(pin[3]), hashes


def asked_for(*extras: str) -> set[str]:
    lines = list(PROJECT["dependencies"])
    for extra in extras:
        lines += PROJECT["optional-dependencies"][extra]
    return {normal(re.split(r"[<>=~!; \[]", line)[0]) for line in lines} - {"flipsite"}


@pytest.mark.parametrize("lock", LOCKS)
def test_every_file_that_is_installed_has_its_hash(lock: str) -> None:
    """As chosen in constraints.txt; after a change of that or of pyproject.toml, `make lock`."""
    pins, seen = chosen(), set()
    for name, version, is_for_some, hashes in locked(lock):
        assert hashes, name
        assert all(HASH.fullmatch(line) for line in hashes), name
        assert pins.get(name, version) == version, f"{name}: run `make lock`"
        assert name in pins or is_for_some, f"{name}: choose its version in constraints.txt"
        seen.add(name)
    assert asked_for(*LOCKS[lock]) <= seen, "run `make lock`"


def test_no_lock_says_where_its_files_come_from() -> None:
    for path in (ROOT / "requirements").iterdir():
        assert "://" not in path.read_text(), path.name


def test_make_installs_by_hash_and_nothing_else() -> None:
    """Each `pip install` of the Makefile checks hashes, or installs flipsite itself from here."""
    lines = [line for line in (ROOT / "Makefile").read_text().splitlines() if "$(PIP)" in line]
    assert len(lines) >= 4
    for line in lines:
        assert "--no-deps --require-hashes --requirement requirements/" in line or (
            "--no-deps --no-build-isolation --editable ." in line
        ), line


def test_every_dependency_is_there_for_a_reason_that_is_written_down() -> None:
    """The table of docs/architecture.md names each of pyproject.toml, and no other."""
    text = (ROOT / "docs/architecture.md").read_text().partition("## Dependencies")[2]
    cells = [
        line.split("|")[1:3]
        for line in text.splitlines()
        if line.startswith("| ") and "| Package |" not in line
    ]
    assert all(reason.strip() for _, reason in cells)
    names = [name for cell, _ in cells for name in re.sub(r"\(.*?\)", "", cell).split(",")]
    told = [normal(name.strip()) for name in names]
    assert sorted(told) == sorted({*told}), "twice"
    assert {*told} == asked_for(*EXTRAS)


def tracked(*folders: str) -> set[str]:
    listed = subprocess.run(["git", "ls-files", "-z", *folders], cwd=ROOT, check=True, capture_output=True)
    return {name for name in listed.stdout.decode().split("\0") if name and (ROOT / name).is_file()}


@pytest.fixture(scope="module")
def builds(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """The distributions that `python -m build` makes of the tracked files, in two places."""
    found = []
    for name in ("here", "elsewhere/deep"):
        folder = tmp_path_factory.mktemp("build") / name
        for path in tracked():
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(ROOT / path, folder / path)
        command = [sys.executable, "-m", "build", "--no-isolation", "--sdist", "--wheel"]
        environment = {**os.environ, "SOURCE_DATE_EPOCH": "1764000000", "PYTHONPATH": ""}
        subprocess.run(command, cwd=folder, env=environment, check=True, capture_output=True)
        found.append(folder / "dist")
    return found


@pytest.mark.slow
def test_wheel_and_sdist_are_the_same_to_the_byte_wherever_they_are_built(builds: list[Path]) -> None:
    here, elsewhere = ({path.name: path.read_bytes() for path in folder.iterdir()} for folder in builds)
    assert len(here) == 2
    assert here == elsewhere


@pytest.mark.slow
def test_a_wheel_holds_the_package_its_templates_and_content_and_nothing_else(builds: list[Path]) -> None:
    with zipfile.ZipFile(next(builds[0].glob("*.whl"))) as wheel:
        held = set(wheel.namelist())
    about = {name for name in held if name.partition("/")[0].endswith(".dist-info")}
    ends = {"METADATA", "WHEEL", "RECORD", "entry_points.txt", "licenses/LICENSE"}
    assert {name.partition("/")[2] for name in about} == ends
    package = {path.removeprefix("generator/") for path in tracked("generator")}
    assert held - about == package | {
        f"flipsite/{path}"
        for path in tracked("templates", "content", "flipsite.toml", "requirements/base.txt")
    }


@pytest.mark.slow
def test_a_source_archive_holds_what_is_tracked_and_nothing_else(builds: list[Path]) -> None:
    with tarfile.open(next(builds[0].glob("*.tar.gz"))) as archive:
        held = {name.partition("/")[2] for name in archive.getnames()}
    wanted = ("generator", "templates", "content", "tests", "docs", "examples", "requirements", "benchmarks")
    files = (
        "README.md",
        "CONTRIBUTING.md",
        "SECURITY.md",
        "CHANGELOG.md",
        "CITATION.cff",
        "LICENSE",
        "Makefile",
        "constraints.txt",
        "flipsite.toml",
        "pyproject.toml",
    )
    assert held == tracked(*wanted, "notebooks", *files, ".gitignore") | {"PKG-INFO"}
