"""A study's charts for a notebook: Altair charts, the same that its pages show, one function a chart.

A study has a chart only where it has what that chart shows; `names` lists those that it has.
"""

from typing import TYPE_CHECKING

from flipsite.api import StudyHandle
from flipsite.errors import UsageError

if TYPE_CHECKING:
    from flipsite.present.charts.figure import AnyChart


def names(study: StudyHandle) -> tuple[str, ...]:
    """The charts a study has, by the names that `flipsite embed` and `named` take."""
    from flipsite.present.charts.registry import study_drawings

    return tuple(study_drawings(study.report))


def named(study: StudyHandle, name: str) -> "AnyChart":
    """The chart of that name, with its finding for a title.

    Raises:
        UsageError: If the study has none of that name, with those it has.
    """
    from flipsite.present.charts.registry import study_drawings
    from flipsite.present.notebook import altair_chart

    drawings = study_drawings(study.report)
    if name not in drawings:
        raise UsageError(
            f"study {study.id!r} has no chart {name!r}; there are: {', '.join(drawings) or 'none yet'}"
        )
    return altair_chart(drawings[name]())


def bias_intervals(study: StudyHandle) -> "AnyChart":
    """Each model's bias with its 95 % interval, least biased first, and the noise floor."""
    return named(study, "bias-intervals")


def bias_distribution(study: StudyHandle) -> "AnyChart":
    """How many models have which bias, beside what as many fair coins would show."""
    return named(study, "bias-distribution")


def verdicts(study: StudyHandle) -> "AnyChart":
    """How many models are biased, fair and undecided."""
    return named(study, "verdicts")


def rank_intervals(study: StudyHandle) -> "AnyChart":
    """Each model's rank with its 95 % interval."""
    return named(study, "rank-intervals")


def cost_against_bias(study: StudyHandle) -> "AnyChart":
    """The cost of each model against its bias."""
    return named(study, "cost-against-bias")


def bias_by_release(study: StudyHandle) -> "AnyChart":
    """Bias against release date."""
    return named(study, "bias-by-release")


def bias_by_price(study: StudyHandle) -> "AnyChart":
    """Bias against the catalogue's price."""
    return named(study, "bias-by-price")


def bias_by_size(study: StudyHandle) -> "AnyChart":
    """Bias against the number of parameters, the models of a family joined."""
    return named(study, "bias-by-size")


def spend(study: StudyHandle) -> "AnyChart":
    """The cost of each model, the dearest first; of a published study, its own account of its cost."""
    return named(study, "spend")


def truth(study: StudyHandle) -> "AnyChart":
    """Simulated coins: what was found, against what is true."""
    return named(study, "truth")


def printed_tables(study: StudyHandle) -> "AnyChart":
    """A published study: its printed biases, at both ends."""
    return named(study, "printed-tables")


def fair_room(study: StudyHandle) -> "AnyChart":
    """A published study: how many of its models can be fair, by three reckonings."""
    return named(study, "fair-room")


def population_fit(study: StudyHandle) -> "AnyChart":
    """A published study: how many models have which bias, beside those the fitted population expects."""
    return named(study, "population-fit")


def kinds(study: StudyHandle) -> "AnyChart":
    """A published study: which of its ends role-players, coders and reasoners are at."""
    return named(study, "kinds")
