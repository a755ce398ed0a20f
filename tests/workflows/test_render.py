"""The charts of a build are drawn once, by a process of their own where there may be one."""

import subprocess
import sys
from pathlib import Path

import pytest

from flipsite.present.charts.svg import start_renderer
from flipsite.project import find_project
from flipsite.store.imports.columns import ImportOptions
from flipsite.workflows.build import build
from flipsite.workflows.import_export import import_draws


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A study of three models."""
    (tmp_path / "content/studies").mkdir(parents=True)
    draws = tmp_path / "draws.csv"
    rows = [f"a/m{model},{int(draw % 4 < model)}" for model in range(3) for draw in range(8)]
    draws.write_text("\n".join(["model,outcome", *rows]) + "\n")
    import_draws(find_project(tmp_path), "one", draws, options=ImportOptions())
    return tmp_path


def files_of(out: Path) -> dict[str, bytes]:
    return {str(path.relative_to(out)): path.read_bytes() for path in out.rglob("*") if path.is_file()}


def test_a_process_that_draws_already_goes_on_drawing(project: Path) -> None:
    start_renderer()
    build(find_project(project), out=project / "site", jobs=2)
    assert (project / "site/data/charts/one-bias-intervals.svg").exists()


def test_it_does_not_matter_who_draws_and_the_next_build_draws_and_compiles_nothing(project: Path) -> None:
    build(find_project(project), out=project / "alone", jobs=1, force=True)
    # A process of its own: in this one the renderer runs already, and then draws itself.
    command = [sys.executable, "-m", "flipsite", "build", "--force", "-o", "first", "--jobs", "2"]
    subprocess.run(command, cwd=project, check=True)
    first = files_of(project / "first")
    assert first == files_of(project / "alone")
    told = "import vl_convert; vl_convert.vegalite_to_svg = vl_convert.svg_to_png = None\n"
    told += "import jinja2.bccache; jinja2.bccache.Bucket.bytecode_to_string = None\n"
    told += "from flipsite.cli.main import main; main(['build', '-o', 'second', '--jobs', '2'])"
    subprocess.run([sys.executable, "-c", told], cwd=project, check=True)
    assert files_of(project / "second") == first
