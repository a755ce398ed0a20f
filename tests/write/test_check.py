"""`check` finds each fault where it stands, and none in a site that has none."""

import os
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.growth import assert_linear
from tests.narrowing import not_none
from tests.write.sites import FILES, page, write_site

from flipsite.errors import SiteError
from flipsite.write.check.check import check_site
from flipsite.write.check.findings import Finding, Rule, Use
from flipsite.write.check.html import read_page
from flipsite.write.check.policy import DOCUMENT_NAMES, GLOBAL_NAMES


def found(tmp_path: Path, **files: str) -> list[Finding]:
    """The findings of a check when files (`__` for `/`, `_` for `.`) are added to the faultless site."""
    named = {name.replace("__", "/").replace("_", "."): text for name, text in files.items()}
    return check_site(write_site(tmp_path / "site", {**FILES, **named}))


def test_a_faultless_site_has_no_findings(tmp_path: Path) -> None:
    assert found(tmp_path) == []


BODIES = [
    ('<a href="gone.html">', Rule.BROKEN, "leads to no file"),
    ('<a href="Index.html">', Rule.BROKEN, "'index.html' is one"),
    ('<a href="s/index.html#nothing">', Rule.BROKEN, "leads to no id 'nothing'"),
    ('<a href="#nothing">', Rule.BROKEN, "leads to no id"),
    ('<a href="%67one.html">', Rule.BROKEN, "leads to no file"),
    ('<a href="../elsewhere.html">', Rule.BROKEN, "leads out of the site"),
    ('<a href="/index.html">', Rule.BROKEN, "begins at the host's root"),
    ('<a href="s/">', Rule.FOLDER, "ends in a folder"),
    ('<a href="s">', Rule.FOLDER, "ends in a folder"),
    ('<a href=".">', Rule.FOLDER, "ends in a folder"),
    ('<img src="" alt="">', Rule.BROKEN, "empty"),
    ('<img srcset="assets/coin.svg 1x, assets/big.png 2x" alt="">', Rule.BROKEN, "'assets/big.png'"),
    ('<button data-src="assets/vega.js">', Rule.BROKEN, "'assets/vega.js'"),
    ('<p style="background: url(gone.png)">', Rule.BROKEN, "'gone.png'"),
    ('<rect fill="url(#gradient)"/>', Rule.BROKEN, "leads to no id 'gradient'"),
    ("<style>p { background: url('gone.png') }</style>", Rule.BROKEN, "'gone.png'"),
    ('<meta http-equiv="refresh" content="0; url=gone.html">', Rule.BROKEN, "'gone.html'"),
    ('<base href="https://example.org/">', Rule.BROKEN, "<base"),
    (
        '<script src="https://cdn.example/x.js"></script>',
        Rule.OUTSIDE,
        "asks 'https://cdn.example/x.js'",
    ),
    ('<script src="//cdn.example/x.js"></script>', Rule.OUTSIDE, "asks"),
    ('<link rel="preconnect" href="https://fonts.example">', Rule.OUTSIDE, "asks"),
    ('<img src="HTTPS://example.org/x.png" alt="">', Rule.OUTSIDE, "asks"),
    ('<iframe title="x" src="ht\ntps://example.org/"></iframe>', Rule.OUTSIDE, "asks"),
    ('<object data="http://example.org/x"></object>', Rule.OUTSIDE, "asks"),
    ('<svg><image xlink:href="https://example.org/x.png"/></svg>', Rule.OUTSIDE, "asks"),
    ('<svg><rect fill="url(https://example.org/x.svg#a)"/></svg>', Rule.OUTSIDE, "asks"),
    ('<style>@import "https://example.org/x.css";</style>', Rule.OUTSIDE, "asks"),
    ('<a href="index.html" ping="https://example.org/">', Rule.OUTSIDE, "asks"),
    ('<a href="java&#115;cript:alert(1)">', Rule.UNSAFE, "must not be an address"),
    ('<a href=" java\tscript:alert(1)">', Rule.UNSAFE, "must not be an address"),
    ('<a href="file:///home/me/site/index.html">', Rule.UNSAFE, "must not be an address"),
    ('<p onclick="go()">', Rule.UNSAFE, "script in an attribute"),
    ('<img name="currentScript" alt="">', Rule.UNSAFE, "would hide document.currentScript"),
    ('<img name="x" id="body" alt="">', Rule.UNSAFE, "would hide document.body"),
    ('<form name="querySelector"></form>', Rule.UNSAFE, "would hide document.querySelector"),
    ('<object id="head"></object>', Rule.UNSAFE, "would hide document.head"),
    ('<iframe title="x" name="createElement"></iframe>', Rule.UNSAFE, "would hide document.createElement"),
    ('<a id="flipsiteChart"></a>', Rule.UNSAFE, "would hide window.flipsiteChart"),
    ('<form name="vegaEmbed"></form>', Rule.UNSAFE, "would hide window.vegaEmbed"),
    ('<iframe title="x" srcdoc="&lt;p&gt;"></iframe>', Rule.UNSAFE, "srcdoc"),
    ("<script>go()</script>", Rule.POLICY, "the page has a script in it"),
    ('<script type="module">go()</script>', Rule.POLICY, "the page has a script in it"),
    ('<p id="main">', Rule.DUPLICATE, "'main' is taken since line 11"),
    ('<p id="a"><p id="a">', Rule.DUPLICATE, "'a' is taken"),
    ('<img src="assets/coin.svg">', Rule.ALTERNATIVE, "no alt="),
    ('<svg role="img"><path d="M0 0"/></svg>', Rule.ALTERNATIVE, "no name"),
    ('<svg role="img"><title> </title></svg>', Rule.ALTERNATIVE, "no name"),
    (
        '<svg role="img" aria-labelledby="nobody"></svg>',
        Rule.ALTERNATIVE,
        "'nobody', which is not there",
    ),
    ("<figure><p>x</p></figure>", Rule.ALTERNATIVE, "no <figcaption>"),
    ('<iframe src="index.html"></iframe>', Rule.ALTERNATIVE, "no title="),
    ('<a href="x', Rule.MARKUP, "does not end"),
    ("<!-- never closed", Rule.MARKUP, "does not end"),
    ("<style> never closed", Rule.MARKUP, "<style> does not end"),
]


@pytest.mark.parametrize(("body", "kind", "message"), BODIES)
def test_a_fault_is_found_with_its_line(tmp_path: Path, body: str, kind: Rule, message: str) -> None:
    (finding,) = found(tmp_path, index_html=page(f"<p>one</p>\n{body}"))
    assert (finding.path, finding.line, finding.kind) == ("index.html", 14, kind)
    assert message in finding.message
    assert str(finding).startswith(f"index.html:14: {kind}: ")


HEADS = [
    (page(policy="default-src *"), "default-src is neither"),
    (page(policy="script-src 'self'"), "default-src is neither"),
    (
        page(policy="default-src 'none'; script-src 'self' https://cdn.example"),
        "script-src lets https://cdn.example",
    ),
    (
        page(policy="default-src 'none'; script-src 'self' 'unsafe-inline'"),
        "let through from 'unsafe-inline'",
    ),
    (page(policy="default-src 'none'; script-src 'self' 'unsafe-eval'"), "let through from 'unsafe-eval'"),
    (page(policy="default-src 'none'; img-src https:"), "img-src lets https: through"),
    (page().replace("Content-Security-Policy", "X-Nothing"), "there is no Content-Security-Policy"),
    (
        page().replace("<meta http", '<script src="assets/site.2e.js"></script><meta http'),
        "comes after something",
    ),
]


@pytest.mark.parametrize(("text", "message"), HEADS)
def test_a_missing_or_weak_policy_is_found(tmp_path: Path, text: str, message: str) -> None:
    findings = found(tmp_path, index_html=text)
    assert {each.kind for each in findings} == {Rule.POLICY}
    assert message in findings[0].message


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (' lang="en"', "", "no lang="),
        ("<title>Coins</title>", "<title> </title>", "no <title>"),
        ("h1>", "h2>", "no <h1>"),
    ],
)
def test_what_a_page_lacks_as_a_whole_is_found(tmp_path: Path, old: str, new: str, message: str) -> None:
    (finding,) = found(tmp_path, index_html=page().replace(old, new))
    assert (finding.kind, finding.line) == (Rule.PAGE, None)
    assert message in finding.message


def test_a_fragment_to_be_pasted_owes_no_title_but_asks_no_other_host(tmp_path: Path) -> None:
    (finding,) = found(tmp_path, s__embed__x_html='<img alt="" src="https://example.org/x.png">')
    assert (finding.path, finding.kind) == ("s/embed/x.html", Rule.OUTSIDE)


def test_stylesheets_drawings_and_feeds_are_read_too(tmp_path: Path) -> None:
    findings = found(
        tmp_path,
        assets__x_css="p { background: url(gone.png) }\n@import url(https://example.org/x.css);",
        assets__x_svg='<svg xmlns="http://www.w3.org/2000/svg">\n<script/><image href="https://example.org/x.png"/></svg>',
        assets__y_svg="<svg>\n<g></svg>",
        sitemap_xml="<urlset><url><loc>gone.html</loc></url><url><loc>https://example.org/</loc></url></urlset>",
        feed_xml='<feed><link href="gone.html"/></feed>',
    )
    assert [(each.path, each.line, each.kind) for each in findings] == [
        ("assets/x.css", 1, Rule.BROKEN),
        ("assets/x.css", 2, Rule.OUTSIDE),
        ("assets/x.svg", 2, Rule.OUTSIDE),
        ("assets/x.svg", 2, Rule.UNSAFE),
        ("assets/y.svg", 2, Rule.MARKUP),
        ("feed.xml", 1, Rule.BROKEN),
        ("sitemap.xml", 1, Rule.BROKEN),
        ("sitemap.xml", 1, Rule.BROKEN),
    ]


BASE = "https://me.example/coins/"


def test_a_site_with_an_address_may_use_it_where_pages_are_read_away_from_home(tmp_path: Path) -> None:
    """404.html, feed and sitemap; the base is the one that the first page gives for itself."""
    own = f'<link rel="canonical" href="{BASE}index.html">\n'
    files = {
        "index_html": page(head=own),
        "s__other_html": page(up="../", head=own.replace("index.html", "s/other.html")),
        "404_html": page(
            f'<a href="/coins/s/index.html">study</a> <a href="{BASE}index.html">home</a>', up=BASE
        ),
        "sitemap_xml": f"<urlset><url><loc>{BASE}index.html</loc></url></urlset>",
        "feed_xml": f'<feed><link rel="self" href="{BASE}feed.xml"/></feed>',
    }
    assert found(tmp_path, **files) == []
    files["404_html"] = page(f'<a href="{BASE}gone.html">x</a> <a href="/index.html">x</a>', up=BASE)
    files["sitemap_xml"] = f"<urlset><url><loc>{BASE}gone.html</loc></url></urlset>"
    files["s__other_html"] = page(up="../", head=own)
    findings = found(tmp_path, **files)
    assert [(each.path, each.kind) for each in findings] == [
        ("404.html", Rule.BROKEN),
        ("404.html", Rule.BROKEN),
        ("s/other.html", Rule.BROKEN),
        ("sitemap.xml", Rule.BROKEN),
    ]


def test_a_page_too_heavy_with_what_it_loads_is_found(tmp_path: Path) -> None:
    """What a script or an opened frame may load later does not count; text that shrinks does not either."""
    noise = os.urandom(80_000).hex()  # compresses to about 80 kB
    body = '<script src="assets/a.js"></script><button data-src="assets/b.js">x</button>'
    files = {
        "index_html": page(body),
        "assets__a_js": noise,
        "assets__b_js": noise,
        "s__long_html": page("x" * 400_000, up="../"),
    }
    assert found(tmp_path, **files) == []
    lazy = page(f'{body}<iframe title="x" loading="lazy" src="assets/b.js"></iframe>')
    assert Rule.WEIGHT not in {each.kind for each in found(tmp_path, **{**files, "index_html": lazy})}
    files["index_html"] = page(body.replace("data-src", "src"))
    (finding,) = found(tmp_path, **files)
    assert (finding.path, finding.kind) == ("index.html", Rule.WEIGHT)
    assert "at most 150 kB" in finding.message


def test_edited_lost_and_foreign_files_are_found(tmp_path: Path) -> None:
    site = write_site(tmp_path / "site")
    (site / "s/data/draws.csv").write_text("model,outcome\na/b,0\n")
    (site / "assets/site.2e.js").unlink()
    (site / "mine.txt").write_text("mine")
    findings = [each for each in check_site(site) if each.kind is Rule.DIGEST]
    assert [(each.path, each.message.partition(":")[0]) for each in findings] == [
        ("assets/site.2e.js", "was written by flipsite and is gone"),
        ("mine.txt", "was not written by flipsite"),
        ("s/data/draws.csv", "is not as flipsite wrote it"),
    ]


def test_a_site_without_its_list_cannot_be_vouched_for(tmp_path: Path) -> None:
    site = write_site(tmp_path / "site")
    (site / "build.json").unlink()
    (finding,) = check_site(site)
    assert (finding.path, finding.kind) == ("build.json", Rule.DIGEST)


def test_a_file_that_github_would_refuse_is_a_warning(tmp_path: Path) -> None:
    site = write_site(tmp_path / "site")
    with (site / "huge.csv").open("wb") as file:
        file.truncate(901_000_000)  # a hole: no disk is used
    by_kind = {each.kind: each for each in check_site(site) if each.kind is not Rule.DIGEST}
    assert by_kind.keys() == {Rule.SIZE}
    assert all(each.is_warning for each in by_kind.values())


def test_the_progress_counts_files_then_pages(tmp_path: Path) -> None:
    told = []
    write_site(tmp_path, FILES)
    check_site(tmp_path, progress=lambda *each: told.append(each))
    assert [noun for noun, n, n_all in told if n == n_all] == ["file", "page"]


def test_a_folder_without_a_site_is_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(SiteError, match="run `flipsite build` first"):
        check_site(tmp_path)


class Oracle(HTMLParser):
    """The standard library's reading of the same page."""

    def __init__(self) -> None:
        super().__init__()
        self.ids: set[str] = set()
        self.links: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        attributes = dict(reversed(attrs))
        if "id" in attributes:
            self.ids.add(attributes["id"] or "")
        if tag == "a" and "href" in attributes:
            self.links.add((attributes["href"] or "").replace("\n", "").strip())


NAMES = st.sampled_from(["a", "p", "td", "path", "svg", "figure", "circle", "custom-tag"])
VALUES = st.text(st.sampled_from("ab <>=/&;\n#"), max_size=5)
ATTRIBUTES = st.dictionaries(st.sampled_from(["id", "href", "class", "d", "data-x"]), VALUES, max_size=3)


@st.composite
def tags(draw: st.DrawFn) -> str:
    quote = draw(st.sampled_from("\"'"))
    attributes = "".join(f" {name}={quote}{value}{quote}" for name, value in draw(ATTRIBUTES).items())
    text = draw(st.sampled_from(["", "x", "1 < 2", "<!-- <a id='no'> -->", "\n"]))
    name = draw(NAMES)
    return f"<{name}{attributes}>{text}" + draw(st.sampled_from(["", f"</{name}>"]))


@settings(max_examples=60)
@given(text=st.lists(tags(), max_size=6).map("".join))
def test_ids_and_links_are_those_the_standard_library_reads(text: str) -> None:
    oracle = Oracle()
    oracle.feed(text)
    oracle.close()
    document = read_page(text.encode(), is_fragment=True)
    assert set(not_none(document.ids)) == oracle.ids
    assert {each.url for each in document.references if each.use is Use.LINK} == oracle.links


@settings(max_examples=150)
@given(
    content=st.binary(max_size=60)
    | st.text(st.sampled_from("<!-/ascripttitle\"'=> \n&"), max_size=60).map(str.encode)
)
def test_whatever_a_page_holds_it_is_read_to_an_end(content: bytes) -> None:
    read_page(content)


@pytest.mark.parametrize(
    "piece",
    [
        "<",
        "<style>/*",
        "<p style='url( ",
        "<a ",
        "<a '",
        '<a "',
        "<!--",
        "<a b='c",
        "</",
        "<p class=",
        "<script>",
        "<style ",
    ],
)
def test_broken_markup_costs_no_more_than_its_length(piece: str) -> None:
    """Sixteen times the text takes about sixteen times as long: far from the 256 of a quadratic reader."""
    assert_linear(lambda n: read_page((piece * n + "</style>").encode()), small=10_000, large=160_000)


def test_a_models_text_in_an_attribute_is_no_address() -> None:
    """Only attributes that style are read as style: a title that speaks of `url(…)` asks nobody."""
    text = '<meta name="description" content="url(http://a.test/x)"><p title="@import url(http://a.test/y)">x'
    assert read_page(text.encode(), is_fragment=True).references == ()
    drawn = read_page(b'<svg><path fill="url(http://a.test/z)"/></svg>', is_fragment=True)
    assert [each.url for each in drawn.references] == ["http://a.test/z"]


def test_every_object_that_our_scripts_use_is_guarded() -> None:
    """A script that begins to use another one has it listed."""
    own = Path(__file__).parents[2]
    scripts = [*(own / "templates/static").glob("*.js"), own / "generator/flipsite/write/serve/reload.js"]
    text = "".join(path.read_text(encoding="utf-8") for path in scripts)
    assert set(re.findall(r"\bdocument\.([A-Za-z]+)", text)) <= DOCUMENT_NAMES
    assert set(re.findall(r"\bwindow\.(flipsite[A-Za-z]+|vega[A-Za-z]+)", text)) <= GLOBAL_NAMES
    assert "document.currentScript.dataset" not in text


@pytest.mark.parametrize(
    "harmless", ['<h2 id="title">', '<input name="title">', '<a id="body">', '<p id="forms">']
)
def test_a_name_that_stands_in_for_nothing_is_let_through(harmless: str) -> None:
    read = read_page(page(harmless).encode())
    assert not [fault for fault in read.faults if "stand in" in fault.message]
