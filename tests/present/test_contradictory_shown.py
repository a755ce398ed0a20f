"""Answers that state more than one outcome, on the page of their study."""

import re
from html import unescape
from pathlib import Path

from flipsite.domain.draws import Draw, Outcome, Rejected, Status
from flipsite.present.leaderboard.board import board
from flipsite.present.pages.study import study_pages
from flipsite.present.pages.templates import environment, render
from flipsite.project import packaged
from flipsite.store.snapshot.assemble import collect_draws
from flipsite.store.snapshot.parquet import write_draws
from flipsite.workflows.load import load_report


def test_a_study_says_how_many_answers_state_more_than_one_outcome(tmp_path: Path) -> None:
    """Of four flips and an echo of the format, the last line would have made three ones of five."""
    folder = tmp_path / "content" / "studies" / "coins"
    folder.mkdir(parents=True)
    (folder / "study.toml").write_text("[study]\n", encoding="utf-8")
    results = [Outcome(index=n % 2) for n in range(4)] + [Rejected(status=Status.UNPARSED, reason="")]
    echo = "Output: 0\nOutput: 1"
    rows = [
        Draw(
            model="a/b", draw=n, labels=("0", "1"), order=0, result=result, response=echo if n == 4 else None
        )
        for n, result in enumerate(results)
    ]
    write_draws(folder / "draws.parquet", collect_draws(rows), study="coins")
    report = load_report(folder)
    page = study_pages(report, {}, board(report))[0]
    context = {**page.context, "study": page.study}
    html = render(environment([packaged("templates")]), "parts/contradictory.html", page=page, **context)
    words = " ".join(unescape(re.sub(r"<[^>]*>", "", html)).split())
    assert words == (
        "Answers that state more than one outcome Such an answer counts as unreadable, whichever outcome "
        "comes last: nothing says which of them is the draw. a/b: 1 of 5 answers. If the last statement "
        "counted, 1 of them would be valid and the share of ones would be 0.600 instead of 0.500."
    )
