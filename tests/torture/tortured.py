"""A process that runs commands under fault after fault: imports once, forks a run for each, tells what came.

Run under the preload as `python tortured.py JOB`, a JSON object: scenario, way ("faults", "kills", "clock"),
seed, seconds, root. It prints a JSON object: how many runs there might be and were, and all that went wrong.
"""

import ctypes
import errno
import gc
import json
import os
import random
import shutil
import signal
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import rich.progress
import rich.table
from tests.torture.scenarios import GIT_ENVIRONMENT, Scenario, complaints, new_endpoint, scenarios

import flipsite.cli.run_output
import flipsite.workflows.collect
import flipsite.workflows.import_export
from flipsite.collect.simulated.server import serving

LATE = (
    rich.progress,
    rich.table,
    flipsite.workflows.collect,
    flipsite.cli.run_output,
    flipsite.workflows.import_export,
)
"""Imports of the commands, made here so that a forked run begins with its work."""

OPEN_READ, OPEN_WRITE, CREATE, READ, WRITE, SYNC, RENAME, LINK, UNLINK, MKDIR, TRUNCATE, CLOSE, MODE = (
    1 << bit for bit in range(13)
)
NAMES = CREATE | RENAME | LINK | MKDIR
ALL = (1 << 13) - 1


@dataclass(frozen=True, slots=True)
class Fault:
    """A way for calls to fail: which of them, with what, and whether it stays so."""

    name: str
    calls: int
    code: int
    stays: bool


FAULTS = (
    Fault("disk full", NAMES | WRITE | SYNC | TRUNCATE, errno.ENOSPC, stays=True),
    Fault("input/output error once", ALL, errno.EIO, stays=False),
    Fault("dead disk", ALL, errno.EIO, stays=True),
    Fault("no right", OPEN_READ | OPEN_WRITE | NAMES | UNLINK | MODE, errno.EACCES, stays=False),
    Fault("read-only", OPEN_WRITE | NAMES | UNLINK | MODE | TRUNCATE, errno.EROFS, stays=True),
)
NO_FAULT = Fault("none", ALL, 0, stays=False)
PATIENCE_S = 120.0
FEWEST = 3
HONEST_STATUSES = {1, 2, 3}
"""Exit codes of a command that could not do its work."""


class Torturer:
    """Runs one scenario again and again in one place, and looks at what is left."""

    def __init__(self, scenario: Scenario, root: Path) -> None:
        self._scenario = scenario
        self._before, self._now = root / "before", root / "now"
        self._said, self._fired = root / "said", root / "fired"
        self._preload = ctypes.CDLL(None)
        (self._before / "tmp").mkdir(parents=True)
        scenario.lay_out(self._before)
        scenario.warm()
        gc.freeze()

    def count(self) -> list[int]:
        """How many calls of a run could fail in each way, in the order of FAULTS."""
        self._restore()
        seen = self._now.parent / "seen"
        seen.unlink(missing_ok=True)
        status = self._run(NO_FAULT, 0)
        assert status == 0, self._said.read_text()
        wrong = [*complaints(self._scenario.unfinished, self._now)]
        assert not wrong, wrong
        return [int(n) for n in seen.read_text().split()]

    def typical_s(self) -> float:
        """How long a run takes, at least."""
        took: list[float] = []
        while len(took) < 3 and sum(took) < 3:
            self._restore()
            began = time.monotonic()
            assert self._run(NO_FAULT, 0) == 0, self._said.read_text()
            took.append(time.monotonic() - began)
        return min(took)

    def fail(self, fault: Fault, at: int) -> list[str]:
        """Run with the `at`-th call failing; returns what is wrong afterwards."""
        self._restore()
        status = self._run(fault, at)
        fired = self._fired.read_text().splitlines() if self._fired.exists() else []
        said, wrong = self._said.read_text(), []
        if "Traceback" in said:
            wrong.append("a traceback: " + " | ".join(said.splitlines()[-3:]))
        if status == 0:
            wrong += complaints(self._scenario.unfinished, self._now)
        elif status not in HONEST_STATUSES or "flipsite: " not in said:
            wrong.append(f"status {status}, said {said[-300:]!r}")
        wrong += self._aftermath()
        return [f"{fault.name}, call {(fired or [f'{at} (never)'])[0]}: {one}" for one in wrong]

    def kill(self, after_s: float) -> list[str]:
        """Kill a run with SIGKILL after a while; returns what is wrong afterwards."""
        self._restore()
        child = self._start(NO_FAULT, 0)
        time.sleep(after_s)
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        return [f"killed after {after_s:.4f} s: {one}" for one in self._aftermath()]

    def leap(self, seed: int) -> list[str]:
        """Run while the wall clock leaps; returns what is wrong afterwards."""
        self._restore()
        status = self._run(NO_FAULT, 0, leaps=seed)
        if status:
            return [f"clock {seed}: status {status}, said {self._said.read_text()[-300:]!r}"]
        checks = (self._scenario.unfinished, self._scenario.broken)
        return [f"clock {seed}: {one}" for check in checks for one in complaints(check, self._now)]

    def _aftermath(self) -> list[str]:
        """What was whole is whole, and the next run does the work."""
        time.sleep(0.02)  # what was in flight is billed
        wrong = [*complaints(self._scenario.broken, self._now)]
        status = self._run(NO_FAULT, 0)
        if status:
            wrong.append(f"the next run ends with {status}: {self._said.read_text()[-300:]!r}")
        else:
            checks = (self._scenario.unfinished, self._scenario.broken, self._scenario.left_over)
            found = [one for check in checks for one in complaints(check, self._now)]
            wrong += [f"after the next run: {one}" for one in found]
        return wrong

    def _restore(self) -> None:
        shutil.rmtree(self._now, ignore_errors=True)
        shutil.copytree(self._before, self._now, symlinks=True)
        self._fired.unlink(missing_ok=True)
        self._scenario.again()

    def _run(self, fault: Fault, at: int, *, leaps: int = 0) -> int:
        """The exit status of a run."""
        child = self._start(fault, at, leaps=leaps)
        until = time.monotonic() + PATIENCE_S
        while True:
            ended, status = os.waitpid(child, os.WNOHANG)
            if ended:
                break
            if time.monotonic() > until:
                os.kill(child, signal.SIGKILL)
                os.waitpid(child, 0)
                return -1
            time.sleep(0.002)
        return os.waitstatus_to_exitcode(status)

    def _start(self, fault: Fault, at: int, *, leaps: int = 0) -> int:
        child = os.fork()
        if child:
            return child
        try:
            said = os.open(self._said, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
            os.dup2(said, 1)
            os.dup2(said, 2)
            os.chdir(self._now / "project")
            os.environ["TMPDIR"] = str(self._now / "tmp")
            self._preload.faults_arm(
                os.fsencode(self._now),
                fault.calls,
                ctypes.c_long(at),
                fault.code,
                fault.stays,
                os.fsencode(self._fired),
            )
            self._preload.faults_clock(ctypes.c_uint64(leaps))
            status = 70
            try:
                status = self._scenario.act()
            except BaseException:  # noqa: BLE001  as the interpreter would show it
                sys.excepthook(*sys.exc_info())
            sys.stdout.flush()
            sys.stderr.flush()
            seen = [self._preload.faults_seen(fault.calls) for fault in FAULTS]
            (self._now.parent / "seen").write_text(" ".join(map(str, seen)))
        finally:
            os._exit(status)


def main(job: dict[str, object]) -> None:
    os.environ.update(GIT_ENVIRONMENT)
    endpoint = new_endpoint()
    chance = random.Random(str(job["seed"]))
    with serving(endpoint) as address:
        torturer = Torturer(scenarios(endpoint, address)[str(job["scenario"])], Path(str(job["root"])))
        n_possible, runs = WAYS[str(job["way"])](torturer, chance)
        until = time.monotonic() + float(str(job["seconds"]))
        n_runs, wrong = 0, []
        for run in runs:
            wrong += run
            n_runs += 1
            if (time.monotonic() > until and n_runs >= FEWEST) or len(wrong) > 40:
                break
    sys.stdout.write(json.dumps({"possible": n_possible, "runs": n_runs, "wrong": wrong}))
    sys.stdout.flush()
    os._exit(0)


def _faults(torturer: Torturer, chance: random.Random) -> tuple[int, Iterator[list[str]]]:
    """Every call failing in every way, in an order by chance: cut short, it is an even sample."""
    counts = zip(FAULTS, torturer.count(), strict=True)
    runs = [(fault, at + 1) for fault, n_calls in counts for at in range(n_calls)]
    chance.shuffle(runs)
    return len(runs), (torturer.fail(fault, at) for fault, at in runs)


def _kills(torturer: Torturer, chance: random.Random) -> tuple[int, Iterator[list[str]]]:
    typical = torturer.typical_s()
    return 0, (torturer.kill(chance.uniform(0, 1.1 * typical)) for _ in range(100_000))


def _leaps(torturer: Torturer, chance: random.Random) -> tuple[int, Iterator[list[str]]]:
    return 0, (torturer.leap(chance.randrange(1, 1 << 60)) for _ in range(100_000))


WAYS = {"faults": _faults, "kills": _kills, "clock": _leaps}

if __name__ == "__main__":
    main(json.loads(sys.argv[1]))
