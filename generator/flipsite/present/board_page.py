"""The page of a study's leaderboard: its words, its tables, and the script of numbers fetched on use."""

from collections.abc import Mapping

from flipsite.analyse.report import StudyReport
from flipsite.domain.display import Figure
from flipsite.domain.estimates import Verdict
from flipsite.present.board import Board
from flipsite.present.board_values import values_script
from flipsite.present.formats import count_text, plural
from flipsite.present.page import Page
from flipsite.present.tables import study_note


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


def board_context(report: StudyReport, made: Board) -> dict[str, object]:
    """What the leaderboard's template is given."""
    before, shares = 0, []
    for verdict, n in made.verdicts:
        shares.append((verdict, n, before))
        before += n
    note = "Figures as printed. " if report.printed else study_note(report.study)
    order = "in the order of chance where ranks overlap"
    return {
        "board": made,
        "study": report.study.id,
        "least": made.least(),
        "most": made.most(),
        "shares": shares,
        "finding": _finding(report, made),
        "least_caption": f"{note} The {len(made.least())} least biased, {order}.".strip(),
        "most_caption": f"{note} The {len(made.most())} most biased.".strip(),
        "caption": f"{report.study.title}: all models. {_order_text(made)} {note}".strip(),
    }


def _finding(report: StudyReport, made: Board) -> str:
    """The leaderboard in a sentence or two."""
    counts = dict(made.verdicts)
    convicted = counts[Verdict.BIASED]
    verb = "is" if convicted == 1 else "are"
    told = f"{plural(convicted, 'model')} of {count_text(len(made.rows))} {verb} shown to be biased"
    least = made.least()
    alike = sum(row.estimate.verdict is not Verdict.BIASED for row in least)
    if alike == len(least) > 1:
        return f"{told}. The {alike} least biased cannot be told from a fair coin, nor from each other."
    return (
        f"{told}. Of the {plural(len(least), 'least biased model')}, {alike} cannot be told from a fair coin."
    )


def _order_text(made: Board) -> str:
    """In what order the whole table stands."""
    if not made.n_tied:
        return "By bias, least first."
    alike = f"First {plural(made.n_tied, 'model')} that cannot be told from a fair coin, by name alone"
    return f"{alike}: any other order of theirs is chance. Then the others by bias, least first."
