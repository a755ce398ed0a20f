"""The charts' script is made once for a user, and taken from the cache only if it is still what was made."""

import re
from pathlib import Path

import pytest
import vl_convert

from flipsite.project import packaged
from flipsite.workflows.render import charts_script


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache folder, and a small script to keep there, for the real one takes a second."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr("flipsite.workflows.render.bundle", lambda: b"window.vegaEmbed = 1;")
    return tmp_path / "cache" / "flipsite" / "scripts"


def test_a_second_site_takes_the_first_ones_script(cache: Path) -> None:
    path, script = charts_script()
    made = script()
    assert made == b"window.vegaEmbed = 1;"
    again, kept = charts_script()
    assert again == path
    assert kept() == made
    assert [found.read_bytes() for found in cache.iterdir()] == [made]


def test_a_touched_script_is_made_again(cache: Path) -> None:
    charts_script()[1]()
    (kept,) = cache.iterdir()
    kept.write_bytes(b"alert(1)")
    assert charts_script()[1]() == b"window.vegaEmbed = 1;"
    assert kept.read_bytes() == b"window.vegaEmbed = 1;"


def test_no_cache_folder_is_no_fault(cache: Path) -> None:
    cache.parents[1].write_text("a file where the folder should be")
    assert charts_script()[1]() == b"window.vegaEmbed = 1;"


def test_the_licences_name_every_package_that_the_script_may_hold() -> None:
    """Those that the library which joins the script carries with it, by their names and versions in it."""
    (library,) = Path(vl_convert.__file__).parent.glob("vl_convert*.so")
    found = re.findall(rb"npm/((?:@[a-z]+/)?[a-z0-9.-]+)@[0-9]+\.[0-9]", library.read_bytes())
    names = {name.decode() for name in found}
    assert {"vega", "vega-lite", "vega-embed", "d3-array"} <= names
    licences = (packaged("templates") / "static" / "LICENSES.txt").read_text(encoding="utf-8")
    families = ("vega-", "d3-")  # named together there
    missing = [
        name
        for name in sorted(names)
        if not name.startswith(families)
        and not re.search(rf"(?m)\b{re.escape(name.split('.')[0])}\b", licences)
    ]
    assert missing == []
    assert "d3 modules" in licences
    assert "the other vega-… packages" in licences
