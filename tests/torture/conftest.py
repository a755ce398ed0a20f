"""The preload, compiled once, and how long each test may torture."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.torture.torturing import SECONDS, SEED

HERE = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.torture)


@pytest.fixture(scope="session")
def preload(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """`faults.c` as a library for LD_PRELOAD."""
    library = tmp_path_factory.mktemp("preload") / "faults.so"
    compiler = ["cc", "-shared", "-fPIC", "-O1", "-Wall", "-Wextra", "-Werror", "-pthread"]
    subprocess.run([*compiler, "-o", str(library), str(HERE / "faults.c")], check=True)
    return library


@pytest.fixture
def under_preload(preload: Path, tmp_path: Path) -> Callable[..., str]:
    """Runs a script of this folder under the preload; returns what it prints."""

    def run(script: str, *arguments: str, patience_s: float) -> str:
        path = os.pathsep.join([str(HERE.parents[1]), *sys.path])
        ran = subprocess.run(
            [sys.executable, str(HERE / script), *arguments],
            env={
                **os.environ,
                "LD_PRELOAD": str(preload),
                "PYTHONPATH": path,
                "XDG_CACHE_HOME": str(tmp_path / "cache"),
            },
            cwd=tmp_path,
            timeout=patience_s,
            capture_output=True,
            text=True,
            check=False,
        )
        assert ran.returncode == 0, f"seed {SEED}: {ran.stderr[-3000:]}"
        return ran.stdout

    return run


@pytest.fixture
def torture(under_preload: Callable[..., str], tmp_path: Path) -> Callable[..., dict[str, Any]]:
    """Runs a scenario under faults or kills for a share of the suite's seconds."""

    def run(scenario: str, way: str, share: float) -> dict[str, Any]:
        job = {
            "scenario": scenario,
            "way": way,
            "seed": f"{SEED} {scenario} {way}",
            "seconds": SECONDS * share,
            "root": str(tmp_path / "root"),
        }
        said = under_preload("tortured.py", json.dumps(job), patience_s=SECONDS * share + 180)
        told: dict[str, Any] = json.loads(said)
        print(f"{scenario}, {way}: {told['runs']} runs of {told['possible'] or 'any number'}, seed {SEED}")  # noqa: T201
        return told

    return run
