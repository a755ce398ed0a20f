"""The catalogue: every model on offer, whether a study would ask it, why not, and its cost."""

import asyncio
from dataclasses import dataclass
from datetime import UTC, datetime

from flipsite.collect.catalogue import Catalogue, fetch_catalogue
from flipsite.collect.client import OPENROUTER, OpenRouter
from flipsite.collect.costs import supports_structure
from flipsite.collect.selection import ModelSelection, choose
from flipsite.domain.money import NOTHING, Usd, total
from flipsite.domain.study import Study
from flipsite.project import Project, existing_study
from flipsite.settings import default_study, load_study
from flipsite.workflows.run_session import account_key, simulated_client
from flipsite.workflows.shared_budget import with_shared_total


@dataclass(frozen=True, slots=True, kw_only=True)
class CatalogueListing:
    """A catalogue, compared with a study.

    Attributes:
        study: Whose settings and budget decide.
        offered: What the endpoint offers.
        choices: One for each model: those taken, the dearest first, then those left, by name.
    """

    study: Study
    offered: Catalogue
    choices: tuple[ModelSelection, ...]

    @property
    def taken(self) -> tuple[ModelSelection, ...]:
        """The models the study would ask."""
        return tuple(choice for choice in self.choices if choice.taken)

    @property
    def expected_usd(self) -> Usd:
        """The study's expected cost."""
        return total(choice.estimate.expected_usd for choice in self.taken if choice.estimate)

    @property
    def worst_usd(self) -> Usd:
        """The cost if every answer were as long as it may be."""
        return total(choice.estimate.worst_usd for choice in self.taken if choice.estimate)

    def record(self) -> dict[str, object]:
        """The whole listing, ready for JSON: unknown is null."""
        return {
            "study": self.study.id,
            "fetched": self.offered.fetched,
            "draws": self.study.sampling.draws,
            "taken": len(self.taken),
            "estimate_usd": self.expected_usd.dollars,
            "worst_usd": self.worst_usd.dollars,
            "models": [_record(choice) for choice in self.choices],
            "faulty": [{"model": skip.id, "reason": skip.reason} for skip in self.offered.faulty],
        }


def list_models(
    project: Project, *, study_id: str | None, api_base: str = OPENROUTER, simulated: bool = False
) -> CatalogueListing:
    """Fetch the catalogue and decide on every model of it; spends nothing, and sends the key if there is one.

    Args:
        project: Where the study is.
        study_id: Whose settings decide; the article's prompt and the defaults where None.
        api_base: Address that ends before `/models`.
        simulated: Ask the built-in endpoint instead.

    Raises:
        UsageError: If there is no such study, or the address is none.
        CollectError: If the catalogue cannot be had.
    """
    study = default_study("default")
    if study_id:
        study = with_shared_total(project, load_study(existing_study(project, study_id)))
    today = datetime.now(UTC).date().isoformat()
    offered = asyncio.run(_fetched(api_base, today=today, simulated=simulated))
    choices = choose(offered.models, study, today=today)
    return CatalogueListing(study=study, offered=offered, choices=tuple(sorted(choices, key=_dearest_first)))


async def _fetched(api_base: str, *, today: str, simulated: bool) -> Catalogue:
    if simulated:
        from flipsite.collect.simulated import Endpoint

        client = simulated_client(Endpoint(), concurrency=1)
    else:
        client = OpenRouter(api_base, key=account_key(), concurrency=1)
    async with client:
        return await fetch_catalogue(client.get, today=today)


def _dearest_first(choice: ModelSelection) -> tuple[bool, Usd, str]:
    cost = choice.estimate.expected_usd if choice.estimate and choice.taken else NOTHING
    return not choice.taken, -cost, choice.model.id


def _record(choice: ModelSelection) -> dict[str, object]:
    model, price, cost = choice.model, choice.model.price, choice.estimate
    return {
        "model": model.id,
        "name": model.name,
        "taken": choice.taken,
        "reason": choice.reason,
        "mode": choice.mode,
        "prompt_usd": price.prompt_usd.dollars if price else None,
        "completion_usd": price.completion_usd.dollars if price else None,
        "request_usd": price.request_usd.dollars if price else None,
        "context_length": model.context_length,
        "reasoning": model.reasoning,
        "temperature": "temperature" in model.parameters,
        "structured": supports_structure(model),
        "created": model.created,
        "expires": model.expires,
        "max_tokens": cost.max_tokens if cost else None,
        "estimate_usd": cost.expected_usd.dollars if cost else None,
        "draw_worst_usd": cost.draw_worst_usd.dollars if cost else None,
    }
