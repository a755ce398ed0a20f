"""A small site without a fault, to build, spoil and serve."""

from pathlib import Path

from flipsite.write.site.replace import replace_site

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self';"
    " connect-src 'self'; base-uri 'none'; form-action 'none'"
)


def page(body: str = "", *, up: str = "", head: str = "", policy: str = POLICY) -> str:
    """A whole page; `up` leads to the site's root."""
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{policy}">
<title>Coins</title>
<link rel="icon" href="{up}assets/coin.svg"><link rel="stylesheet" href="{up}assets/site.1f.css">
<script src="{up}assets/site.2e.js" defer></script>
{head}</head>
<body>
<main id="main">
<h1>Coins</h1>
{body}
</main>
</body>
</html>
"""


STUDY = """<a href="../index.html?sort=bias#main">home</a> <a href="#main">up</a>
<a href="data/draws.csv">draws</a>
<img src="../assets/coin.svg" alt="A coin">
<figure>
<svg role="img" aria-labelledby="t1"><title id="t1">Bias</title><path d="M0 0"/></svg>
<figcaption>Bias by model.</figcaption>
</figure>
<script type="application/vega-lite+json">{"a": "<b id='main'>"}</script>"""

FILES: dict[str, str] = {
    "index.html": page('<a href="s/index.html#main">study</a> <a href="https://example.org/">source</a>'),
    "404.html": page(up="/"),
    "s/index.html": page(STUDY, up="../"),
    "s/data/draws.csv": "model,outcome\na/b,1\n",
    "s/embed/leaderboard.html": '<table class="flipsite-embed"><tr><td><a href="https://example.org/s/">a</a></table>',
    "assets/site.1f.css": "/* url(nowhere.png) */ .coin { background: url('coin.svg'); }",
    "assets/site.2e.js": "'use strict';",
    "assets/coin.svg": '<svg xmlns="http://www.w3.org/2000/svg"><circle cx="4" cy="4" r="4"/></svg>',
    "sitemap.xml": "<urlset><url><loc>index.html</loc></url><url><loc>s/index.html</loc></url></urlset>",
    "feed.xml": '<feed><link rel="self" href="feed.xml"/><link href="s/index.html"/></feed>',
}


def write_site(out: Path, files: dict[str, str] | None = None) -> Path:
    """Write a site as a build does."""
    texts = {path: text.encode() for path, text in (FILES if files is None else files).items()}
    replace_site(texts, out, version="1", inputs={})
    return out
