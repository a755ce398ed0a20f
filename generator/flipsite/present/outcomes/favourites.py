"""Favourites: the outcome that each model says most, and how many models share it."""

from collections import defaultdict
from dataclasses import dataclass

from flipsite.analyse.report import StudyReport
from flipsite.analyse.verdict import FALSE_DISCOVERY_RATE
from flipsite.domain.display import Cell, Heading, Table
from flipsite.domain.estimates import Estimate
from flipsite.present.text.formats import caption_text, count_text, percent_text

_HEADINGS = (
    Heading(key="model", label="Model"),
    Heading(key="favourite", label="Says most", help="The outcome drawn most often."),
    Heading(key="share", label="Its share", help="Of the valid draws.", numeric=True),
    Heading(key="target", label="Asked for", help="The share that the prompt asks for.", numeric=True),
    Heading(key="shown", label="More than chance", help="q below 0.05 over all outcomes of the model."),
    Heading(key="models", label="Models that say it most", numeric=True),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Favourite:
    """An outcome that some models say most.

    Attributes:
        label: The outcome.
        target: Its share as asked for.
        models: Those that say it most, the oftenest first.
        n_shown: How many of them say it more often than chance allows.
        part: Of all models that have a favourite, in [0, 1].
    """

    label: str
    target: float
    models: tuple[Estimate, ...]
    n_shown: int
    part: float


def favourites(report: StudyReport) -> tuple[Favourite, ...]:
    """The outcomes that models say most, those of most models first; a tie or changing labels have none."""
    found: defaultdict[str, list[Estimate]] = defaultdict(list)
    for record in report.estimates:
        if record.top is not None and record.model in report.outcomes:
            found[record.top].append(record)
    shares = dict(zip(report.study.prompt.outcomes, report.study.prompt.shares, strict=True))
    n_models = sum(map(len, found.values()))
    return tuple(
        Favourite(
            label=label,
            target=shares[label],
            models=tuple(sorted(models, key=lambda record: (-(record.top_share or 0.0), record.model))),
            n_shown=sum(is_favoured(report, record) for record in models),
            part=len(models) / n_models,
        )
        for label, models in sorted(found.items(), key=lambda pair: -len(pair[1]))
    )


def is_favoured(report: StudyReport, record: Estimate) -> bool:
    """Whether a model says its likeliest outcome more often than chance allows."""
    return any(
        row.label == record.top
        and row.q_value is not None
        and row.q_value < FALSE_DISCOVERY_RATE
        and (row.share or 0.0) > row.target
        for row in report.outcomes[record.model].outcomes
    )


def favourites_table(report: StudyReport, *, top: int, note: str) -> Table:
    """Each model's likeliest outcome; models that share one stand together, the commonest first."""
    rows = [
        (
            Cell(value=record.model, text=record.model, link=record.page),
            Cell(value=each.label, text=each.label),
            Cell(value=record.top_share, text=percent_text(record.top_share)),
            Cell(value=each.target, text=percent_text(each.target, decimals=1)),
            _shown(is_favoured(report, record)),
            Cell(value=len(each.models), text=count_text(len(each.models))),
        )
        for each in favourites(report)
        for record in each.models
    ]
    return Table(
        name="favourites",
        caption=caption_text(report.study.title, "what each model says most"),
        headings=_HEADINGS,
        rows=tuple(rows[:top]),
        note=note,
    )


def _shown(is_shown: bool) -> Cell:
    word = "yes" if is_shown else "no"
    return Cell(value=word, text=word)
