"""Posts with each embed, built by Debian's Jekyll, Hugo, Pandoc and cmark-gfm, then read in Chromium."""

import json
import shutil
import subprocess
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from xml.etree import ElementTree

import pytest
from playwright.sync_api import Browser, sync_playwright
from tests.embed.hostile import HOSTILE, drawn_of, hostile_project, report_of, shown_cells

from flipsite.present.embeds.formats import rendered
from flipsite.present.embeds.registry import Embed, find_embed, study_embeds

pytestmark = pytest.mark.blogs

FLAGS = "--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking"
MARKS = {"path", "rect", "line", "text", "circle"}
BEFORE, AFTER = "Before a_b_c and *stars*.", "After it all."
READ = """() => ({
  tables: [...document.querySelectorAll("table")].map(table => [...table.rows].map(
    row => [...row.cells].map(cell => cell.textContent.trim().split(/\\s+/).join(" ")))),
  pictures: [...document.querySelectorAll("svg")].map(svg => ({
    marks: svg.querySelectorAll("path, rect, line, text, circle").length,
    texts: [...svg.querySelectorAll("text")].map(text => text.textContent),
  })),
  images: [...document.images].map(image => ({alt: image.alt, width: image.naturalWidth})),
  sources: document.body.textContent.split("Made with flipsite.").length - 1,
  scripts: document.scripts.length,
  text: document.body.innerText,
})"""

Posts = Mapping[str, tuple[Embed, str]]
"""By the name of a post: what is embedded, and the text that embeds it."""


@pytest.fixture(scope="module")
def embeds(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Embed]:
    report = report_of(hostile_project(tmp_path_factory.mktemp("hostile")))
    found = {embed.name: embed for embed in study_embeds(report, drawn_of(report), {}, base_url=None)}
    for number, model in enumerate(HOSTILE[:6]):
        one = find_embed(report, f"model/{model}", base_url="https://example.org/coins/")
        assert isinstance(one, Embed)
        found[f"model-{number}"] = one
    return found


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=FLAGS.split())
        yield launched
        launched.close()


def posts_of(embeds: Mapping[str, Embed], **snippets: Callable[[str, Embed], str]) -> Posts:
    """A post for each embed in each way of embedding it."""
    return {
        f"{name}-{way}": (embed, f"{BEFORE}\n\n{snippet(name, embed)}\n{AFTER}\n")
        for name, embed in embeds.items()
        for way, snippet in snippets.items()
    }


def pasted(form: str) -> Callable[[str, Embed], str]:
    return lambda _, embed: rendered(embed, form).decode()


def run(*command: str, folder: Path, text: str | None = None) -> str:
    done = subprocess.run(
        command, cwd=folder, input=text, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, f"{command}: {done.stdout}\n{done.stderr}"
    return done.stdout


def read_posts(browser: Browser, folder: Path, posts: Posts) -> None:
    """Open each post, and find in it what was embedded, whole and once."""
    page = browser.new_page()
    for name, (embed, _) in posts.items():
        page.goto((folder / f"{name}.html").as_uri())
        compare(name, embed, page.evaluate(READ))
    page.close()


def compare(name: str, embed: Embed, found: dict[str, object]) -> None:
    is_markdown = "-markdown" in name
    assert embed.figure is not None
    if not embed.is_chart:
        of_data = name.endswith(("-include", "-shortcode"))
        assert found["tables"] == [shown_cells(embed, of_data=of_data)], name
    elif is_markdown:
        images = found["images"]
        assert isinstance(images, list)
        assert [image["alt"] for image in images] == [embed.figure().title.replace("\xa0", " ")], (
            name
        )  # Markdown has plain spaces
        assert images[0]["width"] > 0, f"{name}: the picture is not found"
    else:
        wide = embed.figure().svg.partition("</svg>")[0] + "</svg>"
        drawn = ElementTree.fromstring(wide)  # noqa: S314 - our own
        marks = {
            "marks": sum(element.tag in MARKS for element in drawn.iter()),
            "texts": [text.text or "" for text in drawn.iter("text")],
        }
        assert found["pictures"] == [marks], name
    assert (found["sources"], found["scripts"]) == (1, 0), name
    text = str(found["text"])
    assert text.count("Before a_b_c and stars.") == text.count(AFTER) == 1, name


def put_pictures(embeds: Mapping[str, Embed], folder: Path) -> None:
    for embed in embeds.values():
        if embed.is_chart:
            (folder / f"{embed.name}.png").write_bytes(rendered(embed, "png"))


def put_data(embeds: Mapping[str, Embed], folder: Path) -> None:
    folder.mkdir(parents=True)
    for name, embed in embeds.items():
        if not embed.is_chart:
            (folder / f"trial-{name}.json").write_bytes(rendered(embed, "json"))


def put_page(path: Path, body: str) -> None:
    path.write_text(f'<!doctype html><meta charset="utf-8">{body}', encoding="utf-8")


def test_jekyll_keeps_every_fragment(embeds: dict[str, Embed], browser: Browser, tmp_path: Path) -> None:
    """Pasted HTML, pasted Markdown, and the include with its data file."""

    def include(name: str, embed: Embed) -> str:
        if embed.is_chart:
            return f"{{% include {name}.html %}}\n"
        return f'{{% include flipsite.html table="trial-{name}" %}}\n'

    posts = posts_of(embeds, html=pasted("html"), markdown=pasted("markdown"), include=include)
    (tmp_path / "_posts").mkdir()
    (tmp_path / "_includes").mkdir()
    (tmp_path / "_config.yml").write_text("title: A <blog>\npermalink: /:title.html\n")
    (tmp_path / "_layouts").mkdir()
    # As every theme does; without it the browser guesses the encoding from the text.
    (tmp_path / "_layouts/post.html").write_text('<!doctype html><meta charset="utf-8">{{ content }}')
    (tmp_path / "_includes/flipsite.html").write_bytes(rendered(embeds["leaderboard"], "jekyll"))
    for name, embed in embeds.items():
        if embed.is_chart:
            (tmp_path / f"_includes/{name}.html").write_bytes(rendered(embed, "jekyll"))
    put_data(embeds, tmp_path / "_data" / "flipsite")
    put_pictures(embeds, tmp_path)
    for name, (_, text) in posts.items():
        (tmp_path / f"_posts/2025-01-01-{name}.md").write_text(
            f"---\nlayout: post\ntitle: {name}\n---\n{text}", encoding="utf-8"
        )
    run("jekyll", "build", "--quiet", "--disable-disk-cache", folder=tmp_path)
    read_posts(browser, tmp_path / "_site", posts)


def test_jekylls_include_shows_as_many_rows_as_it_is_asked_for(
    embeds: dict[str, Embed], browser: Browser, tmp_path: Path
) -> None:
    (tmp_path / "_includes").mkdir()
    (tmp_path / "_includes/flipsite.html").write_bytes(rendered(embeds["leaderboard"], "jekyll"))
    put_data(embeds, tmp_path / "_data" / "flipsite")
    (tmp_path / "_layouts").mkdir()
    (tmp_path / "_layouts/post.html").write_text('<!doctype html><meta charset="utf-8">{{ content }}')
    (tmp_path / "index.md").write_text(
        '---\nlayout: post\ntitle: x\n---\n{% include flipsite.html table="trial-leaderboard" rows=3 %}\n\n'
        '{% include flipsite.html table="none" %}\n'
    )
    run("jekyll", "build", "--quiet", "--disable-disk-cache", folder=tmp_path)
    page = browser.new_page()
    page.goto((tmp_path / "_site/index.html").as_uri())
    found = page.evaluate(READ)
    assert found["tables"] == [shown_cells(embeds["leaderboard"], of_data=True)[:4]]
    assert "there is no _data/flipsite/none.json" in found["text"]
    page.close()


def test_hugo_keeps_every_fragment(embeds: dict[str, Embed], browser: Browser, tmp_path: Path) -> None:
    """Pasted HTML, pasted Markdown, and the shortcode with its data file."""

    def shortcode(name: str, embed: Embed) -> str:
        return f"{{{{< {name} >}}}}\n" if embed.is_chart else f'{{{{< flipsite "trial-{name}" >}}}}\n'

    posts = posts_of(embeds, html=pasted("html"), markdown=pasted("markdown"), shortcode=shortcode)
    for folder in ("content", "layouts/_default", "layouts/shortcodes", "static"):
        (tmp_path / folder).mkdir(parents=True)
    (tmp_path / "config.toml").write_text(
        'baseURL = "https://example.org/"\nuglyURLs = true\nenableEmoji = true\n'
        'disableKinds = ["taxonomy", "term", "RSS", "sitemap", "home", "section"]\n'
        "[markup.goldmark.renderer]\nunsafe = true\n"
    )
    (tmp_path / "layouts/_default/single.html").write_text(
        '<!doctype html><html><head><meta charset="utf-8"></head><body>{{ .Content }}</body></html>'
    )
    (tmp_path / "layouts/shortcodes/flipsite.html").write_bytes(rendered(embeds["leaderboard"], "hugo"))
    for name, embed in embeds.items():
        if embed.is_chart:
            (tmp_path / f"layouts/shortcodes/{name}.html").write_bytes(rendered(embed, "hugo"))
    put_data(embeds, tmp_path / "data" / "flipsite")
    put_pictures(embeds, tmp_path / "static")
    for name, (_, text) in posts.items():
        (tmp_path / f"content/{name}.md").write_text(f"---\ntitle: {name}\n---\n{text}", encoding="utf-8")
    run("hugo", "--quiet", folder=tmp_path)
    read_posts(browser, tmp_path / "public", posts)


def test_hugo_stops_at_a_table_that_is_not_there(embeds: dict[str, Embed], tmp_path: Path) -> None:
    (tmp_path / "content").mkdir()
    (tmp_path / "layouts/shortcodes").mkdir(parents=True)
    (tmp_path / "config.toml").write_text('baseURL = "https://example.org/"\n')
    (tmp_path / "layouts/shortcodes/flipsite.html").write_bytes(rendered(embeds["leaderboard"], "hugo"))
    (tmp_path / "content/a.md").write_text('---\ntitle: a\n---\n{{< flipsite "none" >}}\n')
    done = subprocess.run(["hugo"], cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode != 0
    assert "there is no data/flipsite/none.json" in done.stdout + done.stderr


@pytest.mark.parametrize("dialect", ["markdown", "gfm", "commonmark_x"])
def test_pandoc_and_with_it_quarto_keeps_every_fragment(
    dialect: str, embeds: dict[str, Embed], browser: Browser, tmp_path: Path
) -> None:
    ways = {"html": pasted("html"), "markdown": pasted("markdown")}
    if dialect == "markdown":
        ways["quarto"] = pasted("quarto")
    posts = posts_of(embeds, **ways)
    put_pictures(embeds, tmp_path)
    for name, (_, text) in posts.items():
        out = run("pandoc", "-f", dialect, "-t", "html", "--wrap=none", folder=tmp_path, text=text)
        (tmp_path / f"{name}.html").write_text(
            f'<!doctype html><meta charset="utf-8">{out}', encoding="utf-8"
        )
    read_posts(browser, tmp_path, posts)


def test_github_keeps_every_fragment(embeds: dict[str, Embed], browser: Browser, tmp_path: Path) -> None:
    """As far as its parser goes, with its extensions; what it takes out of HTML afterwards are styles."""
    posts = posts_of(embeds, html=pasted("html"), markdown=pasted("markdown"))
    extensions = [
        part for name in ("table", "strikethrough", "autolink", "tagfilter") for part in ("-e", name)
    ]
    put_pictures(embeds, tmp_path)
    for name, (_, text) in posts.items():
        out = run("cmark-gfm", "--unsafe", *extensions, folder=tmp_path, text=text)
        (tmp_path / f"{name}.html").write_text(
            f'<!doctype html><meta charset="utf-8">{out}', encoding="utf-8"
        )
    read_posts(browser, tmp_path, posts)


def test_a_foreign_page_keeps_its_own_look(
    embeds: dict[str, Embed], browser: Browser, tmp_path: Path
) -> None:
    """A fragment restyles nothing of its host, and takes the host's colours, light or dark."""
    host = (
        "<style>body{background:#111;color:#eee}td{color:inherit}</style>"
        '<table id="own"><tr><td>own</td></tr></table><svg id="mark" width="9" height="9"></svg>'
    )
    pasted_in = "".join(rendered(each, "html").decode() for each in embeds.values())
    look = """() => ["own", "mark"].map(id => {
        const style = getComputedStyle(document.getElementById(id));
        return [...style].map(key => key + style.getPropertyValue(key)).join(";");
    })"""
    page = browser.new_page()
    looks = []
    for name, inside in (("bare", ""), ("full", pasted_in)):
        put_page(tmp_path / f"{name}.html", host + inside)
        page.goto((tmp_path / f"{name}.html").as_uri())
        looks.append(page.evaluate(look))
    assert looks[0] == looks[1]
    cell = page.locator(".flipsite-embed td").first
    assert cell.evaluate("each => getComputedStyle(each).color") == "rgb(238, 238, 238)"
    assert page.evaluate("[...document.querySelectorAll('[id]')].length") == page.evaluate(
        "new Set([...document.querySelectorAll('[id]')].map(each => each.id)).size"
    )
    page.close()


def test_the_tools_are_there() -> None:
    """`.ci/run` installs them; without one this file tests nothing."""
    for tool in ("jekyll", "hugo", "pandoc", "cmark-gfm", "chromium"):
        assert shutil.which(tool), tool
    assert json.loads(run("pandoc", "-t", "json", folder=Path.cwd(), text="x"))["blocks"]
