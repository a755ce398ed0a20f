"""Models side by side: two to six of the site, chosen in the address; pairs of a study without a script."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

from flipsite.analyse.cross_study.comparisons import BiasDifference, bias_difference
from flipsite.analyse.report import StudyReport
from flipsite.domain.display import plural, usd_text
from flipsite.domain.estimates import Estimate
from flipsite.domain.study import Kind
from flipsite.present.charts.interactive import spec_json
from flipsite.present.leaderboard.board import Board
from flipsite.present.leaderboard.rows import BoardRow
from flipsite.present.pages.page import Page

COMPARE = "compare/index.html"

END = 6
"""Models of either end in a study's page of pairs: all their pairs are 66 rows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelPair:
    """Two models of a study, and the difference of their biases; the more biased one first."""

    one: BoardRow
    other: BoardRow
    difference: BiasDifference


def pairs_path(study: str) -> str:
    """The page of a study's pairs."""
    return f"{study}/compare/index.html"


def has_pairs(board: Board) -> bool:
    """Whether a study has two ranked models, and so a page of pairs."""
    return len(board.least()) > 1


def compare_page(reports: Sequence[StudyReport], boards: Mapping[str, Board]) -> Page:
    """The page on which a reader puts models side by side; a script per study brings its models."""
    scripts = {report.study.id: _models_script(report, boards[report.study.id]) for report in reports}
    return Page(
        path=COMPARE,
        title="Compare models",
        description="Two to six models side by side: bias, difference, what each follows, price and release.",
        template="side_by_side.html",
        crumbs=(("Home", "index.html"),),
        context={
            "scripts": {study: path for study, (path, _) in scripts.items()},
            "studies": [
                (report.study, pairs_path(report.study.id))
                for report in reports
                if has_pairs(boards[report.study.id])
            ],
        },
        attached=dict(scripts.values()),
    )


def pairs_page(report: StudyReport, board: Board) -> Page:
    """The differences between the least and the most biased models of a study, pair by pair."""
    study = report.study
    ends = (*board.least(END), *reversed(board.most(END)))
    chosen = list({row.estimate.model: row for row in ends}.values())
    pairs = [
        ModelPair(one=one, other=other, difference=difference)
        for other, one in combinations(chosen, 2)
        if (difference := bias_difference(one.estimate, other.estimate))
    ]
    return Page(
        path=pairs_path(study.id),
        title=f"Pairs: {study.title}",
        description=f"Differences in bias between {plural(len(chosen), 'model')} of “{study.title}”.",
        template="pairs.html",
        study=study,
        crumbs=(("Home", "index.html"), (study.title, f"{study.id}/index.html")),
        tab="Compare",
        context={"pairs": pairs, "n_models": len(chosen), "n_all": len(board.rows)},
    )


def _models_script(report: StudyReport, board: Board) -> tuple[str, bytes]:
    """Path and content of a script that hands a study's models to the page, a list each."""
    study = report.study
    record = {
        "study": study.id,
        "title": study.title,
        "simulated": study.kind is Kind.SIMULATED,
        "widest": study.prompt.largest_bias,
        "models": [_model(report, row) for row in board.rows],
    }
    content = f"(window.flipsiteModels ??= []).push({spec_json(record)});\n".encode()
    return f"assets/models-{study.id}.{hashlib.sha256(content).hexdigest()[:10]}.js", content


def _model(report: StudyReport, row: BoardRow) -> list[str | float | bool | None]:
    """A model as the page's script reads it.

    Returns:
        Name, page, bias as text, bias and its interval, valid draws, verdict, flag, price, release, spend,
        and whether its page has answers.
    """
    known: Estimate = row.estimate
    numbers = (known.ranking_bias, *(known.ranking_interval or (None, None)))
    price, released = row.facts.get("price_completion"), row.facts.get("released")
    return [
        known.model,
        known.page,
        row.bias,
        *map(_rounded, numbers),
        row.valid,
        known.verdict.value,
        row.flag,
        price,
        released,
        usd_text(known.cost_usd) if known.cost_usd is not None else None,
        report.draws is not None,
    ]


def _rounded(number: float | None) -> float | None:
    return None if number is None else round(number, 6)
