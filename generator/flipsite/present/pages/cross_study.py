"""Pages of several studies together: two compared, one model over all, a family of targets."""

from collections.abc import Iterable, Mapping, Sequence

from flipsite.analyse.cross_study.comparisons import Comparison, Family, History
from flipsite.analyse.cross_study.matrix import StudyMatrix
from flipsite.domain.display import Figure, plural
from flipsite.domain.urls import comparison_page, model_history
from flipsite.present.pages.page import Page
from flipsite.present.text.formats import count_text

_HOME = ("Home", "index.html")


def family_path(family: Family) -> str:
    """The page of a family, under the study of its lowest target."""
    return f"{family.studies[0].id}/calibration/index.html"


def comparison_pages(comparisons: Sequence[Comparison], figures: Mapping[str, Figure]) -> Iterable[Page]:
    """One page a pair; `figures` are by path."""
    for comparison in comparisons:
        before, after = comparison.before, comparison.after
        path = comparison_page(after.id, before.id)
        moved = [change for change in comparison.changes if change.moved]
        yield Page(
            path=path,
            title=f"{after.title}, compared with {before.title}",
            description=(
                f"{plural(len(comparison.changes), 'model')} in both studies; {_moved_text(len(moved))}."
            ),
            template="compare.html",
            study=after,
            crumbs=(_HOME, (after.title, f"{after.id}/index.html")),
            context={
                "comparison": comparison,
                "moved": moved,
                "figure": figures.get(path),
            },
        )


def _moved_text(n_moved: int) -> str:
    return f"{count_text(n_moved)} moved" if n_moved else "none is shown to have moved"


def history_pages(histories: Mapping[str, History]) -> Iterable[Page]:
    """One page a model that more than one study asked."""
    for history in histories.values():
        yield Page(
            path=model_history(history.model),
            title=f"{history.model} in every study",
            description=f"The bias of {history.model} in each of {len(history.records)} studies.",
            template="history.html",
            crumbs=(_HOME,),
            context={"history": history},
        )


def matrix_page(matrix: StudyMatrix, figure: Figure | None) -> Page:
    """The page of all models over all studies; `figure` is their history."""
    n_studies = plural(len(matrix.studies), "study", "studies")
    return Page(
        path="models/index.html",
        title="Models across all studies",
        description=f"{plural(len(matrix.rows), 'model')} over {n_studies}, with verdict and bias in each.",
        template="matrix.html",
        crumbs=(_HOME,),
        context={"matrix": matrix, "figure": figure},
    )


def family_pages(families: Sequence[Family], figures: Sequence[Mapping[str, Figure]]) -> Iterable[Page]:
    """One page a family of targets; `figures` are each family's, by model."""
    for family, curves in zip(families, figures, strict=True):
        first = family.studies[0]
        n_targets = len({study.prompt.target for study in family.studies})
        yield Page(
            path=family_path(family),
            title=f"Asked against drawn: {plural(n_targets, 'target')}",
            description="Does the share of ones follow the share that the prompt asks for?",
            template="calibration.html",
            study=first,
            crumbs=(_HOME, (first.title, f"{first.id}/index.html")),
            context={"family": family, "figures": curves},
            tab="Calibration",
        )
