"""A build, end to end: from a project's folders to a site."""

import json
import re
import subprocess
import sys
from collections import Counter
from pathlib import Path
from types import FrameType

import pytest

from flipsite.errors import ContentError, SettingsError, UsageError
from flipsite.project import find_project, find_study_files, snapshot_files
from flipsite.settings import load_project
from flipsite.store.imports.columns import ImportOptions
from flipsite.workflows.build import build
from flipsite.workflows.embed import embed
from flipsite.workflows.import_export import import_draws

ARTICLE = Path(__file__).parents[3] / "shared" / "reference" / "article.txt"


@pytest.fixture
def article_site(article_project: Path) -> Path:
    """The site of the article alone."""
    return article_project / "site"


def test_a_build_finds_each_study_and_the_settings_once(tmp_path: Path) -> None:
    """The files of a study are one value that is handed on; nothing looks for them again."""
    (tmp_path / "flipsite.toml").write_text('[site]\ntitle = "Coins"\n')
    (tmp_path / "content/studies").mkdir(parents=True)
    draws = tmp_path / "draws.csv"
    draws.write_text("model,outcome\na/b,1\na/b,0\nc/d,0\n")
    for study in ("one", "two"):
        import_draws(find_project(tmp_path), study, draws, options=ImportOptions())
    calls = Counter[str]()
    watched = {each.__code__: each.__name__ for each in (find_study_files, snapshot_files, load_project)}

    def count(frame: FrameType, event: str, _value: object) -> None:
        if event == "call" and frame.f_code in watched:
            calls[watched[frame.f_code]] += 1

    sys.setprofile(count)
    try:
        build(find_project(tmp_path), out=tmp_path / "site")
    finally:
        sys.setprofile(None)
    assert calls == {"find_study_files": 2, "snapshot_files": 2, "load_project": 1}


@pytest.mark.parametrize(
    "project", ["article_project", pytest.param("default_project", marks=pytest.mark.slow)]
)
def test_the_article_and_an_empty_folder_get_a_site(project: str, request: pytest.FixtureRequest) -> None:
    site: Path = request.getfixturevalue(project) / "site"
    for path in ("index.html", "404.html", ".nojekyll", "robots.txt", "sitemap.xml", "feed.xml"):
        assert (site / path).is_file()
    for path in ("index.html", "leaderboard/index.html", "models/openai/gpt-4/index.html"):
        assert (site / "article-2025" / path).is_file()


@pytest.mark.skipif(not ARTICLE.exists(), reason="the article's text stands beside the repository, if at all")
def test_the_articles_figures_come_out_as_printed(article_site: Path) -> None:
    """All 40, to the printed digit and in the printed order."""
    printed = re.findall(r"^(\S+/\S+) (0\.\d+)$", ARTICLE.read_text(encoding="utf-8"), flags=re.MULTILINE)
    assert len(printed) == 40
    shown = []
    for end in ("least", "most"):
        table = json.loads((article_site / f"article-2025/embed/{end}-biased.json").read_text())
        shown += [(row["model"]["text"], row["bias"]["text"]) for row in table["rows"]]
    assert shown == printed


def test_the_articles_estimates_are_what_the_figures_allow(article_site: Path) -> None:
    records = {
        record["model"]: record
        for record in json.loads((article_site / "article-2025/data/estimates.json").read_text())
    }
    assert list(records) == sorted(records)
    euryale = records["sao10k/l3.1-euryale-70b"]
    assert euryale["valid"] == 47
    assert euryale["draws"] is None
    assert euryale["mean"] is None
    assert euryale["p_value"] == pytest.approx(0.7709, abs=1e-4)
    assert euryale["verdict"] == "undecided"
    assert records["cohere/command"]["valid"] is None
    assert {record["verdict"] for record in records.values() if record["bias"] >= 0.35} == {"biased"}


def test_what_is_known_of_the_models_can_be_downloaded(article_site: Path) -> None:
    """As the study keeps it."""
    kept = find_project(article_site.parent).studies / "article-2025" / "features.csv"
    assert (article_site / "article-2025/data/features.csv").read_bytes() == kept.read_bytes()


@pytest.mark.slow
def test_two_builds_are_the_same_to_the_byte_whatever_the_jobs(default_project: Path, tmp_path: Path) -> None:
    build(find_project(tmp_path), out=tmp_path / "site", jobs=1)
    site = default_project / "site"
    first = {path.relative_to(site): path for path in site.rglob("*") if path.is_file()}
    again = [path.relative_to(tmp_path / "site") for path in (tmp_path / "site").rglob("*") if path.is_file()]
    assert sorted(first) == sorted(again)
    for path in again:
        assert (tmp_path / "site" / path).read_bytes() == first[path].read_bytes(), path


def project_with(folder: Path, study: str, text: str = "") -> Path:
    (folder / "content" / "studies" / study).mkdir(parents=True)
    (folder / "content" / "studies" / study / "study.toml").write_text(text, encoding="utf-8")
    return folder


def test_a_site_that_is_current_needs_no_library(tmp_path: Path) -> None:
    (tmp_path / "content/studies").mkdir(parents=True)
    (tmp_path / "flipsite.toml").write_text('[site]\ntitle = "Coins"\n', encoding="utf-8")
    build(find_project(tmp_path), out=tmp_path / "site")
    code = (
        "import sys\nfrom flipsite.cli.main import main\n"
        "try: main(['build'])\n"
        "finally: print([name for name in ('altair', 'jinja2', 'numpy', 'pydantic') if name in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert "0 files written" in done.stdout
    assert done.stdout.endswith("[]\n")


def test_a_study_without_draws_builds_and_says_what_to_do(tmp_path: Path) -> None:
    project_with(tmp_path, "mine")
    report = build(find_project(tmp_path), out=tmp_path / "site")
    assert report.warnings == ("study 'mine' has no draws yet; run `flipsite collect mine`",)
    assert "flipsite collect mine" in (tmp_path / "site/mine/index.html").read_text(encoding="utf-8")


def test_a_project_without_results_has_a_home_page_that_says_so(tmp_path: Path) -> None:
    project_with(tmp_path, "mine")
    build(find_project(tmp_path), out=tmp_path / "site")
    assert "There are no results yet." in (tmp_path / "site/index.html").read_text(encoding="utf-8")


def test_a_failed_build_leaves_the_last_site(tmp_path: Path) -> None:
    project_with(tmp_path, "mine")
    build(find_project(tmp_path), out=tmp_path / "site")
    before = (tmp_path / "site/index.html").read_bytes()
    (tmp_path / "content/story.md").write_text("# T\n\n{{ value('no') }}\n")
    with pytest.raises(ContentError, match=r"story\.md, line 3"):
        build(find_project(tmp_path), out=tmp_path / "site")
    assert (tmp_path / "site/index.html").read_bytes() == before


def test_pages_of_a_removed_study_vanish(tmp_path: Path) -> None:
    project_with(tmp_path, "one")
    project_with(tmp_path, "two")
    build(find_project(tmp_path), out=tmp_path / "site")
    build(find_project(tmp_path), out=tmp_path / "site", studies=["two"])
    assert not (tmp_path / "site/one").exists()
    assert (tmp_path / "site/two/index.html").is_file()


def test_an_unknown_study_is_told_its_nearest(tmp_path: Path) -> None:
    project_with(tmp_path, "october")
    with pytest.raises(UsageError, match="no study 'octobre'; did you mean 'october'"):
        build(find_project(tmp_path), out=tmp_path / "site", studies=["octobre"])


@pytest.mark.parametrize("name", ["../x", "A", "", "methods", "a/b", "x" * 80])
def test_a_name_that_cannot_be_a_folder_of_the_site_is_refused(tmp_path: Path, name: str) -> None:
    project_with(tmp_path, "one")
    with pytest.raises(UsageError, match="cannot name a study"):
        build(find_project(tmp_path), out=tmp_path / "site", studies=[name])


def test_a_published_study_needs_its_figures(tmp_path: Path) -> None:
    project_with(tmp_path, "paper", '[study]\nkind = "published"\n')
    with pytest.raises(SettingsError, match=r"published\.toml: no such file"):
        build(find_project(tmp_path), out=tmp_path / "site")


def test_a_projects_own_template_wins(tmp_path: Path) -> None:
    project_with(tmp_path, "mine")
    (tmp_path / "templates").mkdir()
    (tmp_path / "templates" / "robots.txt").write_text("User-agent: nobody\n")
    build(find_project(tmp_path), out=tmp_path / "site")
    assert (tmp_path / "site/robots.txt").read_text() == "User-agent: nobody\n"


def test_a_broken_template_is_told_with_file_and_line(tmp_path: Path) -> None:
    project_with(tmp_path, "mine")
    (tmp_path / "templates").mkdir()
    (tmp_path / "templates" / "robots.txt").write_text("x\n{{ nothing }}\n")
    with pytest.raises(ContentError, match=r"templates/robots\.txt, line 2: 'nothing' is undefined"):
        build(find_project(tmp_path), out=tmp_path / "site")


@pytest.mark.parametrize(
    ("source", "told"),
    [
        (b"x\n{{ 1 / 0 }}\n", r"robots\.txt, line 2: division by zero \(ZeroDivisionError\)\."),
        (b"{{ 'much' | share }}", r"robots\.txt, line 1: .*\((Type|Value|Attribute)Error\)\."),
        (
            b"{% include 'robots.txt' %}",
            r"robots\.txt, line 1: maximum recursion .*\(RecursionError\)\.",
        ),
        (b"{% include 'no.html' %}", r"no\.html: no such template; needed by robots\.txt\."),
        (b"{% if %}", r"robots\.txt, line 1: Expected an expression"),
        (b"caf\xe9", r"robots\.txt: 'utf-8' codec can't decode byte 0xe9"),
    ],
)
def test_whatever_fails_in_a_template_of_ones_own_is_one_sentence(
    tmp_path: Path, source: bytes, told: str
) -> None:
    project_with(tmp_path, "mine")
    (tmp_path / "templates").mkdir()
    (tmp_path / "templates" / "robots.txt").write_bytes(source)
    with pytest.raises(ContentError, match=told):
        build(find_project(tmp_path), out=tmp_path / "site")


def test_build_and_embed_refuse_the_same_addresses(tmp_path: Path) -> None:
    project_with(tmp_path, "mine")
    project = find_project(tmp_path)
    with pytest.raises(UsageError, match="expected an address such as"):
        build(project, out=tmp_path / "site", base_url="javascript:alert(1)")
    with pytest.raises(UsageError, match="expected an address such as"):
        embed(project, "leaderboard", form="html", base_url="javascript:alert(1)")


def test_the_site_map_and_the_lost_page_use_the_address(tmp_path: Path) -> None:
    project_with(tmp_path, "mine")
    build(find_project(tmp_path), out=tmp_path / "site", base_url="https://me.github.io/coins")
    site_map = (tmp_path / "site/sitemap.xml").read_text(encoding="utf-8")
    assert "<loc>https://me.github.io/coins/cite/index.html</loc>" in site_map
    assert 'href="https://me.github.io/coins/index.html"' in (tmp_path / "site/404.html").read_text()
