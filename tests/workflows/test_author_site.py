"""A project's site is its author's: their name, words, pictures, pages and domain."""

import re
from collections.abc import Callable
from pathlib import Path
from shutil import copytree
from xml.etree import ElementTree

import pytest
from click.testing import CliRunner
from PIL import Image

from flipsite.cli.main import cli
from flipsite.errors import ContentError, SettingsError, UsageError
from flipsite.project import find_project, packaged
from flipsite.settings import load_project
from flipsite.workflows.build import build
from flipsite.write.check.check import check_site

ROWS = "model,outcome\n" + "a/fair,1\na/fair,0\n" * 10 + "b/stuck,1\n" * 20


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """One imported study, and nothing else."""
    monkeypatch.chdir(tmp_path)
    add_study(tmp_path, "first", ROWS)
    return tmp_path


def add_study(folder: Path, study: str, rows: str) -> None:
    (folder / "rows.csv").write_text(rows)
    done = CliRunner().invoke(cli, ["import", "rows.csv", "--study", study])
    assert done.exit_code == 0, done.output


def built(folder: Path, *, base_url: str | None = None, faults: int = 0) -> dict[str, str]:
    """The text of each page and XML file of the site, which has no faults."""
    build(find_project(folder), out=folder / "site", base_url=base_url)
    found = check_site(folder / "site")
    assert len(found) == faults, found
    files = (path for path in (folder / "site").rglob("*") if path.suffix in {".html", ".xml", ".txt"})
    return {path.relative_to(folder / "site").as_posix(): path.read_text(encoding="utf-8") for path in files}


SITE = """
[site]
title = "Münzen & <Co>"
description = "Coins, flipped"
author = "Ann {Example}"
url = "https://ann.example.org/coins"
language = "de"
nav = [["Trial", "first/"], ["About", "about"], ["Blog", "https://example.org/blog"]]
[site.footer]
text = "By *Ann*, [imprint](about/index.html), <b>, [x](javascript:alert)"
"""


def test_the_authors_words_stand_in_head_header_foot_feed_and_citation(project: Path) -> None:
    (project / "flipsite.toml").write_text(SITE, encoding="utf-8")
    (project / "content/pages").mkdir()
    (project / "content/pages/about.md").write_text("# About\n\nMe.\n")
    site = built(project)
    page = site["first/index.html"]
    assert '<html lang="de">' in page
    assert "<title>First · Münzen &amp; &lt;Co&gt;</title>" in page
    assert '<meta name="author" content="Ann {Example}">' in page
    assert '<link rel="canonical" href="https://ann.example.org/coins/first/index.html">' in page
    assert '<a href="../about/index.html">About</a>' in page
    assert '<a href="https://example.org/blog">Blog</a>' in page
    assert 'By <em>Ann</em>, <a href="../about/index.html">imprint</a>, &lt;b&gt;, [x](javascript' in page
    assert r"author = {{Ann \{Example\}}}" in site["cite/index.html"]
    feed = ElementTree.fromstring(site["feed.xml"])  # noqa: S314 - our own
    assert feed.findtext("{*}author/{*}name") == "Ann {Example}"
    assert feed.findtext("{*}id") == "https://ann.example.org/coins/"
    assert "https://ann.example.org/coins/about/index.html" in site["sitemap.xml"]


def test_no_page_of_a_project_names_flipsites_authors(project: Path) -> None:
    site = built(project)
    assert not [path for path, text in site.items() if "flipsite authors" in text]
    assert "author =" not in site["cite/index.html"]
    assert "<title>Coin flips</title>" in site["index.html"]


def test_the_packaged_site_keeps_its_name(tmp_path: Path) -> None:
    project = find_project(tmp_path)
    assert load_project(project.content.parent).site.author == "The flipsite authors"


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ('titel = "x"', 'site.titel: unknown key; did you mean "title"?'),
        ('title = " "', "site.title: expected a text that is not empty"),
        ('url = "javascript:alert(1)"', "site.url: expected the address of the site"),
        ('language = "german!"', 'site.language: expected a language such as "en"'),
        ('nav = [["Label"]]', "site.nav"),
        ('author = "a\\nb"', "site.author: expected a name, on one line"),
    ],
)
def test_a_faulty_site_table_is_one_sentence(project: Path, line: str, told: str) -> None:
    (project / "flipsite.toml").write_text(f"[site]\n{line}\n")
    with pytest.raises(SettingsError, match=re.escape(told)):
        built(project)


def test_a_link_of_the_head_that_leads_nowhere_names_the_nearest(project: Path) -> None:
    (project / "flipsite.toml").write_text('[site]\nnav = [["First", "frist/index.html"]]\n')
    with pytest.raises(ContentError, match=r"'First' leads to 'frist/index.html'.* mean 'first/index.html'"):
        built(project)


def test_a_byte_order_mark_is_no_fault(project: Path) -> None:
    (project / "flipsite.toml").write_text('\ufeff[site]\ntitle = "x"\n', encoding="utf-8")
    (project / "content/story.md").write_text("\ufeff# My coins\n\nHello.\n", encoding="utf-8")
    assert "<h1>My coins</h1>" in built(project)["index.html"]


def test_a_project_without_a_story_opens_with_its_newest_study(project: Path) -> None:
    add_study(project, "second", ROWS.replace("b/stuck,1\n", "b/stuck,0\n"))
    for study, started in (("first", "2026-02"), ("second", "2026-01")):
        path = project / f"content/studies/{study}/study.toml"
        path.write_text(re.sub(r'started = ""', f'started = "{started}"', path.read_text()))
    home = built(project)["index.html"]
    assert '<h2 id="newest">First</h2>' in home
    assert "1 of 2 models is shown to be biased" in home
    assert '<figure class="chart"' in home
    assert 'id="story-least-biased"' in home
    assert 'id="story-most-biased"' in home
    history = home[home.index("<caption>All studies") :]
    assert history.index("2026-02") < history.index("2026-01")


def test_an_author_has_pages_pictures_and_a_domain(project: Path) -> None:
    content = project / "content"
    for folder in ("pages", "img", "root/.well-known"):
        (content / folder).mkdir(parents=True)
    Image.new("RGB", (40, 20)).save(content / "img/my pic.png")
    (content / "img/a.svg").write_text('<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 8 4"></svg>')
    (content / "story.md").write_text(
        "# My story\n\n![Pic](img/my%20pic.png)\n\n![S](img/a.svg)\n\n[Who](pages/about.md#me)\n"
    )
    (content / "pages/about.md").write_text(
        "# About\n\n![P](../img/my%20pic.png)\n\n## Me\n\n[Home](../story.md)\n"
    )
    (content / "root/CNAME").write_text("coins.example.org\n")
    (content / "root/.well-known/a.txt").write_text("proof")
    (content / "root/google1.html").write_text("google-site-verification: google1.html")
    (content / "root/robots.txt").write_text("User-agent: x\n")
    site = built(project)
    home, about = site["index.html"], site["about/index.html"]
    assert re.search(
        r'<img src="assets/my-pic\.\w{10}\.png" alt="Pic" width="40" height="20" loading="lazy"', home
    )
    assert re.search(r'<img src="assets/a\.\w{10}\.svg" alt="S" width="8" height="4"', home)
    assert '<a href="about/index.html#me">Who</a>' in home
    assert re.search(r'<img src="\.\./assets/my-pic\.\w{10}\.png"', about)
    assert '<a href="../index.html">Home</a>' in about
    assert (project / "site/CNAME").read_text() == "coins.example.org\n"
    assert site[".well-known/a.txt"] == "proof"
    assert site["robots.txt"] == "User-agent: x\n"
    assert "https://coins.example.org/about/index.html" in site["sitemap.xml"]


@pytest.mark.parametrize(
    ("make", "told"),
    [
        (lambda content: (content / "root/index.html").write_text("x"), "has a 'index.html' of its own"),
        (lambda content: (content / "root/first").write_text("x"), "has a 'first' of its own"),
        (lambda content: (content / "root/a").symlink_to("/etc/hostname"), "is a link"),
        (lambda content: (content / "pages/first.md").write_text("# x"), "a study has the name 'first'"),
        (lambda content: (content / "pages/Über uns.md").write_text("# x"), "no page can have this name"),
        (lambda content: (content / "pages/methods.md").write_text("# x"), "no page can have this name"),
    ],
)
def test_a_file_that_the_site_cannot_take_is_one_sentence(
    project: Path, make: Callable[[Path], object], told: str
) -> None:
    for folder in ("root", "pages"):
        (project / "content" / folder).mkdir()
    make(project / "content")
    with pytest.raises(ContentError, match=re.escape(told)):
        built(project)


def test_a_study_without_a_valid_draw_is_hidden_from_readers_and_told_to_the_author(project: Path) -> None:
    add_study(project, "none", "model,outcome,status\n" + "a/x,,refused\n" * 5 + "a/y,,error\n" * 5)
    site = built(project)
    assert not [
        path for path, text in site.items() if "none/index.html" in text and not path.startswith("none/")
    ]
    assert "10 draws of 2 models, and none is valid" in site["none/index.html"]
    assert '<meta name="robots" content="noindex">' in site["none/index.html"]
    assert "No answer of 2 models named an outcome" in site["none/leaderboard/index.html"]
    for _ in range(2):  # as often as it is built
        report = build(find_project(project), out=project / "site")
        assert "study 'none' has no valid draw yet, so nothing on the site leads to it" in report.warnings[0]


def test_two_studies_of_one_title_build_and_check(project: Path) -> None:
    add_study(project, "second", ROWS)
    for path in project.glob("content/studies/*/study.toml"):
        path.write_text(re.sub(r"^title = .*", 'title = "Coins"', path.read_text(), flags=re.MULTILINE))
    assert "names decide which" in built(project)["second/compare/first/index.html"]


def test_pages_of_several_studies_say_why_a_model_is_undecided_and_take_no_difference_for_nothing(
    project: Path,
) -> None:
    rows = "model,outcome,labels,order\n" + "".join(
        f"a/first,{order},0|1,{order}\nb/fair,{n // 2 % 2},0|1,{order}\n"
        for n in range(40)
        for order in (n % 2,)
    )
    for study in ("one", "two"):
        add_study(project, study, rows)
    site = built(project)
    assert "undecided<br><small>follows the order</small>" in site["models/a/first/index.html"]
    assert "<br><small>follows the order</small>" in site["models/index.html"]
    assert "undecided</span> (follows the order)</li>" in site["one/models/a/first/index.html"]
    assert "none is shown to have moved." in site["two/index.html"]
    assert "which does not show that they are zero" in site["two/compare/one/index.html"]


def test_a_printed_bias_beside_answers_of_several_draws_has_no_test_and_the_page_says_so(
    project: Path,
) -> None:
    """Of two models that the article printed; the chance of their differences is not known."""
    copytree(packaged("content") / "studies" / "article-2025", project / "content/studies/article-2025")
    models = ("openai/gpt-4", "cohere/command-a")
    add_study(project, "rows", "model,sequence\n" + "".join(f"{each},0 1 1 0\n" * 9 for each in models))
    page = built(project)["article-2025/compare/rows/index.html"]
    assert "2 models have no test, because one of the studies gives no counts of separate draws" in page
    assert "chance alone can give the differences below" not in page


@pytest.mark.parametrize("started", ["start dates", "first draws"])
def test_the_earlier_study_comes_first_in_a_comparison(project: Path, started: str) -> None:
    moments = ROWS.replace("outcome\n", "outcome,asked_at\n")
    for study, moment in (("older", "2026-01-01T00:00:00Z"), ("newer", "2026-02-01T00:00:00Z")):
        rows = re.sub(r",([01])\n", rf",\1,{moment}\n", moments)
        add_study(project, study, rows)
        if started == "first draws":
            path = project / f"content/studies/{study}/study.toml"
            path.write_text(re.sub(r"^started = .*", 'started = ""', path.read_text(), flags=re.MULTILINE))
    site = built(project)
    assert "older/compare/newer/index.html" not in site
    assert f"“Older” came first, by the studies’ {started}" in site["newer/compare/older/index.html"]
    assert "../newer/compare/older/index.html" in site["older/index.html"]


def test_a_path_for_an_address_says_what_is_missing(project: Path) -> None:
    site = built(project, base_url="/coins/")
    report = build(find_project(project), out=project / "site", base_url="/coins/")
    assert report.warnings[0].startswith("--base-url /coins/ names no host: sitemap.xml and feed.xml need")
    assert '<link rel="canonical" href="/coins/index.html">' in site["index.html"]
    assert "og:image" not in site["index.html"]
    feed = ElementTree.fromstring(site["feed.xml"])  # noqa: S314 - our own
    assert [each.text for each in feed.iter("{http://www.w3.org/2005/Atom}id")] == [
        "urn:flipsite:site",
        "urn:flipsite:first/index.html",
    ]


@pytest.mark.parametrize(
    ("address", "told"),
    [
        ("https://münzen.example/", "write it in ASCII, as browsers send it: https://xn--mnzen-kva.example/"),
        ("https://example.org/é", "https://example.org/%C3%A9"),
        ("/münzen/", "write it in ASCII, as browsers send it: /m%C3%BCnzen/"),
        ("https://straße.example/", "expected an address such as"),
    ],
)
def test_an_address_in_other_letters_is_told_how_to_be_written(
    project: Path, address: str, told: str
) -> None:
    with pytest.raises(UsageError, match=re.escape(told)):
        built(project, base_url=address)


def test_a_build_of_one_study_says_what_it_leaves_out(project: Path) -> None:
    add_study(project, "second", ROWS)
    said = CliRunner().invoke(cli, ["build", "--study", "first", "--jobs", "1"])
    assert "Left out of this site: second; build without --study to show all." in said.output
    assert "Left out" not in CliRunner().invoke(cli, ["build", "--jobs", "1"]).output


def test_captions_follow_how_many_models_are_shown(project: Path) -> None:
    (project / "content/story.md").write_text(
        '# S\n\n{{ table("least-biased", top=1) }}\n\n{{ table("leaderboard", top=1) }}\n'
    )
    home = built(project)["index.html"]
    assert "The least biased model." in home
    assert "First: the first 1 of 2 models" in home
    said = CliRunner().invoke(cli, ["embed", "leaderboard", "--top", "1", "--format", "markdown"])
    assert "the first 1 of 2 models" in said.output


def test_the_script_of_the_charts_comes_with_its_licences(project: Path) -> None:
    built(project)
    (script,) = (project / "site/assets").glob("vega.*.js")
    assert script.read_text(encoding="utf-8").startswith(
        "/*! Vega, Vega-Lite, Vega-Embed, D3 and others; their"
    )
    licences = (project / "site/assets/LICENSES.txt").read_text(encoding="utf-8")
    assert all(name in licences for name in ("BSD-3-Clause", "ISC", "MIT", "0BSD"))
