"""Pages of many models stay light: 240 models in two studies, as many as the article asked."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from flipsite.domain.draws import Draw, Outcome
from flipsite.project import find_project
from flipsite.store.snapshot.assemble import collect_draws
from flipsite.store.snapshot.parquet import write_draws
from flipsite.workflows.build import build

pytestmark = pytest.mark.slow

MOST_BYTES = 200_000

PAGES = (
    "compare/index.html",
    "models/index.html",
    "one/answers/index.html",
    "one/compare/index.html",
    "one/leaderboard/index.html",
    "one/models/author-1/model-1-instruct/index.html",
    "two/compare/one/index.html",
    "two/embed/leaderboard.html",
)


def draws(seed: int) -> Iterator[Draw]:
    rng = np.random.default_rng(seed)
    for model in range(240):
        for i, side in enumerate((rng.random(50) < rng.beta(3, 3)).tolist()):
            words = (
                f"Thought {rng.integers(9999)}: it turned and turned, and then it landed.\nOutput: {side:d}"
            )
            yield Draw(
                model=f"author-{model % 40}/model-{model}-instruct",
                draw=i,
                labels=("0", "1"),
                order=0,
                result=Outcome(index=int(side)),
                response=words,
            )


def test_no_page_of_240_models_is_heavy(tmp_path: Path) -> None:
    for number, study in enumerate(("one", "two")):
        folder = tmp_path / "content" / "studies" / study
        folder.mkdir(parents=True)
        (folder / "study.toml").write_text(
            f'[study]\ntitle = "{study}"\nkind = "measured"\n', encoding="utf-8"
        )
        write_draws(folder / "draws.parquet", collect_draws(draws(number)), study=study)
    build(find_project(tmp_path), out=tmp_path / "site")
    sizes = {page: (tmp_path / "site" / page).stat().st_size for page in PAGES}
    assert {page: size for page, size in sizes.items() if size > MOST_BYTES} == {}
