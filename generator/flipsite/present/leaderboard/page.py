"""The page of a study's leaderboard: its words, its tables, and the script of numbers fetched on use.

The numbers behind a leaderboard's rows: a script that its page fetches when somebody sorts or downloads.

They would weigh on every reader of the page. A script element works from `file://`, where `fetch` is blocked.
"""

import hashlib
from collections.abc import Mapping

from flipsite.analyse.report import StudyReport
from flipsite.analyse.sequences.estimates import SequenceVerdict
from flipsite.domain.display import Figure, plural
from flipsite.domain.estimates import Verdict
from flipsite.present.charts.interactive import spec_json
from flipsite.present.leaderboard.rows import Board, BoardRow
from flipsite.present.pages.page import Page
from flipsite.present.tables import study_note
from flipsite.present.text.formats import count_text

_DOUBTS = frozenset({"bias_median", "p_within_05", "p_within_10", "p_least", "p_most"})
"""Columns of a model's standing; all others are its estimate's."""

_OF_ANSWERS = frozenset({"alternation", "dispersion_own", "distinct_answers"})
"""Columns of what a model's answers of several draws say."""

_IN_ROWS = frozenset({"model", "verdict", "picture"})
"""Columns that are read from the rows themselves, or are no numbers."""


def values_script(study: str, board: Board) -> tuple[str, bytes]:
    """Path and content of a script that calls `flipsiteBoard`: a column each, in the order of the rows.

    `traits` names the rows that have a trait, by its key.
    """
    keys = [heading.key for heading in board.columns if heading.key not in _IN_ROWS]
    columns: dict[str, list[float | None]] = {key: [_value(row, key) for row in board.rows] for key in keys}
    if "bias_median" in columns:
        columns |= {key: [_value(row, key) for row in board.rows] for key in ("p_within_05", "p_within_10")}
    columns["interval_low"] = [round(row.mark.low_value, 6) if row.mark else None for row in board.rows]
    columns["interval_high"] = [round(row.mark.high_value, 6) if row.mark else None for row in board.rows]
    traits: dict[str, list[int]] = {}
    for place, row in enumerate(board.rows):
        for trait in row.traits:
            traits.setdefault(trait.key, []).append(place)
    text = f"flipsiteBoard({spec_json({'values': columns, 'traits': traits})});\n"
    content = text.encode()
    return f"assets/board-{study}.{hashlib.sha256(content).hexdigest()[:10]}.js", content


def _value(row: BoardRow, key: str) -> float | None:
    """The value by which a column sorts, as in the download."""
    holder = row.standing if key in _DOUBTS else row.sequence if key in _OF_ANSWERS else row.estimate
    found = getattr(holder, "ranking_bias" if key == "bias" else key) if holder else None
    if isinstance(found, float):
        return float(f"{found:.6g}")  # more than fifty draws can tell; the data files have every digit
    assert found is None or isinstance(found, (float, int))  # noqa: S101 - columns of a record
    return found


def leaderboard_page(report: StudyReport, figures: Mapping[str, Figure], made: Board) -> Page:
    """All models of a study, and either end."""
    study = report.study
    path, script = values_script(study.id, made)
    return Page(
        path=f"{study.id}/leaderboard/index.html",
        title=f"Leaderboard: {study.title}",
        description=f"All models of the study “{study.title}” by bias, with their doubt.",
        template="leaderboard.html",
        study=study,
        crumbs=(("Home", "index.html"), (study.title, f"{study.id}/index.html")),
        tab="Leaderboard",
        context={"report": report, "figures": figures, "values": path, **board_context(report, made)},
        attached={path: script},
    )


def board_context(report: StudyReport, made: Board, *, top: int | None = None) -> dict[str, object]:
    """Prepare the leaderboard's template; `top` cuts each table, and its caption says so."""
    least, most = made.least()[:top], made.most()[:top]
    before, shares = 0, []
    for verdict, n in made.verdicts:
        shares.append((verdict, n, before))
        before += n
    note = "Figures as printed. " if report.printed else study_note(report.study)
    order = "in the order of chance where ranks overlap"
    return {
        "board": made,
        "study": report.study.id,
        "least": least,
        "most": most,
        "top": top,
        "shares": shares,
        "finding": _finding(report, made),
        "least_caption": f"{note} The {len(least)} least biased, {order}.".strip(),
        "most_caption": f"{note} The {len(most)} most biased.".strip(),
        "caption": f"{report.study.title}: {_extent(made, top)}. {_order_text(made)} {note}".strip(),
    }


def _extent(made: Board, top: int | None) -> str:
    """How much of the whole table is shown."""
    n_models = len(made.rows)
    return (
        "all models" if top is None or top >= n_models else f"the first {top} of {plural(n_models, 'model')}"
    )


def _finding(report: StudyReport, made: Board) -> str:
    """The leaderboard in a sentence or two."""
    counts = dict(made.verdicts)
    biased = counts[Verdict.BIASED]
    verb = "is" if biased == 1 else "are"
    finding = f"{plural(biased, 'model')} of {count_text(len(made.rows))} {verb} shown to be biased"
    if report.sequences:
        patterned = sum(
            each.verdict is SequenceVerdict.PATTERNED for each in report.sequences.sequences.values()
        )
        verb = "gives" if patterned == 1 else "give"
        return f"{finding}; {plural(patterned, 'model')} {verb} answers whose draws are not independent."
    swayed = sum(row.estimate.sway is not None for row in made.rows)
    if swayed:
        finding += (
            f"; {plural(swayed, 'model')} {'follows' if swayed == 1 else 'follow'} the order or the labels"
        )
    dependent = sum(row.estimate.dependence is not None for row in made.rows)
    if dependent:
        finding += f"; the draws of {plural(dependent, 'model')} are not independent"
    least = [row.estimate for row in made.least()]
    alike = sum(each.verdict is not Verdict.BIASED and not each.is_flagged for each in least)
    if alike == len(least) > 1:
        return f"{finding}. All {alike} are statistically tied with {made.sampler}."
    return (
        f"{finding}. Of the {plural(len(least), 'least biased model')}, "
        f"{alike} cannot be distinguished from {made.sampler}."
    )


def _order_text(made: Board) -> str:
    """In what order the whole table stands."""
    if not made.n_tied:
        return "By bias, least first."
    tied = f"{plural(made.n_tied, 'model')} cannot be distinguished from {made.sampler}; listed A to Z"
    return f"{tied}. Then the others by bias, least first."
