"""Files of every format, kept for ever: `python tests/golden/make.py formats` and `… site` (`make golden`).

`formats/N/` holds a file of each kind in the N-th released set of formats. It is written once, by the real
commands, and never again: a later flipsite must read it. `site.json` holds the SHA-256 of each file of the
tiny study's site, and `site/` a few of its pages whole, so that a change of them is read like code.
"""

import hashlib
import json
import os
import re
import shutil
import sqlite3
import subprocess
import sys
import tempfile
from contextlib import closing
from pathlib import Path

from flipsite import __version__
from flipsite.project import packaged

HERE = Path(__file__).parent
FORMATS, SITE, DIGESTS = HERE / "formats", HERE / "site", HERE / "site.json"
NEWEST = 4
"""The set of formats that this flipsite writes."""

MODELS = ("fair", "always-one", "biased-0.6", "refuses-30", "never-parses")
WHOLE = (
    "trial/index.html",
    "trial/leaderboard/index.html",
    "trial/models/simulated/fair/index.html",
    "trial/spend/index.html",
    "trial/embed/leaderboard.md",
    "trial/data/estimates.json",
    "sitemap.xml",
    "feed.xml",
)
VERSION = b"VERSION"


def flipsite(folder: Path, *words: str) -> None:
    """Run the command in a folder, without a key and without a date of its own."""
    environment = {**os.environ, "SOURCE_DATE_EPOCH": "1764000000"}
    subprocess.run([sys.executable, "-m", "flipsite", *words], cwd=folder, env=environment, check=True)


def tiny_project(folder: Path) -> None:
    """The tiny study: five coins, twelve draws each."""
    models = [word for model in MODELS for word in ("--models", f"simulated/{model}")]
    flipsite(folder, "collect", "trial", "--simulated", "--seed", "7", "--draws", "12", "--yes", *models)


def tiny_site(folder: Path) -> Path:
    """The tiny study's site."""
    tiny_project(folder)
    flipsite(folder, "build", "--jobs", "2")
    return folder / "site"


def scrubbed(content: bytes) -> bytes:
    """A file without what changes with the version alone: its number, and names made of digests."""
    content = content.replace(__version__.encode(), VERSION)
    return re.sub(rb"\.[0-9a-f]{10}\.(css|js|svg|woff2)", rb".DIGEST.\1", content)


def digests(site: Path) -> dict[str, str]:
    """SHA-256 of each file, by its path, but of those that hold nothing but others' digests."""
    files = {path.relative_to(site).as_posix(): path for path in site.rglob("*") if path.is_file()}
    named = {scrubbed(name.encode()).decode(): path for name, path in files.items() if name != "build.json"}
    return {name: hashlib.sha256(scrubbed(named[name].read_bytes())).hexdigest() for name in sorted(named)}


def write_site() -> None:
    with tempfile.TemporaryDirectory() as scratch:
        site = tiny_site(Path(scratch))
        DIGESTS.write_text(json.dumps(digests(site), indent=0) + "\n")
        shutil.rmtree(SITE, ignore_errors=True)
        for name in WHOLE:
            (SITE / name).parent.mkdir(parents=True, exist_ok=True)
            (SITE / name).write_bytes(scrubbed((site / name).read_bytes()))


def write_formats() -> None:
    """A file of each kind, and what must be read in them."""
    folder = FORMATS / str(NEWEST)
    if folder.exists():
        sys.exit(f"{folder}: is released, and is never written again; raise NEWEST")
    with tempfile.TemporaryDirectory() as scratch:
        project = Path(scratch)
        site, study = tiny_site(project), project / "content/studies/trial"
        folder.mkdir(parents=True)
        with closing(sqlite3.connect(project / ".flipsite/cache.sqlite")) as cache:
            cache.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            cache.execute("PRAGMA journal_mode = DELETE")
        shutil.copyfile(project / ".flipsite/cache.sqlite", folder / "cache.sqlite")
        for name in ("study.toml", "draws.parquet", "catalogue.json"):
            shutil.copyfile(study / name, folder / name)
        for name in ("estimates.json", "estimates.csv", "draws.csv"):
            shutil.copyfile(site / "trial/data" / name, folder / name)
        shutil.copyfile(site / "build.json", folder / "build.json")
    for name in ("published.toml", "features.csv", "fit.json"):
        shutil.copyfile(packaged("content") / "studies/article-2025" / name, folder / name)


if __name__ == "__main__":
    {"formats": write_formats, "site": write_site}[sys.argv[1]]()
