"""The site that `make site` builds: real models first, simulated coins after them."""

import re
from pathlib import Path

import pytest

import real_models
from flipsite.domain.study import Kind
from flipsite.settings import load_study

ROOT = Path(__file__).parents[1]
STUDIES = {folder.name: load_study(folder).kind for folder in sorted((ROOT / "content/studies").iterdir())}
REAL = {name for name, kind in STUDIES.items() if kind is not Kind.SIMULATED}


@pytest.fixture
def site(default_project: Path) -> Path:
    """The default content, built."""
    return default_project / "site"


@pytest.mark.slow
@pytest.mark.parametrize(
    "page",
    [
        *("models/index.html", "compare/index.html", "data/index.html", "search/index.html"),
        *("embed/index.html", "feed.xml", "sitemap.xml"),
    ],
)
def test_no_simulated_study_stands_before_a_real_one(site: Path, page: str) -> None:
    """In the order of a page's links: all studies of real models, then all simulated ones."""
    text = (site / page).read_text(encoding="utf-8")
    named = [STUDIES[name] for name in _studies_in(_links(text))]
    assert Kind.PUBLISHED in named or Kind.MEASURED in named
    assert Kind.SIMULATED not in named[: _last_real(named)], page


@pytest.mark.slow
def test_the_story_tells_of_real_models_before_simulated_ones(site: Path) -> None:
    """Its chapters come before the prices of simulated ways; its list of studies has the order of all."""
    text = (site / "index.html").read_text(encoding="utf-8")
    story, _, listed = text.partition('id="what-next"')
    told, named = ([STUDIES[name] for name in _studies_in(_links(part))] for part in (story, listed))
    assert told[:2] == [Kind.PUBLISHED, Kind.MEASURED]
    assert Kind.SIMULATED not in told[: _last_real(told)]
    assert {Kind.MEASURED, Kind.SIMULATED} <= set(named)
    assert Kind.SIMULATED not in named[: _last_real(named)]


def _links(text: str) -> list[str]:
    return re.findall(r'(?:(?:href|data-href)="|<id>|<loc>)[^"<]*?([a-z0-9-]+)/[^"<]*', text)


def _studies_in(paths: list[str]) -> list[str]:
    """The studies of a page in the order in which it first names them."""
    return [name for name in dict.fromkeys(paths) if name in STUDIES]


def _last_real(kinds: list[Kind]) -> int:
    return max(place for place, kind in enumerate(kinds) if kind is not Kind.SIMULATED) + 1


@pytest.mark.slow
def test_leaderboards_of_real_models_show_no_simulated_one(site: Path) -> None:
    """No simulated figure stands beside a real model's name."""
    for study in REAL:
        page = (site / study / "leaderboard/index.html").read_text(encoding="utf-8")
        assert "simulated/" not in page, study


@pytest.mark.slow
def test_the_search_finds_real_models_first(site: Path) -> None:
    """Its index holds the studies in the site's order, so that equal matches come in that order."""
    text = (site / "assets/search-index.js").read_text(encoding="utf-8")
    first = {name: text.find(f"{name}/") for name in STUDIES if f"{name}/" in text}
    simulated = [place for name, place in first.items() if name not in REAL]
    assert max(first[name] for name in REAL & first.keys()) < min(simulated)


def test_make_real_models_collects_every_measured_study() -> None:
    assert set(real_models.STUDIES) == {name for name, kind in STUDIES.items() if kind is Kind.MEASURED}


def test_every_measured_study_says_what_was_asked() -> None:
    """File, server and version, temperature, date and machine."""
    for name, kind in STUDIES.items():
        if kind is Kind.MEASURED:
            study = load_study(ROOT / "content/studies" / name)
            for part in (
                *("SmolLM2-135M-Instruct.Q4_1.gguf", "llama.cpp b11434", "two cores", "30 November 2026"),
                f"temperature {study.sampling.temperature:g}",
                f"flipsite collect {name}",
            ):
                assert part in study.source, f"{name}: {part}"
            assert study.summary
            assert study.started == "2026-11-30"
