"""Whole answers of several draws, imported as the models gave them, are read as collected ones are."""

from dataclasses import replace
from pathlib import Path

import pytest

from flipsite.domain.draws import STATUSES, Draws
from flipsite.domain.study import Kind, Sampling
from flipsite.project import Project
from flipsite.settings import default_study, dump_study
from flipsite.store.imports.columns import parse_options
from flipsite.store.snapshot.read import read_draws
from flipsite.workflows.import_export import import_draws

ANSWERS = {
    "Sure, here they are.\nOutput: 1, 0, 1, 1": ("1 0 1 1", "valid"),
    "Output: 1 0 0 1": ("1 0 0 1", "valid"),
    "Output: 1001": ("1 0 0 1", "valid"),
    "[1, 0, 0, 1]": ("1 0 0 1", "valid"),
    "Output: 1, 0, 1": (None, "unparsed"),
    "Output: 1, 0, 1, 1, 0": (None, "unparsed"),
    "Output: 1": (None, "unparsed"),
    "1": (None, "unparsed"),
    "I'm sorry, but I cannot flip coins.": (None, "refused"),
    "": (None, "empty"),
}
"""Each answer with its row and its status."""


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """A project with a study of four draws in an answer."""
    folder = tmp_path / "content" / "studies" / "four"
    folder.mkdir(parents=True)
    default = default_study("four")
    prompt = replace(default.prompt, template="Draw {count} times from {first} and {second}.")
    study = replace(default, kind=Kind.MEASURED, prompt=prompt, sampling=Sampling(per_answer=4))
    (folder / "study.toml").write_text(dump_study(study), encoding="utf-8")
    return Project(
        root=tmp_path, content=tmp_path / "content", templates=(), site=tmp_path / "site", packaged=False
    )


def imported(project: Project, text: str, *, name: str = "answers.csv") -> Draws:
    path = project.root / name
    path.write_text(text, encoding="utf-8")
    import_draws(project, "four", path, options=parse_options((), (), None))
    return read_draws(project.studies / "four" / "draws.parquet")


def test_each_answer_is_read_at_its_exact_length(project: Project) -> None:
    """Rows of another length, single draws, refusals and silence are no rows."""
    cells = "".join(f'a/b,"{answer}"\n' for answer in ANSWERS)
    draws = imported(project, f"model,response\n{cells}")
    assert draws.sequence is not None
    found = [
        (row, str(STATUSES[code])) for row, code in zip(draws.sequence, draws.status.tolist(), strict=True)
    ]
    assert found == list(ANSWERS.values())
    assert draws.outcome.tolist() == [-1] * len(ANSWERS)


def test_an_answer_that_was_cut_is_told_by_its_reason(project: Project) -> None:
    """The reason of its end decides, as it does for collected answers."""
    draws = imported(
        project, 'model,response,finish_reason\na/b,"Output: 1, 0,",length\na/b,"Output: 1001",stop\n'
    )
    assert [str(STATUSES[code]) for code in draws.status.tolist()] == ["truncated", "valid"]


def test_a_column_of_rows_is_read_as_before(project: Project) -> None:
    """Where the file has rows beside the answers, these count."""
    draws = imported(project, 'model,sequence,response\na/b,"0 0 0 1","Output: 1, 1, 1, 1"\n')
    assert list(draws.sequence or ()) == ["0 0 0 1"]
