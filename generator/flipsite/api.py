"""Flipsite in a notebook or a script: the stages the commands call, with pandas frames for results.

    import flipsite
    study = flipsite.Study.load("article-2025")     # or a folder: "content/studies/mine"
    flipsite.leaderboard(study, top=20)             # a frame
    flipsite.charts.rank_intervals(study)           # an Altair chart
    flipsite.build(out="site")

Nothing here computes: each function finds the project as its command does, calls the same stage, and gives
the result as a frame. `flipsite.charts` is the same for charts.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Self

from flipsite.domain.money import dollars, plain_record
from flipsite.domain.study import Kind, Study
from flipsite.errors import StoreError, UsageError
from flipsite.project import (
    SNAPSHOT,
    Project,
    existing_study,
    find_project,
    shipped_with,
    snapshot_files,
    study_ids,
)
from flipsite.settings import load_study
from flipsite.workflows.build import BuildReport
from flipsite.workflows.build import build as build_site

if TYPE_CHECKING:
    import pandas as pd

    from flipsite.analyse.report import StudyReport
    from flipsite.workflows.run_request import RunReport, Watcher

OPENROUTER = "https://openrouter.ai/api/v1"


@dataclass(frozen=True, slots=True, kw_only=True)
class StudyHandle:
    """A study where it lies. It holds no results: each call reads what is on the disk by then.

    Attributes:
        project: The folders it belongs to.
        id: Its name, that of its folder.
    """

    project: Project
    id: str

    def __repr__(self) -> str:
        """Its name and its folder."""
        return f"<Study {self.id!r} in {self.folder}>"

    @classmethod
    def load(cls, study: str | Path) -> Self:
        """A study that exists: by its id in the project of this folder or of the package, or by its folder.

        Raises:
            UsageError: If there is none, or its folder lies in no project.
        """
        folder = Path(study)
        if isinstance(study, str) and "/" not in study and not (folder / "study.toml").is_file():
            project = find_project(Path.cwd())
            if study not in study_ids(project) and study in study_ids(shipped := shipped_with(project)):
                project = shipped
            return cls(project=project, id=existing_study(project, study).name)
        project = find_project(folder)
        if folder.resolve().parent != project.studies.resolve():
            raise UsageError(f"{folder}: is no study; a study's folder lies in a project's content/studies/")
        return cls(project=project, id=existing_study(project, folder.resolve().name).name)

    @classmethod
    def begin(cls, study_id: str, *, simulated: bool = False) -> Self:
        """A study of this folder's project; where there is none, one with the article's prompt is written.

        Args:
            study_id: Lower-case letters, digits and hyphens.
            simulated: Whether its draws come from coins of known truth, if it is written.

        Raises:
            UsageError: If the id is not one a study can have.
        """
        from flipsite.workflows.collect import begin

        project = begin(find_project(Path.cwd()), study_id, simulated=simulated)
        return cls(project=project, id=study_id)

    @property
    def folder(self) -> Path:
        """Where its settings and its snapshot are."""
        return self.project.studies / self.id

    @property
    def settings(self) -> Study:
        """Its study.toml: prompt, sampling, models, budget.

        Raises:
            SettingsError: If that is faulty.
        """
        return load_study(self.folder)

    @property
    def report(self) -> "StudyReport":
        """Everything known of it, as its pages show it; analysed again once a file of it has changed.

        Raises:
            FlipsiteError: If a file of it is faulty.
        """
        files = sorted(path for path in self.folder.iterdir() if path.is_file())
        return _analysed(self.folder, tuple((path, path.stat().st_mtime_ns) for path in files))

    def collect(
        self,
        *,
        simulated: bool = False,
        seed: int = 0,
        models: str | Sequence[str] | None = None,
        skip: str | Sequence[str] | None = None,
        draws: int | None = None,
        budget_usd: float | None = None,
        concurrency: int = 64,
        api_base: str = OPENROUTER,
        timeout_s: float | None = None,
        until_settled: bool = False,
        progress: bool = True,
        watcher: "Watcher | None" = None,
    ) -> "RunReport":
        """Ask the missing draws and write the snapshot, as `flipsite collect --yes` does.

        Calling it is the yes to spending, so real models want a budget, here or in study.toml. An interrupt
        finishes what is in flight; what was answered is kept.

        Args:
            simulated: Ask coins of known truth: no network, no key, no money.
            seed: Of the simulated coins.
            models: A glob, or several, that narrow the study's.
            skip: A glob, or several, left out on top of the study's.
            draws: Of each model; None as in the study.
            budget_usd: Dollars in all; None as in the study.
            concurrency: Requests in flight at most.
            api_base: Address that ends before `/models`, such as Ollama's.
            timeout_s: Seconds that an answer may take; None as in the study.
            until_settled: Ask a model no more once it is shown to be biased or fair.
            progress: Show a bar with the time left, in a notebook or on a terminal.
            watcher: Sees the quote and the progress in place of the bar.

        Returns:
            What was done and what it cost.

        Raises:
            FlipsiteError: If the study or the endpoint cannot be used, or the run was stopped by a fault.
        """
        from flipsite.cli.console import ProgressBar
        from flipsite.cli.run_output import show_progress
        from flipsite.collect.clock import off_the_loop
        from flipsite.workflows.collect import collect
        from flipsite.workflows.run_request import UNWATCHED, RunRequest, read_budget

        _check_whole("draws", draws)
        _check_whole("concurrency", concurrency, most=1024)
        order = RunRequest(
            study_id=self.id,
            models=_globs(models),
            skip=_globs(skip),
            draws=draws,
            budget_usd=read_budget(budget_usd),
            concurrency=concurrency,
            api_base=api_base,
            timeout_s=timeout_s,
            simulated_seed=seed if simulated else None,
            until_settled=until_settled,
        )
        with ProgressBar("draw", lines=False) as bar:
            shown = replace(UNWATCHED, look=lambda look: show_progress(bar, look)) if progress else UNWATCHED
            report = off_the_loop(lambda: collect(self.project, order, watcher or shown))
        if report is None:
            raise UsageError(f"{self.id}: the watcher did not agree; nothing was asked")
        if report.error is not None:
            raise report.error
        return report


def studies(folder: str | Path = ".") -> tuple[StudyHandle, ...]:
    """The studies of the project that a folder belongs to, or the packaged ones, by name."""
    project = find_project(Path(folder))
    return tuple(StudyHandle(project=project, id=each) for each in study_ids(project))


def estimates(study: StudyHandle | str) -> "pd.DataFrame":
    """The figures of each model, one row each, sorted by model: the columns of `estimates.json`."""
    from flipsite.present.notebook import frame
    from flipsite.schema import ESTIMATES

    return frame([plain_record(record) for record in _study(study).report.estimates], ESTIMATES)


def leaderboard(study: StudyHandle | str, *, top: int | None = None, most: bool = False) -> "pd.DataFrame":
    """All models with all their figures, the least biased first.

    Args:
        study: The study, its id or its folder.
        top: The most models, of those with a bias; None for all models.
        most: Whether the most biased come first.

    Returns:
        The columns of `estimates`, `rank` and `model` first. Models of equal bias are sorted by name; those
        without a bias come last.

    Raises:
        UsageError: If `top` is less than 1.
    """
    from flipsite.present.notebook import frame
    from flipsite.present.tables import by_rank
    from flipsite.schema import ESTIMATES

    _check_whole("top", top)
    records = _study(study).report.estimates
    ranked = by_rank(records, most=most)
    shown = ranked if top is None else [record for record in ranked if record.rank is not None][:top]
    table = frame([plain_record(record) for record in shown], ESTIMATES)
    return table[["rank", "model", *(name for name in table.columns if name not in ("rank", "model"))]]


def compare(*compared: StudyHandle | str) -> "pd.DataFrame":
    """The models of several studies below each other, sorted by model, for a pivot.

    Args:
        compared: Two studies or more.

    Returns:
        The columns of `estimates` after the study's id, `study`.

    Raises:
        UsageError: If there are fewer than two studies, or a study is named twice.
    """
    import pandas as pd

    named = [_study(each) for each in compared]
    ids = [study.id for study in named]
    if len(set(ids)) < max(2, len(ids)):
        raise UsageError(f"compare{tuple(ids)}: expected two different studies or more")
    tables = []
    for study in named:
        table = estimates(study)
        table.insert(0, "study", study.id)
        tables.append(table)
    return pd.concat(tables, ignore_index=True).sort_values(["model", "study"], ignore_index=True)


def spend(study: StudyHandle | str) -> "pd.DataFrame":
    """The cost of each model, the dearest first: the columns of `spend.csv`; empty without prices."""
    from flipsite.present.notebook import frame
    from flipsite.schema import SPEND

    return frame([plain_record(row) for row in _study(study).report.spend], SPEND)


def features(study: StudyHandle | str) -> "pd.DataFrame":
    """The models' features, a row a model and feature: the columns of `features.csv`."""
    from flipsite.present.notebook import frame
    from flipsite.schema import FEATURES

    known = _study(study).report.features
    return frame([asdict(row) for rows in known.values() for row in rows], FEATURES)


def plan(
    study: StudyHandle | str,
    *,
    margin: float = 0.1,
    bias: float | None = None,
    power: float = 0.9,
    models: int | None = None,
) -> "pd.DataFrame":
    """How many valid draws a model, and dollars, the verdicts of a study need; see `flipsite plan`.

    Args:
        study: The study, its id or its folder.
        margin: How near the target a fair model's interval must lie.
        bias: True bias to be found; the margin unless it is given.
        power: Probability of reaching each verdict.
        models: Models judged together; those of the study unless it is given.

    Returns:
        A row a verdict: `verdict`, `draws` and `usd`, missing where it is out of reach or has no price.

    Raises:
        UsageError: If a number is out of range, or the study has no models yet.
    """
    import pandas as pd

    from flipsite.workflows.plan import plan_study

    wanted = _study(study)
    bias = margin if bias is None else bias
    for name, share in (("margin", margin), ("bias", bias), ("power", power)):
        if not 0 < share < 1:
            raise UsageError(f"{name}={share}: expected a number between 0 and 1")
    found = plan_study(wanted.project, wanted.id, margin=margin, bias=bias, power=power, n_models=models)
    needs = {
        "fair": found.plan.fair,
        "biased, as most are": found.plan.biased_alone,
        "biased, the only one": found.plan.biased_first,
    }
    return pd.DataFrame(
        {
            "verdict": pd.Series(list(needs)),
            "draws": pd.Series(list(needs.values()), dtype="Int64"),
            "usd": pd.Series([dollars(found.cost(draws)) for draws in needs.values()], dtype="float64"),
        }
    )


def import_frame(
    frame: "pd.DataFrame",
    study_id: str,
    *,
    columns: Mapping[str, str] | None = None,
    labels: tuple[str, str] | None = None,
    replace: bool = False,
    append: bool = False,
) -> StudyHandle:
    """Add the rows of a frame to a study of this folder's project, as `flipsite import` adds a file's.

    Args:
        frame: One row a draw; `model` and `outcome` suffice.
        study_id: The study to add to; written where there is none.
        columns: The frame's column for each of ours that is called otherwise there.
        labels: The labels of outcome 0 and outcome 1, where the outcomes are written so.
        replace: Put the frame's draws in place of those of the same model and number.
        append: Number the frame's draws after those of the study, also where they look the same.

    Raises:
        UsageError: If the rows cannot be read as draws; nothing is written then.
    """
    from tempfile import TemporaryDirectory

    from flipsite.store.imports.columns import parse_options
    from flipsite.store.imports.placement import RepeatPolicy
    from flipsite.workflows.collect import own_project
    from flipsite.workflows.import_export import import_draws

    if replace and append:
        raise UsageError("replace and append: cannot be combined; leave one of them out.")
    repeats = RepeatPolicy(replace=replace, append=append)
    mapped = [f"{ours}={theirs}" for ours, theirs in (columns or {}).items()]
    options = parse_options(mapped, (), ",".join(labels) if labels else None)
    project = find_project(Path.cwd())
    with TemporaryDirectory() as scratch:
        path = Path(scratch, "frame.csv")
        frame.to_csv(path, index=False)
        try:
            import_draws(project, study_id, path, options=options, repeats=repeats)
        except UsageError as error:
            raise UsageError(str(error).replace(str(path), "the frame")) from None
    return StudyHandle(project=own_project(project), id=study_id)


def draws(study: StudyHandle | str) -> "pd.DataFrame":
    """The tidy draws, one row each, with the columns of `draws.csv`.

    Raises:
        UsageError: If the study is published: it has figures and no draws.
        StoreError: If there are none yet, or too many for a frame.
    """
    from flipsite.store.snapshot.read import MOST_HELD, n_draws, read_groups
    from flipsite.store.snapshot.tables import draws_frame

    study = _study(study)
    if study.settings.kind is Kind.PUBLISHED:
        raise UsageError(f"{study.id}: a published study has figures and no draws; name a study with draws")
    files = snapshot_files(study.folder) or (study.folder / SNAPSHOT,)
    if sum(map(n_draws, files)) > MOST_HELD:
        raise StoreError(
            f"{study.folder}: more than {MOST_HELD:,} draws are too many for a frame; "
            f"ask DuckDB: duckdb.read_parquet([{str(files[0])!r}, …])"
        )
    return draws_frame(read_groups(files), study=study.id)


def build(
    folder: str | Path = ".",
    *,
    out: str | Path | None = None,
    studies: Sequence[str] = (),
    base_url: str | None = None,
    force: bool = False,
) -> BuildReport:
    """Build the site of the project that a folder belongs to, as `flipsite build` does.

    Args:
        folder: A folder of the project; the packaged studies are shown where there is none.
        out: The site's folder; the project's `site` where it is None.
        studies: Ids of the studies to show; all where none is named.
        base_url: The site's address.
        force: Build even where nothing has changed.

    Raises:
        FlipsiteError: If an input is faulty or the site cannot be written; the last site stays as it was.
    """
    project = find_project(Path(folder))
    return build_site(project, out=Path(out or project.site), studies=studies, base_url=base_url, force=force)


def _study(study: StudyHandle | str) -> StudyHandle:
    if isinstance(study, StudyHandle):
        return study
    if isinstance(study, str | Path):
        return StudyHandle.load(study)
    raise UsageError(f"{study!r}: expected a study, its id or its folder")


def _globs(globs: str | Sequence[str] | None) -> tuple[str, ...]:
    return (globs,) if isinstance(globs, str) else tuple(globs or ())


def _check_whole(name: str, value: object, *, most: float = math.inf) -> None:
    """A whole number, from 1 on; or None, where that has a meaning of its own."""
    if value is None and most == math.inf:
        return
    if not isinstance(value, int) or isinstance(value, bool) or not 1 <= value <= most:
        to = f" to {most:,}" if most < math.inf else " on"
        raise UsageError(f"{name}={value!r}: expected a whole number from 1{to}")


@lru_cache(maxsize=8)
def _analysed(folder: Path, _stamps: tuple[tuple[Path, int], ...]) -> "StudyReport":
    from flipsite.workflows.load import load_report

    return load_report(folder)
