"""The wheel under each Python that this machine has: installed by hash, then collected, built and checked.

`make compat`. It looks for python3.11 … python3.14 on the path and under `~/.pyenv/versions`, and fails if
the wheel does not install or any of the commands fails; a version that is not there is told.
"""

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parents[2]
VERSIONS = ("3.11", "3.12", "3.13", "3.14")
COMMANDS = (
    ("--version",),
    ("collect", "trial", "--simulated", "--draws", "4", "--models", "simulated/fair", "--yes"),
    ("build",),
    ("check",),
)


def interpreter(version: str) -> str | None:
    """Where a Python of this version is."""
    own = sorted(Path.home().glob(f".pyenv/versions/{version}.*/bin/python"))
    return str(own[-1]) if own else shutil.which(f"python{version}")


def run(*command: str | Path, cwd: Path) -> None:
    subprocess.run([str(word) for word in command], cwd=cwd, check=True, capture_output=True, text=True)


def smoke(python: str, wheel: Path, folder: Path) -> None:
    """Install and use flipsite in a folder of its own.

    Raises:
        CalledProcessError: If a step fails, with all it said.
    """
    environment = folder / "venv"
    run(python, "-m", "venv", environment, cwd=folder)
    own = environment / ("Scripts" if sys.platform == "win32" else "bin") / "python"
    pip = (own, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps")
    run(*pip, "--require-hashes", "--requirement", ROOT / "requirements/base.txt", cwd=folder)
    run(*pip, wheel, cwd=folder)
    run(own, "-m", "pip", "check", cwd=folder)
    (folder / "empty").mkdir()
    for words in COMMANDS:
        run(own, "-m", "flipsite", *words, cwd=folder / "empty")


def main() -> int:
    failed = 0
    with tempfile.TemporaryDirectory() as scratch:
        dist = Path(scratch) / "dist"
        run(sys.executable, "-m", "build", "--no-isolation", "--wheel", "--outdir", dist, ROOT, cwd=ROOT)
        wheel = next(dist.glob("*.whl"))
        for version in VERSIONS:
            python, told = interpreter(version), "not on this machine"
            if python is not None:
                folder = Path(scratch) / version
                folder.mkdir()
                try:
                    smoke(python, wheel, folder)
                    told = "installs, collects, builds, checks"
                except subprocess.CalledProcessError as error:
                    failed += 1
                    told = f"FAILED: {error.cmd[1:]}\n{error.stdout}{error.stderr}"
                shutil.rmtree(folder)
            print(f"Python {version}: {told}", flush=True)
    return failed


if __name__ == "__main__":
    sys.exit(main())
