"""How many draws, and dollars, the verdicts of a study need."""

from dataclasses import dataclass

from flipsite.analyse.outcomes.power import study_plan
from flipsite.analyse.power import PowerPlan, price
from flipsite.domain.money import Usd
from flipsite.domain.study import Kind, Study
from flipsite.errors import UsageError
from flipsite.project import Project, existing_study
from flipsite.settings import load_printed, load_study
from flipsite.workflows.load import load_tallies, published_counts, study_files


@dataclass(frozen=True, slots=True, kw_only=True)
class StudyPlan:
    """A plan for one study.

    Attributes:
        study: The study.
        plan: Draws a model.
        usd_per_round: The price of one valid draw of each priced model; None where no price is known.
        n_priced: Models with a known price.
        dearest: The dearest model and its part of `usd_per_round`; None where models are not distinguished.
    """

    study: Study
    plan: PowerPlan
    usd_per_round: Usd | None
    n_priced: int
    dearest: tuple[str, Usd] | None

    def cost(self, n_draws: int | None) -> Usd | None:
        """The cost of some valid draws of every model; one without a price counts at the others' mean."""
        if n_draws is None or self.usd_per_round is None:
            return None
        return n_draws * self.usd_per_round / self.n_priced * self.plan.n_models


def plan_study(
    project: Project, study_id: str, *, margin: float, bias: float, power: float, n_models: int | None = None
) -> StudyPlan:
    """Plan a study from its settings and from what its draws have cost so far.

    Args:
        project: Where the study is.
        study_id: Its id.
        margin: How near the target a fair model's interval must lie.
        bias: True bias of a model to be shown biased.
        power: Probability with which a verdict is to be reached.
        n_models: Models judged together; those of the study unless it is given.

    Raises:
        UsageError: If there is no such study, a number is out of range, or the study has no models yet and
            `n_models` is not given.
    """
    folder = existing_study(project, study_id)
    study = load_study(folder)
    prompt, room = study.prompt, study.prompt.largest_bias
    if bias > room or (bias == room and prompt.n_outcomes > 2):
        raise UsageError(f"--bias {bias:g}: no share is so far from the target; at most {room:g}.")
    if study.kind is Kind.PUBLISHED and published_counts(folder, study) is None:
        printed = load_printed(folder)
        asked = printed.n_models
        per_round: Usd | None = printed.spend_run_usd / printed.draws_about
        n_priced, dearest = asked, None
    else:
        tallies = load_tallies(study_files(folder), study)
        asked, found = len(tallies), price(tallies)
        per_round, n_priced = (found.usd_per_round, found.n_models) if found else (None, 0)
        dearest = (found.dearest, found.usd_dearest) if found else None
    n_models = asked if n_models is None else n_models
    if not n_models:
        raise UsageError(f"study '{study_id}' has no draws yet; say how many models with --models N.")
    return StudyPlan(
        study=study,
        plan=study_plan(prompt, margin=margin, bias=bias, power=power, n_models=n_models),
        usd_per_round=per_round,
        n_priced=n_priced,
        dearest=dearest,
    )
