"""Several collectors, each with its share of the models: merged, they are what one would have collected."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.collect.collecting_runs import STUDY, budget, project_of, simulate

from flipsite.collect.simulated import COINS, Endpoint
from flipsite.domain.money import usd
from flipsite.domain.study import Kind, Sampling, Shard, shard_of
from flipsite.errors import UsageError
from flipsite.project import Project, snapshot_files
from flipsite.store.imports.columns import parse_options
from flipsite.store.imports.importer import ImportReport
from flipsite.store.snapshot import write
from flipsite.workflows.import_export import import_draws

FEW = tuple(coin for coin in COINS if "slow" not in coin.id)
N = 16


def collected(root: Path, number: int, *, draws: int = 4, of: int = N) -> Path:
    """The snapshot of one shard, collected in a project of its own."""
    project = project_of(root / f"{number}-of-{of}", sampling=Sampling(draws=draws))
    simulate(project, Endpoint(coins=FEW), shard=Shard(number, of))
    return project.studies / STUDY / "draws.parquet"


def merge(project: Project, path: Path) -> ImportReport:
    return import_draws(project, STUDY, path, options=parse_options((), (), None))


@pytest.fixture(scope="module")
def shards(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """All sixteen."""
    root = tmp_path_factory.mktemp("shards")
    return [collected(root, number) for number in range(1, N + 1)]


def test_sixteen_shards_merged_are_one_collection_to_the_byte(shards: list[Path], tmp_path: Path) -> None:
    """In any order; until the last one is there it is told which are missing."""
    alone = project_of(tmp_path / "alone", sampling=Sampling(draws=4))
    simulate(alone, Endpoint(coins=FEW))
    project = project_of(tmp_path / "merged", sampling=Sampling(draws=4))
    reports = [merge(project, path) for path in reversed(shards)]
    assert reports[0].missing == tuple(f"{number}/16" for number in range(1, 16))
    assert reports[-1].missing == ()
    paths = [each.studies / STUDY / "draws.parquet" for each in (alone, project)]
    assert paths[0].read_bytes() == paths[1].read_bytes()
    assert merge(project, shards[4]).already


def test_shards_in_parts_merge_like_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Named by the folder of the parts or of the study; the parts are those of one collector."""
    for name, n_draws in (("MOST_IN_A_FILE", 10), ("HALF", 16), ("FULL", 32)):
        monkeypatch.setattr(write, name, n_draws)
    alone = project_of(tmp_path / "alone", sampling=Sampling(draws=20))
    simulate(alone, Endpoint(coins=FEW))
    project = project_of(tmp_path / "merged", sampling=Sampling(draws=20))
    folders = [collected(tmp_path, number, draws=20, of=2).parent for number in (1, 2)]
    with pytest.raises(UsageError, match=r"one of the parts of a shard; name their folder, .*draws$"):
        merge(project, snapshot_files(folders[1])[0])
    assert merge(project, folders[1] / "draws").missing == ("1/2",)
    assert merge(project, folders[0]).missing == ()
    assert merge(project, folders[1]).already
    found, wanted = (
        {path.parent.name: path.read_bytes() for path in snapshot_files(each.studies / STUDY)}
        for each in (project, alone)
    )
    assert len(found) > 5
    assert found == wanted


def test_a_shard_overlaps_with_none(shards: list[Path], tmp_path: Path) -> None:
    """Neither with itself collected anew, nor with a cut into another number of shards."""
    number = next(i for i in range(1, N + 1) if any(Shard(i, N).holds(coin.id) for coin in FEW))
    project = project_of(tmp_path / "merged")
    merge(project, shards[number - 1])
    assert merge(project, shards[number - 1]).already
    before = (project.studies / STUDY / "draws.parquet").read_bytes()
    with pytest.raises(UsageError, match="the study has other draws of"):
        merge(project, collected(tmp_path, number, draws=5))
    others = [collected(tmp_path, half, of=2) for half in (1, 2)]
    for path in others:
        with pytest.raises(
            UsageError, match=r"one of 2 shards, and the study has some of 16|has other draws"
        ):
            merge(project, path)
    assert (project.studies / STUDY / "draws.parquet").read_bytes() == before


def test_a_shard_is_merged_into_its_own_study_alone(shards: list[Path], tmp_path: Path) -> None:
    """No simulated draw reaches a measured study; a collected one is not added to."""
    with pytest.raises(UsageError, match=r"its draws are simulated, and .* is a measured study"):
        merge(project_of(tmp_path / "measured", kind=Kind.MEASURED), shards[0])
    whole = project_of(tmp_path / "whole", sampling=Sampling(draws=3))
    simulate(whole, Endpoint(coins=FEW))
    full = next(path for path in shards if path.stat().st_size == max(p.stat().st_size for p in shards))
    with pytest.raises(UsageError, match="the study has other draws"):
        merge(whole, full)


def test_all_shards_together_keep_to_the_budget(tmp_path: Path) -> None:
    """Each has an equal share of it; run one after the other in one project, none pays for another."""
    total, n = 0.012, 3
    spent, bound = [], 0
    for number in range(1, n + 1):
        project = project_of(tmp_path / str(number), sampling=Sampling(draws=40), budget=budget(total))
        report = simulate(project, Endpoint(coins=FEW), shard=Shard(number, n))
        assert report.spent_usd <= usd(total) / n
        spent.append(report.spent_usd.dollars)
        bound += len(report.budget)
    assert 0 < sum(spent) <= total
    assert bound, "the budget was felt"
    shared = project_of(tmp_path / "shared", sampling=Sampling(draws=40), budget=budget(total))
    again = [
        simulate(shared, Endpoint(coins=FEW), shard=Shard(i, n)).spent_usd.dollars for i in range(1, n + 1)
    ]
    assert max(again) <= total / n
    assert again == pytest.approx(spent, abs=0.000552)  # one request more or less is in flight at the end


@given(model=st.text(), n=st.integers(1, 99))
def test_every_model_is_of_exactly_one_shard(model: str, n: int) -> None:
    assert sum(Shard(number, n).holds(model) for number in range(1, n + 1)) == 1


@given(cents=st.integers(0, 10**7), n=st.integers(1, 999))
def test_shares_of_a_budget_are_together_the_whole(cents: int, n: int) -> None:
    """Exactly."""
    assert n * Shard(1, n).share_usd(usd(cents) / 100) == usd(cents) / 100


def test_a_model_stays_of_its_shard() -> None:
    """The cut is the same on every machine and in every version: other shards are being collected by it."""
    models = ("a/b", "openai/gpt-4o")
    assert [next(i for i in range(1, 17) if Shard(i, 16).holds(model)) for model in models] == [14, 5]


@pytest.mark.parametrize("text", ["0/4", "5/4", "3", "1/0", "a/b", "1/2/3", "-1/4"])
def test_what_is_no_shard_is_told(text: str) -> None:
    with pytest.raises(UsageError, match="is no shard; say which of how many, such as 3/16"):
        shard_of(text)
