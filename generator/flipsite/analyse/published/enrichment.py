"""The article's claim, tested: is one kind of model found among the least biased, not the most biased?

The tables hold the extremes of some 240 models. The test asks whether a kind is at one end rather than
the other, among models at either. Nothing is known of the kind's models in between, and naming the
kind after a look at the tables makes the p-value smaller than it should be.

Models of one author are not independent, so that a second test permutes authors.
"""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from math import comb

import numpy as np

from flipsite.analyse.contingency import TwoByTwo, fisher_exact, newcombe
from flipsite.domain.estimates import Estimate, Printed
from flipsite.domain.study import Feature
from flipsite.domain.urls import author_of

MOST_SUBSETS = 20_000
"""Sets of authors, all enumerated up to this number; of more, this number is drawn at random."""

KINDS = (
    ("roleplay", "tuning", "roleplay"),
    ("coding", "tuning", "coding"),
    ("reasoning", "reasoning", "yes"),
)
"""The subject of a claim: its name, and the feature and value that mark its models."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Enrichment:
    """A kind of model against the rest, at the two ends of a ranking.

    Attributes:
        kind: The kind's name, such as `roleplay`.
        table: First group: the kind; second: the rest, those of unknown kind among them. Ones: the least
            biased.
        difference: Share of the least biased among the kind, less that among the rest; in [−1, 1].
        low: Low end of its 95 % interval (Newcombe).
        high: High end of the same.
        p_value: Fisher's exact two-sided test, every model for itself.
        n_authors: Authors of the kind's models.
        p_authors: Permutation test of whole authors: the share of sets of as many authors, out of all at the
            two ends, whose models are divided at least as unevenly as the kind's.
        n_unknown: Models of unknown kind, counted with the rest.
        p_lowest: The smallest p-value that some reading of the unknown would give.
        p_highest: The largest: where this is above 0.05 and the other below, the finding hangs on the
            unknown.
    """

    kind: str
    table: TwoByTwo
    difference: float
    low: float
    high: float
    p_value: float
    n_authors: int
    p_authors: float
    n_unknown: int
    p_lowest: float
    p_highest: float


def study_claims(
    estimates: Sequence[Estimate],
    features: Mapping[str, Sequence[Feature]],
    *,
    printed: Printed | None = None,
    top: int = 20,
) -> tuple[Enrichment, ...]:
    """Test of each kind whether it is at one end of a study rather than the other.

    Args:
        estimates: The study's models.
        features: What is known of each.
        printed: Its printed figures; their two tables are the ends then.
        top: Models at either end of a study with draws.

    Returns:
        One claim a kind that can be compared; none without features, nor where the ends would meet.
    """
    if printed:
        least = [row.model for row in printed.rows if row.table == "least"]
        most = [row.model for row in printed.rows if row.table == "most"]
    else:
        ranked = sorted((e.bias, e.model) for e in estimates if e.bias is not None)
        if len(ranked) < 2 * top:
            return ()
        least, most = ([model for _, model in end] for end in (ranked[:top], ranked[-top:]))
    said = {(row.model, row.feature): row.value for rows in features.values() for row in rows}
    without = {"least": least, "most": most}.get((printed and printed.roleplay_none_in) or "", [])
    tested = (
        claim(
            kind,
            {model: _marked(said.get((model, feature)), value, kind) for model in (*least, *most)},
            least=least,
            most=most,
            ruled_out=without if kind == "roleplay" else (),
        )
        for kind, feature, value in KINDS
    )
    return tuple(each for each in tested if each)


def claim(
    kind: str,
    values: Mapping[str, str | None],
    *,
    least: Collection[str],
    most: Collection[str],
    ruled_out: Collection[str] = (),
) -> Enrichment | None:
    """Test whether a kind of model is among the least biased rather than the most biased.

    Args:
        kind: The value that marks the kind.
        values: Each model's value; None, an empty text or no entry is unknown.
        least: The least biased models.
        most: The most biased models.
        ruled_out: Models of unknown value that are known not to be of this kind: the article says that no
            role-playing model is among the most biased, and no more of what these are.

    Returns:
        None where no model, or every model, is of the kind: there is nothing to compare.
    """
    known = dict.fromkeys(ruled_out, f"not {kind}") | {
        model: value for model, value in values.items() if value
    }
    of_least, unknown_least = _counts(kind, known, least)
    of_most, unknown_most = _counts(kind, known, most)
    n_kind, n_models = of_least + of_most, len(least) + len(most)
    if n_kind in {0, n_models}:
        return None
    table = _table(of_least, of_most, n_least=len(least), n_most=len(most))
    readings = [
        fisher_exact(_table(of_least + i, of_most + j, n_least=len(least), n_most=len(most)))
        for i in range(unknown_least + 1)
        for j in range(unknown_most + 1)
    ]
    difference, low, high = newcombe(table)
    n_authors, p_authors = permute_authors(
        least, most, of_kind=[model for model in (*least, *most) if known.get(model) == kind]
    )
    return Enrichment(
        kind=kind,
        table=table,
        difference=difference,
        low=low,
        high=high,
        p_value=fisher_exact(table),
        n_authors=n_authors,
        p_authors=p_authors,
        n_unknown=unknown_least + unknown_most,
        p_lowest=min(readings),
        p_highest=max(readings),
    )


def permute_authors(
    least: Collection[str], most: Collection[str], *, of_kind: Collection[str], seed: int = 0
) -> tuple[int, float]:
    """Permutation test that the authors of a kind are like any others.

    The statistic is the distance of the share of the least biased among a set of models from that among all.
    The kind's own models are compared with all models of each set of as many authors.

    Returns:
        The number of authors, and the share of sets at least as uneven; 1 where there is one set.
    """
    n_least, n_all = Counter(map(author_of, least)), Counter(map(author_of, (*least, *most)))
    authors = sorted(n_all)
    counts = np.array([(n_least[author], n_all[author]) for author in authors])
    overall = len(least) / (len(least) + len(most))
    n_chosen = len(set(map(author_of, of_kind)))
    seen = abs(sum(model in least for model in of_kind) / len(of_kind) - overall)
    n_sets = comb(len(authors), n_chosen)
    if n_sets <= MOST_SUBSETS:
        sets = np.array(list(combinations(range(len(authors)), n_chosen)))
    else:
        order = np.random.default_rng(seed).random((MOST_SUBSETS, len(authors))).argsort(axis=1)
        sets = order[:, :n_chosen]
    totals = counts[sets].sum(axis=1)
    as_uneven = abs(totals[:, 0] / totals[:, 1] - overall) >= seen - 1e-9
    if n_sets <= MOST_SUBSETS:
        return n_chosen, float(as_uneven.mean())
    return n_chosen, float((as_uneven.sum() + 1) / (MOST_SUBSETS + 1))


def _marked(found: str | None, value: str, kind: str) -> str | None:
    """A feature's value as the kind's name, as not that kind, or as unknown."""
    return (kind if found == value else f"not {kind}") if found else None


def _counts(kind: str, values: Mapping[str, str], models: Collection[str]) -> tuple[int, int]:
    """How many of these models are of the kind, and of how many the kind is unknown."""
    found: Sequence[str | None] = [values.get(model) for model in models]
    return found.count(kind), found.count(None)


def _table(of_least: int, of_most: int, *, n_least: int, n_most: int) -> TwoByTwo:
    n_kind = of_least + of_most
    return TwoByTwo(ones_a=of_least, n_a=n_kind, ones_b=n_least - of_least, n_b=n_least + n_most - n_kind)
