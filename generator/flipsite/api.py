"""Flipsite in a notebook or a script: the stages the commands call, with pandas frames for results.

    import flipsite
    study = flipsite.Study.load("article-2025")     # or a folder: "content/studies/mine"
    flipsite.leaderboard(study, top=20)             # a frame
    flipsite.charts.rank_intervals(study)           # an Altair chart
    flipsite.build(out="site")

Nothing here computes: each function finds the project as its command does, calls the same stage, and gives
what came of it as a frame. `flipsite.charts` is the same for charts.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Self

from flipsite.domain.study import Kind
from flipsite.domain.study import Study as StudySettings
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

LEADERBOARD = ("rank", "model", "bias", "mean", "mean_low", "mean_high", "valid", "verdict", "cost_usd")
"""The columns of `leaderboard`, all of them columns of `estimates`."""

OPENROUTER = "https://openrouter.ai/api/v1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Study:
    """A study where it lies. It holds no results: each call reads what is on the disk by then.

    Attributes:
        project: The folders it belongs to.
        id: Its name, that of its folder.
    """

    project: Project
    id: str

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
    def settings(self) -> StudySettings:
        """What its study.toml says: prompt, sampling, models, budget.

        Raises:
            SettingsError: If that is faulty.
        """
        return load_study(self.folder)

    @property
    def report(self) -> "StudyReport":
        """Everything known of it, as its pages tell it; analysed again once a file of it has changed.

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
        models: Sequence[str] = (),
        skip: Sequence[str] = (),
        draws: int | None = None,
        budget_usd: float | None = None,
        concurrency: int = 64,
        api_base: str = OPENROUTER,
        until_settled: bool = False,
        watcher: "Watcher | None" = None,
    ) -> "RunReport":
        """Ask the missing draws and write the snapshot, as `flipsite collect --yes` does.

        Calling it is the yes to spending, so real models want a budget, here or in study.toml. An interrupt
        finishes what is in flight; what was answered is kept.

        Args:
            simulated: Ask coins of known truth: no network, no key, no money.
            seed: Of the simulated coins.
            models: Globs that narrow the study's.
            skip: Globs left out on top of the study's.
            draws: Of each model; None as in the study.
            budget_usd: Dollars in all; None as in the study.
            concurrency: Requests in flight at most.
            api_base: Address that ends before `/models`, such as Ollama's.
            until_settled: Ask a model no more once it is shown to be biased or fair.
            watcher: Is told of the offer and of how it stands; without one nobody is.

        Returns:
            What was done and what it cost.

        Raises:
            FlipsiteError: If the study or the endpoint cannot be used, or the run was stopped by a fault.
        """
        from flipsite.collect.clock import off_the_loop
        from flipsite.workflows.collect import collect
        from flipsite.workflows.run_request import UNWATCHED, RunRequest

        order = RunRequest(
            study_id=self.id,
            models=tuple(models),
            skip=tuple(skip),
            draws=draws,
            budget_usd=budget_usd,
            concurrency=concurrency,
            api_base=api_base,
            simulated_seed=seed if simulated else None,
            until_settled=until_settled,
        )
        report = off_the_loop(lambda: collect(self.project, order, watcher or UNWATCHED))
        if report is None:
            raise UsageError(f"{self.id}: the watcher did not agree; nothing was asked")
        if report.error is not None:
            raise report.error
        return report


def estimates(study: Study) -> "pd.DataFrame":
    """What is known of each model, one row each, sorted by model: the columns of `estimates.json`."""
    from flipsite.present.notebook import frame
    from flipsite.schema import ESTIMATES

    return frame([asdict(record) for record in study.report.estimates], ESTIMATES)


def leaderboard(study: Study, *, top: int | None = 20, most: bool = False) -> "pd.DataFrame":
    """The least biased models, or the most biased, with their intervals.

    Args:
        study: Which one.
        top: How many; None for all that have a bias.
        most: Whether the most biased come first.

    Returns:
        The columns of LEADERBOARD, by bias; equals by name.
    """
    from flipsite.present.notebook import frame
    from flipsite.present.tables import by_bias
    from flipsite.schema import ESTIMATES

    shown = by_bias(study.report.estimates, most=most)[:top]
    return frame([asdict(record) for record in shown], ESTIMATES)[list(LEADERBOARD)]


def spend(study: Study) -> "pd.DataFrame":
    """What each model cost, the dearest first: the columns of `spend.csv`; empty where nothing was priced."""
    from flipsite.present.notebook import frame
    from flipsite.schema import SPEND

    return frame([asdict(row) for row in study.report.spend], SPEND)


def draws(study: Study) -> "pd.DataFrame":
    """The tidy draws, one row each, with the columns of `draws.csv`.

    Raises:
        UsageError: If the study is published: it has figures and no draws.
        StoreError: If there are none yet, or too many for a frame.
    """
    from flipsite.store.snapshot.read import n_draws, read_groups
    from flipsite.store.snapshot.tables import draws_frame
    from flipsite.workflows.load import MOST_HELD

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
        base_url: Where the site will stand.
        force: Build even where nothing has changed.

    Raises:
        FlipsiteError: If an input is faulty or the site cannot be written; the last site stays as it was.
    """
    project = find_project(Path(folder))
    return build_site(project, out=Path(out or project.site), studies=studies, base_url=base_url, force=force)


@lru_cache(maxsize=8)
def _analysed(folder: Path, _stamps: tuple[tuple[Path, int], ...]) -> "StudyReport":
    from flipsite.workflows.load import load_report

    return load_report(folder)
