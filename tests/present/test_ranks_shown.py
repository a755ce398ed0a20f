"""A rank outside its own interval says so where it is printed: it is partly luck."""

import re
from collections import Counter
from pathlib import Path

import pytest

from flipsite.analyse.report import StudyReport
from flipsite.present.charts.ranks import rank_intervals
from flipsite.present.leaderboard.board import board
from flipsite.present.leaderboard.tables import leaderboard_table
from flipsite.project import packaged
from flipsite.workflows.load import load_report

_RANK = r"(?:=|&#61;)?([\d,]+)"
_INTERVAL = r"([\d,]+)(?:–([\d,]+))?"
PRINTED = {
    "row of a board": rf"<td>{_RANK}<svg aria-hidden=true>.*?</svg>{_INTERVAL}([^\n]*)",
    "cell of an embed": rf"[>|\"] ?{_RANK} \({_INTERVAL}([^)]*)\)",
    "fact of a model's page": rf"Rank by bias.*?<dd>{_RANK}</dd><dd class=.small.>95&nbsp;%: {_INTERVAL}(.*)",
    "mark of a chart": r"rank ([\d,]+), ([\d,]+) to ([\d,]+)([^\"<]*)",
    "sentence": r"\brank ([\d,]+) \(([\d,]+)(?:–| to )([\d,]+)([^)]*)\)",
}


def printed_ranks(text: str, kind: str) -> list[tuple[int, int, int, str]]:
    """Each printed rank with the ends of its interval and the words that follow it."""
    found = re.findall(PRINTED[kind], text)
    return [(_number(rank), _number(low), _number(high or low), rest) for rank, low, high, rest in found]


def _number(text: str) -> int:
    return int(text.replace(",", ""))


def _unexplained(text: str, kind: str) -> list[tuple[int, int, int, str]]:
    return [
        (rank, low, high, rest)
        for rank, low, high, rest in printed_ranks(text, kind)
        if (low <= rank <= high) == ("partly luck" in rest)
    ]


@pytest.fixture(scope="module")
def article() -> StudyReport:
    return load_report(packaged("content") / "studies" / "article-2025")


def test_the_cell_of_a_table_says_why_a_rank_is_outside_its_interval(article: StudyReport) -> None:
    """Seven of the article's models share a first place that the draws of 240 models do not allow."""
    table = leaderboard_table(article, board(article))
    cells = [row[0].text for row in table.rows]
    lucky = [cell for cell in cells if "partly luck" in cell]
    assert len(cells) == 40
    assert len(lucky) == 7
    assert all(re.fullmatch(r"=1 \(2–1\d\d; partly luck\)", cell) for cell in lucky)
    assert not [each for cell in cells for each in _unexplained(f">{cell}", "cell of an embed")]


def test_the_chart_of_ranks_counts_those_outside_their_interval(article: StudyReport) -> None:
    figure = rank_intervals(article.estimates, article.study, n_models=240)
    assert "Ranks outside their interval, which are partly luck: 7." in figure.caption


@pytest.mark.slow
def test_every_printed_rank_lies_in_its_interval_or_says_why(default_project: Path) -> None:
    """On leaderboards, the home page, model pages, embeds of every format, and in charts."""
    ranks, lucky = Counter[str](), Counter[str]()
    for path in sorted((default_project / "site").rglob("*")):
        if path.suffix not in {".html", ".md", ".json", ".svg", ".js"}:
            continue
        text = path.read_text(encoding="utf-8")
        for kind in PRINTED:
            assert not _unexplained(text, kind), path
            printed = printed_ranks(text, kind)
            ranks[kind] += len(printed)
            lucky[kind] += sum("partly luck" in rest for *_, rest in printed)
    for kind in PRINTED.keys() - {"sentence"}:
        assert ranks[kind] >= 40, kind
        assert lucky[kind] >= 7, kind
