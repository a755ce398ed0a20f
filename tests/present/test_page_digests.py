"""A model's page stands where all that it is rendered from is what it was."""

import re
from collections.abc import Mapping
from pathlib import Path

import pytest

from flipsite.analyse.report import StudyReport, report_draws
from flipsite.domain.draws import Draw, Outcome
from flipsite.domain.study import Study
from flipsite.files import Content, RenderedPage, UnchangedFile
from flipsite.present.leaderboard.board import board
from flipsite.present.pages.model.digest import CHANCES, SHRUNKEN, exact_text, shown_text
from flipsite.present.pages.model.files import LastPages, model_files
from flipsite.present.pages.model.page import shared_of
from flipsite.present.pages.page import Frame
from flipsite.present.pages.templates import environment
from flipsite.project import packaged
from flipsite.store.snapshot.assemble import collect_draws

TEMPLATES = packaged("templates")
ONES = {f"a/m{place:03d}": 20 + place % 21 for place in range(80)}
"""Of forty draws each, from fair to biased."""
FEW = dict(list(ONES.items())[:5])
LAST = "a/m062"
"""One of the most biased."""


class _Assets(dict[str, str]):
    def __missing__(self, name: str) -> str:
        return f"assets/{name}"


def report_of(study: Study, ones: Mapping[str, int], *, said: str = "1") -> StudyReport:
    """A study of models with so many ones; `said` is the last answer of each."""
    rows = [
        Draw(
            model=model,
            draw=number,
            labels=("0", "1"),
            order=0,
            result=Outcome(index=int(number < n_ones)),
            response=said if number == 39 else "1",
        )
        for model, n_ones in ones.items()
        for number in range(40 + (n_ones > 40))
    ]
    return report_draws(study, collect_draws(rows))


def content_of(made: Content) -> Content:
    return made.html if isinstance(made, RenderedPage) else made


def made(
    report: StudyReport, *, code: str = "1", last: Mapping[str, Content] | None = None
) -> dict[str, Content]:
    """The files of all models; what is the last one's by its source stands."""
    frame = Frame(
        version="0",
        base_url=None,
        studies=(report.study,),
        assets=_Assets(),
        bundle="assets/vega.js",
        nav=(),
        foot=(),
    )
    shared = shared_of(report, board(report), {})

    def standing(path: str, source: str) -> Content | None:
        before = (last or {}).get(path)
        return (
            UnchangedFile(1, path) if isinstance(before, RenderedPage) and before.source == source else None
        )

    known = LastPages(kept={}, standing=standing, code=code, text=shown_text)
    return model_files(shared, range(len(shared.rows)), environment([TEMPLATES]), frame, last=known)


def page(files: Mapping[str, Content], model: str) -> RenderedPage:
    (found,) = (each for path, each in files.items() if path.endswith(f"{model}/index.html"))
    assert isinstance(found, RenderedPage)
    return found


def test_a_page_stands_only_where_it_would_be_the_same(study: Study) -> None:
    """A draw more of one of the most biased moves estimates of all, in digits that few pages show."""
    before = made(report_of(study, ONES))
    grown = report_of(study, ONES | {LAST: 41})
    after, standing = made(grown), made(grown, last=before)
    stand = {path for path, content in standing.items() if isinstance(content, UnchangedFile)}
    assert len(before) / 3 < len(stand) < len(before)
    for path in stand:
        assert content_of(before[path]) == content_of(after[path])
    assert page(after, LAST).html == page(standing, LAST).html != page(before, LAST).html


def test_an_answer_and_the_code_are_part_of_the_source(study: Study) -> None:
    first = page(made(report_of(study, FEW)), "a/m000")
    assert page(made(report_of(study, FEW)), "a/m000") == first
    assert page(made(report_of(study, FEW, said="01")), "a/m000").source != first.source
    assert page(made(report_of(study, FEW), code="2"), "a/m000").source != first.source


def test_estimates_of_the_whole_study_are_shown_as_their_source_has_them() -> None:
    """The packaged templates show a text of a page's source as that text and in no other way."""
    shown = re.compile(
        r" is (not )?none\b| %}| \| (bias|chance|percent)\b|\) \| chance| if row\.rank_estimate else none\)"
    )
    for path in Path(TEMPLATES).rglob("*.html"):
        text = path.read_text(encoding="utf-8")
        for found in re.finditer(rf"\.({'|'.join((*SHRUNKEN, *CHANCES))})\b", text):
            assert shown.match(text, found.end()), f"{path.name}: {text[found.start() : found.end() + 30]}"


@pytest.mark.parametrize("name", [*SHRUNKEN, "p_near"])
def test_templates_of_ones_own_may_show_any_digit(study: Study, name: str) -> None:
    estimate = report_of(study, FEW).estimates[0]
    assert repr(getattr(estimate, name)) in exact_text(estimate)
