"""The notebook is what its source says, and runs from top to bottom without a key."""

import json
import os
import re
import runpy
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
NOTEBOOK = ROOT / "notebooks/coin_flips.ipynb"
BADGE = re.compile(
    r"\[!\[Open in Colab\]\(https://colab\.research\.google\.com/assets/colab-badge\.svg\)\]"
    r"\(https://colab\.research\.google\.com/github/([\w.-]+/[\w.-]+)/blob/main/(notebooks/\w+\.ipynb)\)"
)


def test_the_notebook_is_made_of_its_source() -> None:
    made = runpy.run_path(str(ROOT / "notebooks/make.py"))
    source = (ROOT / "notebooks/coin_flips.md").read_text(encoding="utf-8")
    assert NOTEBOOK.read_text(encoding="utf-8") == made["notebook"](source), "run `make notebook`"


def test_the_notebook_is_valid_and_holds_no_output() -> None:
    import nbformat

    shape = json.loads(NOTEBOOK.read_text(encoding="utf-8"))
    nbformat.validate(shape)
    ids = [cell["id"] for cell in shape["cells"]]
    assert len(ids) == len(set(ids))
    for cell in shape["cells"]:
        assert not cell.get("outputs")
        assert cell.get("execution_count") is None


def test_the_badges_lead_to_the_notebook() -> None:
    """In the README and in the notebook the same repository, from which it is installed too."""
    source = (ROOT / "notebooks/coin_flips.md").read_text(encoding="utf-8")
    found = [BADGE.search(text) for text in (source, (ROOT / "README.md").read_text(encoding="utf-8"))]
    repositories = {badge[1] for badge in found if badge}
    assert all(found)
    assert len(repositories) == 1
    assert all(badge and (ROOT / badge[2]).is_file() for badge in found)
    assert f'"git+https://github.com/{repositories.pop()}"' in source


@pytest.mark.slow
def test_the_notebook_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As its reader runs it: a real kernel, the simulated endpoint, tables and charts, a site in a zip."""
    import nbformat
    from nbclient import NotebookClient

    monkeypatch.setenv("PYTHONPATH", str(ROOT / "generator") + os.pathsep + os.environ.get("PYTHONPATH", ""))
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))
    monkeypatch.delenv("OPENROUTER_API_KEY", raising=False)
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    NotebookClient(notebook, timeout=300, resources={"metadata": {"path": str(tmp_path)}}).execute()
    outputs = {cell["id"]: cell.get("outputs", []) for cell in notebook.cells}
    said = "".join(output.get("text", "") for output in outputs["collect"])
    assert "850 draws, " in said
    for name in ("leaderboard", "frames", "article"):
        assert "<table" in outputs[name][0]["data"]["text/html"], name
    for name in ("bias", "ranks", "article-chart"):
        assert "vega" in str(outputs[name][0]["data"]), name
    with zipfile.ZipFile(tmp_path / "coins/site.zip") as archive:
        assert {"index.html", "simulated-flips/index.html", "build.json"} <= set(archive.namelist())
