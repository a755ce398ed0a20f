"""Git, as a test looks at a repository."""

import subprocess
from pathlib import Path


def git(folder: Path, *arguments: str) -> str:
    """The output of a command in a folder; it must succeed."""
    done = subprocess.run(["git", *arguments], cwd=folder, capture_output=True, text=True, check=True)
    return done.stdout.strip()
