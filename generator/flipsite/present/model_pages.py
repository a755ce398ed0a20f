"""One page a model: its verdict in words, what is known of its coin, and every draw behind it."""

from collections.abc import Iterable, Mapping

import jinja2

from flipsite.analyse.report import StudyReport
from flipsite.domain.display import Content
from flipsite.present.feature_words import feature_lines
from flipsite.present.frame import Frame
from flipsite.present.model_draws import model_csv
from flipsite.present.model_views import Shared, model_view, own_draws
from flipsite.present.page import Page
from flipsite.present.templates import page_file
from flipsite.present.twins import Twin, running_mean_twin, strip_of_twin, strip_twin


def model_files(
    shared: Shared,
    places: range,
    templates: jinja2.Environment,
    frame: Frame,
    *,
    kept: Mapping[str, Content],
) -> dict[str, Content]:
    """The pages of the models at these places of the leaderboard, and beside each its draws to download.

    Those of the last site that are `kept` are not made again.

    Raises:
        ContentError: If the template cannot be rendered.
    """
    files: dict[str, Content] = {}
    for place in places:
        estimate = shared.rows[place].estimate
        path, draws = estimate.page, estimate.page.removesuffix("index.html") + "draws.csv"
        files[path] = kept.get(path) or page_file(templates, page_of(shared, place), frame)
        own = own_draws(shared, estimate.model)
        if own and not shared.report.counts:  # else the study's parts hold them
            files[draws] = kept.get(draws) or model_csv(*own)
    return files


def page_of(shared: Shared, place: int) -> Page:
    """The page of the model at this place of the leaderboard."""
    study, view = shared.report.study, model_view(shared, place)
    model = view.estimate.model
    return Page(
        path=view.estimate.page,
        title=model,
        description=f"How {model} flips a coin. {view.sentence}",
        template="model.html",
        study=study,
        crumbs=(
            ("Home", "index.html"),
            (study.title, f"{study.id}/index.html"),
            ("Leaderboard", f"{study.id}/leaderboard/index.html"),
        ),
        place=f"{study.id}/models/~/~/index.html",
        context={
            "view": view,
            "features": feature_lines(shared.report.features.get(model, ())),
            **shared.context,
        },
    )


def listed_models(report: StudyReport) -> Iterable[Page]:
    """The pages of a study's models as a list of pages needs them: without what they show."""
    for record in report.estimates:
        yield Page(
            path=record.page, title=record.model, description="", template="model.html", study=report.study
        )


def model_twins(report: StudyReport) -> Iterable[Twin]:
    """What the small pictures of a study's models need to be made interactive."""
    if report.counts:
        yield from (strip_of_twin(each.course) for each in report.counts.models.values())
        return
    if (draws := report.draws) is None:
        return
    for index in range(len(draws.models)):
        outcomes = draws.outcome[draws.rows(index)]
        mean = running_mean_twin(outcomes, target=report.study.prompt.target)
        yield from (twin for twin in (mean, strip_twin(outcomes)) if twin)
