"""A shell completes commands, options, studies and what can be embedded."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from flipsite.cli.init import init
from flipsite.cli.params import TABLES
from flipsite.present.charts.registry import study_drawings
from flipsite.present.embeds.registry import METHODS, table_embeds
from flipsite.project import packaged
from flipsite.workflows.load import load_report
from flipsite.write.scaffold import STUDY


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("completing")
    init(folder, templates=False)
    return folder


@pytest.mark.parametrize(
    ("words", "offered"),
    [
        ("flipsite em", ["embed"]),
        ("flipsite build --str", ["--strict"]),
        ("flipsite export ", [STUDY]),
        ("flipsite embed --study ", [STUDY]),
        ("flipsite embed least", ["least-biased"]),
        ("flipsite embed verdicts --format sv", ["svg"]),
    ],
)
def test_a_word_is_completed(project: Path, words: str, offered: list[str]) -> None:
    place = {"COMP_WORDS": words, "COMP_CWORD": str(len(words.split(" ")) - 1)}
    done = subprocess.run(
        [sys.executable, "-c", "from flipsite.cli.main import cli; cli(prog_name='flipsite')"],
        cwd=project,
        env={**os.environ, **place, "_FLIPSITE_COMPLETE": "bash_complete"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert [line.partition(",")[2] for line in done.stdout.splitlines()] == offered, done.stderr


def test_all_that_is_offered_to_embed_is_there_in_some_study() -> None:
    """But for the curves of a fit, whose names are those of its covariates."""
    there = {METHODS}  # of a study with arms
    for study in ("article-2025", "controls"):
        report = load_report(packaged("content") / "studies" / study)
        there |= {*table_embeds(report), *study_drawings(report)}
    assert set(TABLES) == {name for name in there if not name.startswith("predictors-")}
