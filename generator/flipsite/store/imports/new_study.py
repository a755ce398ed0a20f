"""The description of a study that is made of imported draws: as much as they state."""

import json
import re
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from flipsite.domain.distribution import MOST_PER_ANSWER, MOST_RANDOM, KeyFaultError, shares_of
from flipsite.domain.draws import Draws
from flipsite.domain.study import (
    UNKNOWN_PROMPT,
    Budget,
    Kind,
    ModelChoice,
    OrderMode,
    OutcomeForm,
    Prompt,
    Sampling,
    Study,
)
from flipsite.errors import UsageError
from flipsite.files import replacing
from flipsite.settings import dump_study
from flipsite.store.imports.batch_requests import BatchRequests
from flipsite.store.imports.cells import Labels
from flipsite.store.snapshot.extent import model_extents
from flipsite.store.snapshot.read import read_draws


@dataclass(frozen=True, slots=True, kw_only=True)
class DrawFacts:
    """The facts that draws state about how they were asked.

    Attributes:
        labels: The labels in them.
        orders: The indices of the labels named first; -1 where unknown.
        first_asked: When the first was asked.
        most_draws: Of any model.
        per_answer: Draws in an answer, as most answers have them.
    """

    labels: frozenset[Labels]
    orders: frozenset[int]
    first_asked: str | None
    most_draws: int
    per_answer: int = 1


def facts_of(draws: Draws) -> DrawFacts:
    """The facts that some draws state."""
    lengths = Counter(text.count(" ") + 1 for text in draws.sequence or () if text)
    return DrawFacts(
        labels=frozenset(tuple(json.loads(text)) for text in set(draws.labels) if text is not None),
        orders=frozenset(draws.order.tolist()),
        first_asked=min((moment for moment in draws.asked_at if moment is not None), default=None),
        most_draws=max((int(n) for n in np.diff(draws.starts)), default=1),
        per_answer=lengths.most_common(1)[0][0] if lengths else 1,
    )


def facts_of_files(files: Sequence[Path]) -> DrawFacts:
    """The facts that a whole snapshot states, read a file at a time; errors as for `read_draws`."""
    facts = [facts_of(read_draws(path)) for path in files]
    return DrawFacts(
        labels=frozenset(labels for each in facts for labels in each.labels),
        orders=frozenset(order for each in facts for order in each.orders),
        first_asked=min((each.first_asked for each in facts if each.first_asked is not None), default=None),
        most_draws=max((extent.draws for extent in model_extents(files).values()), default=1),
        per_answer=max((each.per_answer for each in facts), default=1),
    )


def write_study(
    folder: Path,
    facts: DrawFacts,
    source: str,
    *,
    target: object,
    kind: Kind = Kind.MEASURED,
    requests: BatchRequests | None = None,
) -> None:
    """Describe a study as far as its draws allow; a description that is there stays.

    Raises:
        UsageError: If the target does not fit the number of outcomes.
    """
    if (folder / "study.toml").exists():
        return
    study = _study(folder.name, facts, source, target=target, kind=kind)
    if requests is not None:
        study = requests.described(study)
    with replacing(folder / "study.toml") as file:
        file.write(dump_study(study).encode())


def check_target(target: object, n_outcomes: int) -> tuple[float, ...]:
    """The share of each outcome.

    Raises:
        UsageError: If the target does not fit the number of outcomes.
    """
    try:
        return shares_of(target, n_outcomes)
    except KeyFaultError as error:
        raise UsageError(f"--target: {error}") from error


def _study(study_id: str, facts: DrawFacts, source: str, *, target: object, kind: Kind) -> Study:
    outcomes = _outcomes(facts.labels)
    turned = len([order for order in facts.orders if order >= 0]) > 1
    several: OrderMode = "both" if len(outcomes) == 2 else "rotated"
    return Study(
        id=study_id,
        title=study_id.replace("-", " ").capitalize(),
        kind=kind,
        summary=f"{'Counts' if kind is Kind.PUBLISHED else 'Draws'} of others, imported from {source}.",
        source=source,
        started=facts.first_asked[:10] if facts.first_asked else None,
        prompt=Prompt(
            template=UNKNOWN_PROMPT,
            shares=check_target(target, len(outcomes)),
            labels="fixed" if len(facts.labels) <= 1 or len(outcomes) > MOST_RANDOM else "random",
            outcomes=outcomes,
            orders=several if turned else "one",
            form=_form(outcomes),
        ),
        sampling=Sampling(draws=facts.most_draws, per_answer=min(facts.per_answer, MOST_PER_ANSWER)),
        models=ModelChoice(),
        budget=Budget(),
    )


def _outcomes(labels: Collection[Labels]) -> Labels:
    """The labels of a study: those of its draws where there is one choice of them, else numbers."""
    n_outcomes = max(map(len, labels), default=2)
    only = next(iter(labels)) if len(labels) == 1 else ()
    folded = {label.strip().casefold() for label in only}
    return (
        only
        if only and "" not in folded and len(folded) == n_outcomes
        else tuple(map(str, range(n_outcomes)))
    )


def _form(outcomes: Labels) -> OutcomeForm:
    if len(outcomes) == 2:
        return "pair"
    first = re.fullmatch(r"-?\d{1,18}", outcomes[0], re.ASCII)
    whole = first and outcomes == tuple(str(int(first[0]) + n) for n in range(len(outcomes)))
    return "range" if whole else "list"
