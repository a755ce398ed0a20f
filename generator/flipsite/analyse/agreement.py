"""What several answers to one question come to: a value as sure as they agree, or a doubt with its reason.

Nobody is outvoted silently: an answer that says otherwise takes as much confidence away as one that agrees
adds, and what it says stands in the note.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from flipsite.domain.catalogue import Claim
from flipsite.domain.features import FEATURES
from flipsite.domain.study import Feature

SUREST: Final = 0.9
"""Confidence in what every answer says: a model that repeats itself may still be wrong."""

ALIKE: Final = 0.05
"""Numbers whose larger one exceeds the smaller by no more than this share say the same: 8 and 8.03."""


def agreed_features(
    model: str, answers: Sequence[Mapping[str, Claim]], *, classifier: str, askings: int
) -> tuple[Feature, ...]:
    """What a classifier's answers about one model come to.

    With a answers that state the commonest value, c that state another one, and n askings, the confidence is
    0.9 (a − c)/n. Answers that say `unknown`, cannot be read or have not come count among the n alone. Where
    a ≤ c the feature is unknown, and its note says why.

    Args:
        model: The one asked about.
        answers: One a model's asking that was answered, in the order of asking.
        classifier: Who answered, for the note.
        askings: How often it was to be asked.

    Returns:
        One feature each, where an answer states a value of it; without a value where they do not agree.
    """
    features = dict.fromkeys(feature for answer in answers for feature in answer)
    found = []
    for feature in features:
        claims = [answer[feature] for answer in answers if feature in answer]
        if any(claim.value for claim in claims):
            found.append(_agreed(model, feature, claims, classifier=classifier, askings=askings))
    return tuple(found)


def _agreed(model: str, feature: str, claims: Sequence[Claim], *, classifier: str, askings: int) -> Feature:
    groups = sorted(_groups(feature, claims), key=len, reverse=True)
    first, *others = groups
    net = len(first) - sum(map(len, others))
    unsaid = Counter("unknown" if claim.value == "" else "unreadable" for claim in claims if not claim.value)
    said = [f"{group[0].value} {_times(len(group))}" for group in groups]
    rest = [f"{word} {_times(n)}" for word, n in sorted(unsaid.items())]
    if net <= 0:
        note = f"{classifier} does not agree with itself: {', '.join(said + rest)}"
        return Feature(model=model, feature=feature, value="", source="classifier", note=note)
    but = f", but {', '.join(said[1:] + rest)}" if len(first) < len(claims) else ""
    source = next((f" (source: {claim.source})" for claim in first if claim.source), "")
    return Feature(
        model=model,
        feature=feature,
        value=_told(feature, first),
        source="classifier",
        confidence=round(SUREST * net / askings, 3),
        note=f"{classifier}, {len(first)} of {askings}{but}{source}",
    )


def _groups(feature: str, claims: Sequence[Claim]) -> Iterator[list[Claim]]:
    """The claims that state a value, those together that state the same one."""
    stated = [claim for claim in claims if claim.value]
    if FEATURES[feature].kind == "number":
        yield from _near(sorted(stated, key=_number))
        return
    by_value: dict[str, list[Claim]] = {}
    for claim in stated:
        by_value.setdefault(_key(claim), []).append(claim)
    yield from by_value.values()


def _near(stated: Sequence[Claim]) -> Iterator[list[Claim]]:
    """Runs of numbers, smallest first, each as near as ALIKE to the first of its run."""
    group: list[Claim] = []
    for claim in stated:
        if group and _number(claim) > _number(group[0]) * (1 + ALIKE):
            yield group
            group = []
        group.append(claim)
    if group:
        yield group


def _told(feature: str, group: Sequence[Claim]) -> str:
    """What a group says, as one of it said: of numbers the one in the middle, else the first."""
    middle = (len(group) - 1) // 2 if FEATURES[feature].kind == "number" else 0
    return str(group[middle].value)


def _number(claim: Claim) -> float:
    return float(claim.value or 0)


def _key(claim: Claim) -> str:
    """A text without what two spellings of one name differ in: `Llama 3.1`, `llama-3.1`."""
    return "".join(sign for sign in (claim.value or "").casefold() if sign.isalnum() or sign == ".")


def _times(n: int) -> str:
    return {1: "once", 2: "twice"}.get(n, f"{n} times")
