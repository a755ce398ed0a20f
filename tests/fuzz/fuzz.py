"""Fuzz with Atheris, one process a target: `python tests/fuzz/fuzz.py [--minutes 60] [TARGET…]`.

What is found goes to build/fuzz/found/, what covers more code to build/fuzz/corpus/; the small corpus beside
this file is what every run begins with and `test_corpus.py` replays. `--keep` adds to it what covers more.
"""

import argparse
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

HERE = Path(__file__).resolve().parent
KEPT, FOUND = HERE / "corpus", Path("build/fuzz/found")
GROWN = Path("build/fuzz/corpus")

SLOWEST_S = 10
MOST_MB = 2_048
LONGEST = 16_384

MOST_KEPT, LONGEST_KEPT = 24, 1_500
"""Of each target in the repository: files, and bytes of one."""


def main() -> int:
    """Give each target its share of the time; the status is 1 where one of them found something."""
    sys.path.insert(0, str(HERE.parents[1]))
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("targets", nargs="*", metavar="TARGET")
    parser.add_argument("--minutes", type=float, default=60)
    parser.add_argument("--keep", action="store_true", help="add to the kept corpus what covers more")
    parser.add_argument("--one", type=float, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one:
        fuzz(options.targets[0], options.one)
    from tests.fuzz.fuzz_targets import TARGETS

    names = options.targets or list(TARGETS)
    FOUND.mkdir(parents=True, exist_ok=True)
    share_s = options.minutes * 60 / len(names)
    faulty = [name for name in names if run(name, share_s)]
    for name in names if options.keep else ():
        keep(name, TARGETS[name])
    print(f"found something: {', '.join(faulty)} (in {FOUND})" if faulty else "nothing found")  # noqa: T201
    return bool(faulty)


def run(name: str, seconds: float) -> bool:
    """Fuzz one target in a process of its own; whether it found something."""
    (GROWN / name).mkdir(parents=True, exist_ok=True)
    began = time.monotonic()
    command = [sys.executable, __file__, name, "--one", f"{seconds:.0f}"]
    with (FOUND.parent / f"{name}.log").open("w") as log:
        done = subprocess.run(
            command,
            stdout=log,
            stderr=subprocess.STDOUT,
            timeout=2 * seconds + 120,
            check=False,
            env=os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
        )
    said = (FOUND.parent / f"{name}.log").read_text(errors="replace").splitlines()
    last = next((line for line in reversed(said) if line.startswith(("Done", "#"))), "")
    print(f"{name}: {time.monotonic() - began:.0f} s, status {done.returncode}; {last}", flush=True)  # noqa: T201
    return done.returncode != 0


def fuzz(name: str, seconds: float) -> None:
    """Fuzz until the time is over; ends the process."""
    import atheris

    with atheris.instrument_imports(include=["flipsite", "fuzz_targets", "fuzz_pages"]):
        from tests.fuzz.fuzz_targets import TARGETS

    folders = [GROWN / name, KEPT / name]
    atheris.Setup(
        [
            sys.argv[0],
            *(str(folder) for folder in folders if folder.is_dir()),
            f"-max_total_time={seconds:.0f}",
            f"-timeout={SLOWEST_S}",
            f"-rss_limit_mb={MOST_MB}",
            f"-max_len={LONGEST}",
            f"-dict={HERE / 'tokens.dict'}",
            f"-artifact_prefix={FOUND}/{name}-",
            "-print_final_stats=1",
        ],
        TARGETS[name],
    )
    atheris.Fuzz()


def keep(name: str, target: Callable[[bytes], None]) -> None:
    """Add the small grown files to the kept corpus that reach lines which none before reached."""
    from tests.fuzz.fuzz_reach import reached

    folder = KEPT / name
    folder.mkdir(parents=True, exist_ok=True)
    here = sorted(folder.iterdir())
    known: set[tuple[str, int]] = set()
    for path in here:
        known |= reached(target, path.read_bytes())
    (GROWN / name).mkdir(parents=True, exist_ok=True)
    grown = sorted((GROWN / name).iterdir(), key=lambda path: (path.stat().st_size, path.name))
    for path in grown:
        said = path.read_bytes()
        if len(said) > LONGEST_KEPT or len(list(folder.iterdir())) >= MOST_KEPT:
            break
        lines = reached(target, said)
        if not lines <= known:
            known |= lines
            (folder / path.name[:12]).write_bytes(said)


if __name__ == "__main__":
    sys.exit(main())
