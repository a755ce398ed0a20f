"""Scenarios: each command that writes, what must hold after any failure, and what when it is done.

A scenario is laid out once; each run begins with a copy of that, in which `project` is the working folder.
"""

import io
import json
import os
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import redirect_stdout
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path

from tests.collect.collecting_runs import STUDY, budget, watcher, write_study
from tests.collect.killed_collector import survived

from flipsite.cli.main import main
from flipsite.collect.simulated import Endpoint, fair_coin
from flipsite.collect.simulated.endpoint import Bill
from flipsite.domain.fit import Fit
from flipsite.domain.money import Usd, usd
from flipsite.domain.study import Kind
from flipsite.errors import SiteError, StoreError
from flipsite.project import (
    FEATURES_FILE,
    FIT_FILE,
    PARTS,
    SNAPSHOT,
    Project,
    find_project,
    packaged,
    snapshot_files,
)
from flipsite.settings import default_study, load_study
from flipsite.store.features import read_features
from flipsite.store.fits import read_fit, write_fit
from flipsite.store.snapshot.read import read_draws
from flipsite.workflows.collect import collect
from flipsite.workflows.run_request import RunRequest
from flipsite.write.site.replace import replace_site

N_MODELS, N_DRAWS, BUDGET_USD = 2, 6, 1.0
GIT_ENVIRONMENT = {
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_SYSTEM": os.devnull,
    "GIT_AUTHOR_NAME": "Torturer",
    "GIT_AUTHOR_EMAIL": "torturer@example.org",
    "GIT_COMMITTER_NAME": "Torturer",
    "GIT_COMMITTER_EMAIL": "torturer@example.org",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """A command, and its promises.

    Attributes:
        lay_out: Makes the folder in which each run begins.
        act: The command; its exit status.
        broken: After a failure: what no longer holds.
        unfinished: After the command has run to its end: what is missing.
        left_over: After a failure and a run that met none: what lies about that should not.
        again: Before each run: puts back what lies outside of its folder.
        warm: Imports what the command imports late, so that a forked run begins at once.
    """

    lay_out: Callable[[Path], object]
    act: Callable[[], int]
    broken: Callable[[Path], list[str]]
    unfinished: Callable[[Path], list[str]]
    left_over: Callable[[Path], list[str]] = lambda _: []
    again: Callable[[], object] = lambda: None
    warm: Callable[[], object] = lambda: None


def scenarios(endpoint: Endpoint, address: str) -> dict[str, Scenario]:
    """All of them; `endpoint` is what the collector asks at `address`, and keeps the books."""
    offered = ["--budget", str(BUDGET_USD), "--api-base", address, "--concurrency", "4", "--yes"]
    measured = Scenario(
        lay_out=lambda root: _collected(root, address),
        act=command("collect", STUDY, "--draws", str(N_DRAWS), *offered),
        broken=lambda root: [*_snapshot_faults(root, least=N_MODELS), *_books_faults(root, endpoint)],
        unfinished=lambda root: _draws_missing(root, N_MODELS * N_DRAWS),
        again=lambda: _keep_first(endpoint.bills, N_MODELS),
    )
    return {
        "init": Scenario(
            lay_out=_folder,
            act=command("init"),
            broken=_starter_faults,
            unfinished=lambda root: [*_starter_faults(root), *_starter_missing(root)],
        ),
        "import": Scenario(
            lay_out=_imported,
            act=command("import", "more.csv", "--study", STUDY),
            broken=lambda root: _snapshot_faults(root, least=4),
            unfinished=lambda root: _draws_missing(root, 7),
        ),
        "collect": measured,
        "parts": replace(measured, lay_out=lambda root: _collected_in_parts(root, address)),
        "reread": replace(
            measured,
            act=command("collect", STUDY, "--reread"),
            unfinished=lambda root: _draws_missing(root, N_MODELS),
        ),
        "features": Scenario(
            lay_out=lambda root: _collected(root, address),
            act=command("features", STUDY, "--no-classifier", "--api-base", address),
            broken=_feature_faults,
            unfinished=lambda root: [
                *_feature_faults(root),
                *_missing(_project(root).studies / STUDY / FEATURES_FILE),
            ],
        ),
        "fit": Scenario(
            lay_out=_fitted,
            act=_fit_again,
            broken=lambda root: _fit_faults(root, {1, 2}),
            unfinished=lambda root: _fit_faults(root, {2}),
        ),
        "export": Scenario(
            lay_out=_imported,
            act=command("export", STUDY, "--format", "csv", "-o", "out.csv"),
            broken=_export_faults,
            unfinished=lambda root: [*_export_faults(root), *_missing(root / "project/out.csv")],
        ),
        "site": Scenario(
            lay_out=lambda root: _write_site(root / "project", 1),
            act=lambda: _write_site(Path(), 2),
            broken=site_faults,
            unfinished=lambda root: [*site_faults(root), *_other_build(root, b"2")],
            left_over=_left_over,
        ),
        "build": Scenario(
            lay_out=_built,
            act=command("build", "--jobs", "1"),
            broken=site_faults,
            unfinished=lambda root: [*site_faults(root), *_not_retold(root)],
            warm=_import_presentation,
        ),
        "publish": Scenario(
            lay_out=_published,
            act=command("publish", "--base-url", "/coins/", "--yes"),
            broken=lambda root: [*site_faults(root), *_branch_faults(root)],
            unfinished=lambda root: [*_branch_faults(root), *_unpublished(root)],
            warm=_import_presentation,
        ),
    }


def command(*arguments: str) -> Callable[[], int]:
    """The command line with these arguments, as it ends."""

    def act() -> int:
        try:
            main(list(arguments))
        except SystemExit as ended:
            return ended.code if isinstance(ended.code, int) else 1
        return 0

    return act


def new_endpoint() -> Endpoint:
    """An endpoint of two fair coins that answers at once."""
    return Endpoint(coins=tuple(fair_coin(f"crowd/fair-{place}") for place in range(N_MODELS)))


def _folder(root: Path) -> None:
    (root / "project").mkdir(parents=True)


def _project(root: Path) -> Project:
    return find_project(root / "project")


# collect, reread


def _collected(root: Path, address: str) -> None:
    study = replace(default_study(STUDY), kind=Kind.MEASURED, budget=budget(BUDGET_USD))
    write_study(root / "project", study)
    order = RunRequest(study_id=STUDY, draws=1, concurrency=4, api_base=address)
    assert collect(_project(root), order, watcher()) is not None


def _collected_in_parts(root: Path, address: str) -> None:
    """As a study of more than half a million draws is kept; once in parts, it stays so."""
    _collected(root, address)
    file = _project(root).studies / STUDY / SNAPSHOT
    place = file.parent / PARTS / "part=00000" / SNAPSHOT
    place.parent.mkdir(parents=True)
    file.rename(place)


def _snapshot_faults(root: Path, *, least: int) -> list[str]:
    """The snapshot is the old one or a new one, whole."""
    held = _n_draws(root)
    return [] if held >= least else [f"the snapshot holds {held} draws and had {least}"]


def _n_draws(root: Path) -> int:
    folder = _project(root).studies / STUDY
    load_study(folder)
    return sum(len(read_draws(path)) for path in snapshot_files(folder))


def _draws_missing(root: Path, wanted: int) -> list[str]:
    held = _n_draws(root)
    return [] if held == wanted else [f"the snapshot holds {held} draws, not {wanted}"]


def _books_faults(root: Path, endpoint: Endpoint) -> list[str]:
    """Every settled draw once; counts and money agree; spend ≥ what was billed, and ≤ the budget."""
    try:
        books = survived(root / "project")
    except sqlite3.Error as error:
        return [f"the cache cannot be read: {error}"]
    spent = Usd(books["series_pico"])
    promises = {
        "integrity": books["integrity"] == "ok",
        "a draw was answered twice": books["answers_per_draw"] == 1,
        "answers are not draws": books["answered"] == books["settled"] == books["series_settled"],
        "attempts are not all answered or lost": books["attempts"] == books["answered"] + books["lost"],
        "money of rows and of series differ": books["worst_pico"] == books["series_pico"],
        f"billed {endpoint.billed_usd()}, spent {spent}": endpoint.billed_usd() <= spent <= usd(BUDGET_USD),
    }
    return [words for words, kept in promises.items() if not kept]


def _keep_first(bills: dict[str, Bill], n: int) -> None:
    for generation in [*bills][n:]:
        del bills[generation]


# import, export


def _imported(root: Path) -> None:
    _folder(root)
    rows = [f"crowd/fair-{n % 2},{n % 2}" for n in range(7)]
    for name, part in (("first", rows[:4]), ("more", rows[4:])):
        (root / f"project/{name}.csv").write_text("\n".join(["model,outcome", *part]) + "\n")
    _here(root, command("import", "first.csv", "--study", STUDY))


def _export_faults(root: Path) -> list[str]:
    out = root / "project/out.csv"
    if out.exists() and len(out.read_text().splitlines()) != 5:
        return ["the export is cut short"]
    return []


def _missing(path: Path) -> list[str]:
    return [] if path.exists() else [f"{path.name} is not there"]


# features, fit


def _feature_faults(root: Path) -> list[str]:
    path = _project(root).studies / STUDY / FEATURES_FILE
    if not path.exists():
        return []
    told = {row.model for row in read_features(path)}
    return [] if len(told) == N_MODELS else [f"features of {len(told)} models"]


def _fitted(root: Path) -> None:
    _folder(root)
    write_fit(root / "project" / FIT_FILE, replace(_article_fit(), seed=1))


def _fit_again() -> int:
    """The end of `flipsite fit`, after sampling, which takes the extra `bayes` and a minute."""
    try:
        write_fit(Path(FIT_FILE), replace(_article_fit(), seed=2))
    except StoreError as error:
        sys.stderr.write(f"flipsite: {error}\n")
        return error.exit_status
    return 0


def _fit_faults(root: Path, seeds: set[int]) -> list[str]:
    seed = read_fit(root / "project" / FIT_FILE).seed
    return [] if seed in seeds else [f"the fit is that of seed {seed}"]


def _article_fit() -> Fit:
    return read_fit(packaged("content") / "studies/article-2025" / FIT_FILE)


# init


def _starter_faults(root: Path) -> list[str]:
    """A file that is there is whole, for another `init` leaves it as it is."""
    folder = root / "project"
    if not (folder / "content/studies").is_dir():
        return []
    whole = _starter_files()
    return [
        f"{path} is not whole"
        for path, text in whole.items()
        if (folder / path).exists() and (folder / path).read_bytes() != text
    ]


def _starter_missing(root: Path) -> list[str]:
    return [fault for path in _starter_files() for fault in _missing(root / "project" / path)]


def _starter_files() -> dict[str, bytes]:
    from flipsite.write.scaffold import _contents

    return dict(_contents("main", templates=False, game=None))


# site, build, publish


def _write_site(root: Path, number: int) -> int:
    """A site of a dozen files, of which every other one changes from build to build."""
    files = {f"s/{place}/index.html": b"%d" % (number * (place % 2)) for place in range(8)}
    try:
        replace_site({**files, "n.txt": b"%d" % number}, root / "site", version="1", inputs={})
    except SiteError as error:
        sys.stderr.write(f"flipsite: {error}\n")
        return error.exit_status
    return 0


def site_faults(root: Path) -> list[str]:
    """A site holds just what its list tells, to the byte."""
    site = root / "project/site"
    listed = json.loads((site / "build.json").read_bytes())["outputs"]
    held = {path.relative_to(site).as_posix(): path for path in site.rglob("*") if path.is_file()}
    del held["build.json"]
    digests = {path: sha256(file.read_bytes()).hexdigest() for path, file in held.items()}
    return (
        []
        if digests == listed
        else [f"the site is not whole: {sorted(digests.items() ^ listed.items())[:2]}"]
    )


def _other_build(root: Path, number: bytes) -> list[str]:
    found = (root / "project/site/n.txt").read_bytes()
    return [] if found == number else ["this is the old site"]


def _left_over(root: Path) -> list[str]:
    return [f"{path.name} was left" for path in (root / "project").iterdir() if path.name.startswith(".")]


def _built(root: Path) -> None:
    write_study(root / "project", replace(default_study(STUDY), title="Old title"))
    _here(root, command("build", "--jobs", "1"))
    _retitle(root)


def _retitle(root: Path) -> None:
    path = root / f"project/content/studies/{STUDY}/study.toml"
    path.write_text(path.read_text().replace("Old title", "New title"))


def _not_retold(root: Path) -> list[str]:
    page = (root / f"project/site/{STUDY}/index.html").read_text()
    return [] if "New title" in page else ["this is the old site"]


def _published(root: Path) -> None:
    write_study(root / "project", replace(default_study(STUDY), title="Old title"))
    git = ["git", "-c", "init.defaultBranch=main"]
    for arguments, folder in (
        (["init", "-q", "--bare", str(root / "remote.git")], root),
        (["init", "-q"], root / "project"),
        (["remote", "add", "origin", "../remote.git"], root / "project"),
    ):
        subprocess.run([*git, *arguments], cwd=folder, check=True)
    _here(root, command("publish", "--base-url", "/coins/", "--yes"))
    _retitle(root)
    _here(root, command("build", "--base-url", "/coins/", "--jobs", "1"))  # so that each run only publishes


def _branch_faults(root: Path) -> list[str]:
    """The remote has one whole site: every file of its list, to the byte.

    Of one commit: a push that outlives the command that was killed may move the branch while it is looked at.
    """
    shown = _remote(root, "rev-parse", "gh-pages").decode().strip()
    listed = json.loads(_remote(root, "show", f"{shown}:build.json"))["outputs"]
    names = _remote(root, "ls-tree", "-r", "--name-only", "-z", shown).decode()
    if {*names.strip("\0").split("\0")} - {".nojekyll"} != {*listed, "build.json"} - {".nojekyll"}:
        return ["the branch holds other files than its list"]
    return [
        f"{path} on the branch is not whole"
        for path in (f"{STUDY}/index.html", "index.html", "sitemap.xml")
        if sha256(_remote(root, "show", f"{shown}:{path}")).hexdigest() != listed[path]
    ]


def _unpublished(root: Path) -> list[str]:
    page = _remote(root, "show", f"gh-pages:{STUDY}/index.html")
    return [] if b"New title" in page else ["the branch shows the old site"]


def _remote(root: Path, *arguments: str) -> bytes:
    return subprocess.run(
        ["git", *arguments], cwd=root / "remote.git", capture_output=True, check=True
    ).stdout


def _import_presentation() -> None:
    """Modules only: what draws the pictures runs threads, which a fork would not take along."""
    import flipsite.present.charts.interactive
    import flipsite.present.pages.site
    import flipsite.workflows.publish  # noqa: F401


def _here(root: Path, act: Callable[[], int]) -> None:
    """Lay out by the command itself, in a process of its own."""
    child = os.fork()
    if child == 0:
        os.chdir(root / "project")
        with redirect_stdout(io.StringIO()):
            os._exit(act())
    _, status = os.waitpid(child, 0)
    assert status == 0, f"{root}: could not be laid out"


def complaints(check: Callable[[Path], list[str]], root: Path) -> Iterator[str]:
    """The findings of a check; a check that cannot read the files has found something."""
    try:
        yield from check(root)
    except Exception as error:  # noqa: BLE001  whatever stops the check is the finding
        yield f"{type(error).__name__}: {error}"
