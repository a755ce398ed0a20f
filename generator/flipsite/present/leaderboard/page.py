"""The page of a study's leaderboard, and the script of its numbers.

A page fetches the numbers behind its rows only when somebody sorts, filters or downloads: they would weigh on
every reader. A script element works from `file://`, where `fetch` is blocked.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate
from operator import attrgetter

from flipsite.analyse.report import StudyReport
from flipsite.domain.columns import each_distinct
from flipsite.domain.display import Figure, plural
from flipsite.domain.estimates import Verdict
from flipsite.domain.money import Usd
from flipsite.present.charts.interactive import spec_json
from flipsite.present.leaderboard.board import Board
from flipsite.present.leaderboard.columns import extra
from flipsite.present.leaderboard.rows import BoardRow
from flipsite.present.leaderboard.ruler import ruler
from flipsite.present.pages.page import Page
from flipsite.present.tables import TOP, study_note
from flipsite.present.text.formats import caption_text, count_text, first_few, how_many_are, so_many

_DOUBTS = frozenset({"bias_median", "p_within_05", "p_within_10", "p_least", "p_most"})
"""Columns of the ranking's doubt; all others are the estimate's."""

_OF_ANSWERS = frozenset({"alternation", "dispersion_own", "distinct_answers"})
"""Columns of what a model's answers of several draws say."""

_IN_ROWS = frozenset({"model", "verdict", "picture"})
"""Columns that are read from the rows themselves, or are no numbers."""


def values_script(study: str, board: Board) -> tuple[str, bytes]:
    """Path and content of a script that calls `flipsiteBoard`: a column each, in the order of the rows.

    `extras` holds the columns a reader may add; `traits` names the rows that have a trait, by its key.
    """
    keys = [heading.key for heading in board.columns if heading.key not in _IN_ROWS]
    columns: dict[str, list[float | None]] = {key: _values(board.rows, key) for key in keys}
    if "bias_median" in columns:
        columns |= {key: _values(board.rows, key) for key in ("p_within_05", "p_within_10")}
    columns["interval_low"] = [round(row.mark.low_value, 6) if row.mark else None for row in board.rows]
    columns["interval_high"] = [round(row.mark.high_value, 6) if row.mark else None for row in board.rows]
    traits: dict[str, list[int]] = {}
    for place, row in enumerate(board.rows):
        for trait in row.traits:
            traits.setdefault(trait.key, []).append(place)
    extras = {heading.key: [extra(row, heading.key) for row in board.rows] for heading in board.extras}
    text = f"flipsiteBoard({spec_json({'values': columns, 'extras': extras, 'traits': traits})});\n"
    content = text.encode()
    return f"assets/board-{study}.{hashlib.sha256(content).hexdigest()[:10]}.js", content


def _values(rows: Sequence[BoardRow], key: str) -> list[float | None]:
    """The numbers that a column sorts by and a download holds."""
    holder = "rank_estimate" if key in _DOUBTS else "sequence" if key in _OF_ANSWERS else "estimate"
    number = attrgetter("ranking_bias" if key == "bias" else key)
    found = [None if (each := getattr(row, holder)) is None else number(each) for row in rows]
    return each_distinct(found, _short)


def _short(value: float | Usd | None) -> float | None:
    """A number with the digits that more than fifty draws can show; the data files have every digit."""
    number = value.dollars if isinstance(value, Usd) else value
    return float(f"{number:.6g}") if isinstance(number, float) else number


def leaderboard_page(report: StudyReport, figures: Mapping[str, Figure], made: Board) -> Page:
    """The page with all models of a study."""
    study = report.study
    path, script = values_script(study.id, made)
    whole = "All printed" if report.printed else "All"
    return Page(
        path=f"{study.id}/leaderboard/index.html",
        title=f"Leaderboard: {study.title}",
        description=f"{whole} models of the study “{study.title}” by bias, with their intervals.",
        template="leaderboard.html",
        study=study,
        crumbs=(("Home", "index.html"), (study.title, f"{study.id}/index.html")),
        tab="Leaderboard",
        context={"report": report, "figures": figures, "values": path, **board_context(report, made)},
        attached={path: script},
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Headline:
    """A result in a sentence or two, with the model that it names, for a link.

    Attributes:
        before: The words before the model's name.
        row: The model; None where no model has a bias.
        after: The words after it.
        shares: Each verdict, its number of models, and the number of models before it in the picture.
        n_models: All models that were asked.
    """

    before: str
    row: BoardRow | None
    after: str
    shares: tuple[tuple[Verdict, int, int], ...] = ()
    n_models: int = 0

    @property
    def n_unprinted(self) -> int:
        """How many models were asked and are not printed."""
        return self.n_models - sum(n for _, n, _ in self.shares)

    def __str__(self) -> str:
        """The sentence as plain text."""
        return f"{self.before}{self.row.estimate.model if self.row else ''}{self.after}"


def board_context(report: StudyReport, made: Board, *, top: int | None = None) -> dict[str, object]:
    """The context of the leaderboard's template; `top` cuts each table, and its caption says so."""
    least, most = made.least(top or TOP), made.most(top or TOP)
    note = "Figures as printed. " if report.printed else study_note(report.study)
    said = f"{_extent(made, top)}, by rank. {_tied_text(made)}{note}"
    return {
        "study": report.study.id,
        "least": least,
        "most": most,
        "top": top,
        **finding_context(report, made),
        "least_caption": f"The {first_few(len(least), 'least biased model')}. {note}".strip(),
        "most_caption": f"The {first_few(len(most), 'most biased model')}. {note}".strip(),
        "caption": caption_text(report.study.title, said).strip(),
    }


def _extent(made: Board, top: int | None) -> str:
    n_models = len(made.rows)
    return (
        "all models" if top is None or top >= n_models else f"the first {top} of {plural(n_models, 'model')}"
    )


def finding_context(report: StudyReport, made: Board) -> dict[str, object]:
    """The context of a page's first screen: the finding in words, and all models on a ruler."""
    return {"finding": finding(report, made), "ruler": ruler(report, made), "board": made}


def finding(report: StudyReport, made: Board) -> Headline:
    """The leaderboard in a sentence or two."""
    n_biased = dict(made.verdicts)[Verdict.BIASED]
    n_models = report.printed.n_models if report.printed else len(made.rows)
    most = made.most(1)
    if not most:
        return Headline(before=f"No bias is known of {plural(n_models, 'model')}.", row=None, after="")
    extreme = most[0]
    sharing = sum(row.estimate.ranking_bias == extreme.estimate.ranking_bias for row in made.rows) - 1
    others = f" and {plural(sharing, 'other')}" if sharing else ""
    most_of_all = ", most strongly " if n_biased > 1 else ": "
    if not n_biased or (n_biased == 1 and (sharing or extreme.estimate.verdict is not Verdict.BIASED)):
        most_of_all = "; the largest bias is that of "
    before = how_many_are(n_biased, n_models, f"shown to be biased{most_of_all}")
    return Headline(
        before=before,
        row=extreme,
        after=f"{others} ({extreme.bias}). {_rest_text(report, made)}".rstrip(),
        shares=_shares(made),
        n_models=n_models,
    )


def _shares(made: Board) -> tuple[tuple[Verdict, int, int], ...]:
    ends = accumulate(n for _, n in made.verdicts)
    return tuple((verdict, n, end - n) for (verdict, n), end in zip(made.verdicts, ends, strict=True))


def _rest_text(report: StudyReport, made: Board) -> str:
    """Counts above the leaderboard: models tied with a fair coin, models that follow the order."""
    parts = []
    if made.n_tied:
        parts.append(f"{count_text(made.n_tied)} cannot be distinguished from {made.fair}")
    n_swayed = sum(n for _, n in made.sways)
    if n_swayed:
        parts.append(
            so_many(n_swayed, len(made.rows), does="follows", do="follow") + " the order or the labels"
        )
    if report.sequences:
        n_patterned = len(report.sequences.patterned)
        if n_patterned:
            gives = so_many(n_patterned, len(made.rows), does="gives", do="give")
            parts.append(f"{gives} answers whose draws are not independent")
    n_dependent = sum(row.estimate.dependence is not None for row in made.rows)
    if n_dependent:
        parts.append(f"the draws of {plural(n_dependent, 'model')} are not independent")
    if report.printed and (unseen := report.printed.n_models - len(made.rows)):
        parts.append(f"{count_text(unseen)} {'was' if unseen == 1 else 'were'} not printed")
    said = "; ".join(parts)
    return f"{said[0].upper()}{said[1:]}." if said else ""


def _tied_text(made: Board) -> str:
    if not made.n_tied:
        return ""
    others, them = ("", "it") if made.n_tied == 1 else (" or from each other", "them")
    return (
        f"{plural(made.n_tied, 'model')} cannot be distinguished from {made.fair}{others}; "
        f"a bracket on the left marks {them}. "
    )
