"""A project whose models have the worst names, and what the tables of a page show."""

import json
from html.parser import HTMLParser
from pathlib import Path

from flipsite.analyse.report import StudyReport
from flipsite.domain.display import Figure
from flipsite.present.charts.registry import study_drawings
from flipsite.present.embeds.registry import Embed
from flipsite.project import find_project
from flipsite.store.imports.columns import ImportOptions
from flipsite.workflows.import_export import import_draws
from flipsite.workflows.load import load_report

HOSTILE = (
    "a/b|c||d",
    "a/_under_ *star* __x__",
    "a/{{ site.title }}{% raw %}{% endraw %}{{< hugo >}}{{% hugo %}}",
    "a/{% unknown tag %}",
    "a/<b>x</b>&amp;&lt;<script>alert(1)</script>",
    "🪙/👩‍🔬 é 日本",
    "a/`code` ``x``",
    "a/$x$ $$y|z$$ \\(m\\)",
    "a/x--y---z...w",
    "a/\"quoted\" 'single' it's",
    "a/[x](y) ![i](j) [^1]",
    "http://www.example.org/c",
    "a/~~x~~ ~sub~ ^sup^ ==mark==",
    ":smile: @cite #tag a@b.co",
    "a/{:.cls} {::nomarkdown} {#id}",
    "---",
    "1. x",
    "- dash",
    "(a) x",
    "=SUM(A1)",
    "</table></div>",
    "a/%7Cx%20 100%",
    "a/b:free",
    "| lead and trail |",
)


def hostile_project(folder: Path, *, simulated: bool = False) -> Path:
    """A project with the study `trial`: fifty draws of each hostile name, each with another share of ones."""
    lines = [
        {
            "model": model,
            "outcome": int(draw < 2 * place),
            "cost_usd": 0.001 * (place + 1),
            "asked_at": f"2025-10-0{1 + draw % 4}T12:00:00Z",
        }
        for place, model in enumerate(HOSTILE)
        for draw in range(50)
    ]
    (folder / "content" / "studies").mkdir(parents=True)
    draws = folder / "draws.jsonl"
    draws.write_text("\n".join(map(json.dumps, lines)), encoding="utf-8")
    import_draws(find_project(folder), "trial", draws, options=ImportOptions())
    settings = folder / "content" / "studies" / "trial" / "study.toml"
    kind = "simulated" if simulated else "measured"
    settings.write_text(f'[study]\ntitle = "A trial | of {{{{coins}}}}"\nkind = "{kind}"\n', encoding="utf-8")
    return folder


def report_of(project: Path) -> StudyReport:
    return load_report(project / "content" / "studies" / "trial")


def drawn_of(report: StudyReport) -> dict[str, Figure]:
    """The study's charts, by name."""
    return {name: draw() for name, draw in study_drawings(report).items()}


def shown_cells(embed: Embed, *, of_data: bool = False) -> list[list[str]]:
    """The text of each row's cells, the head first; `of_data`: of models alone, as data files have them."""
    shown = embed.table.rows if of_data else embed.table.shown_rows
    rows = [[" ".join(cell.text.split()) for cell in row] for row in shown]
    return [[heading.label for heading in embed.table.headings], *rows]


def table_cells(html: str) -> list[list[list[str]]]:
    """Each table of a page, its rows, their cells' text."""
    reader = _Tables()
    reader.feed(html)
    reader.close()
    return reader.tables


class _Tables(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tables: list[list[list[str]]] = []
        self.inside = False

    def handle_starttag(self, tag: str, attrs: object) -> None:
        if tag == "table":
            self.tables.append([])
        elif tag == "tr":
            self.tables[-1].append([])
        elif tag in {"td", "th"}:
            self.tables[-1][-1].append("")
            self.inside = True

    def handle_endtag(self, tag: str) -> None:
        if tag in {"td", "th"}:
            self.inside = False

    def handle_data(self, data: str) -> None:
        if self.inside:
            self.tables[-1][-1][-1] += data
