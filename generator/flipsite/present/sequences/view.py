"""Answers of one model for its page: strips beside chance, shares at each place, commonest answers."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from math import sqrt

import numpy as np

from flipsite.analyse.sequences.estimates import SequenceEstimate
from flipsite.analyse.sequences.statistics import Answers
from flipsite.domain.study import Prompt
from flipsite.present.sequences.words import PATTERNS, rows_finding

MOST_ROWS = 50
"""Answers in a strip."""

MOST_PLACES = 100
"""Draws of an answer in a strip and in the profile of its places."""

MOST_SHADES = 6
"""Shades of a strip; more outcomes share them in the order of the study."""

_LISTED = 5
_LONGEST = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerStrip:
    """Answers as rows of marks, a unit wide and high each.

    Attributes:
        width: Draws in a row.
        height: Rows.
        shades: Opacity and path of each shade that occurs; outcome 0 is left blank.
    """

    width: int
    height: int
    shades: tuple[tuple[float, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class PlaceProfile:
    """The share of one outcome at each place, on a scale from 0 (below) to 100.

    Attributes:
        label: The outcome.
        width: Of the picture, ten units a place.
        dots: Path of the shares.
        band_top: Upper edge of the band in which 95 of 100 independent answers stay.
        band_height: Height of the band.
        goal: Height of the target.
    """

    label: str
    width: int
    dots: str
    band_top: float
    band_height: float
    goal: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Script:
    """A whole answer that came more than once."""

    text: str
    count: int
    share: float


@dataclass(frozen=True, slots=True, kw_only=True)
class SequencesView:
    """The answers of a model, for its page.

    Attributes:
        found: What they say.
        finding: The same in words.
        patterns: Name and meaning of each pattern that was found.
        own: The first answers; None without a valid one.
        chance: As many answers of independent draws.
        profile: The places; None without a valid answer.
        scripts: The commonest answers; none where none came twice.
    """

    found: SequenceEstimate
    finding: str
    patterns: tuple[tuple[str, str], ...]
    own: AnswerStrip | None
    chance: AnswerStrip | None
    profile: PlaceProfile | None
    scripts: tuple[Script, ...]


def sequences_view(prompt: Prompt, found: SequenceEstimate, answers: Answers) -> SequencesView:
    """Prepare what a model's page shows of its answers, which have shape (m, L)."""
    rows = min(len(answers), MOST_ROWS)
    return SequencesView(
        found=found,
        finding=rows_finding(found),
        patterns=tuple(PATTERNS[pattern] for pattern in found.patterns),
        own=answer_strip(answers[:rows], prompt.n_outcomes) if rows else None,
        chance=chance_strip(rows, found.per_answer, prompt.shares) if rows else None,
        profile=_profile(prompt, found) if rows else None,
        scripts=_scripts(prompt, found),
    )


def answer_strip(answers: Answers, n_outcomes: int) -> AnswerStrip:
    """Draw answers as rows: the higher an outcome's index, the darker its mark."""
    shown = answers[:, :MOST_PLACES]
    n_shades = min(n_outcomes, MOST_SHADES)
    shade = shown * n_shades // n_outcomes
    paths: dict[int, list[str]] = {}
    for row, marks in enumerate(shade.tolist()):
        start = 0
        for place in range(1, len(marks) + 1):
            if place == len(marks) or marks[place] != marks[start]:
                if marks[start]:
                    paths.setdefault(marks[start], []).append(f"M{start} {row}.5h{place - start}")
                start = place
    shades = tuple((round(each / (n_shades - 1), 2), "".join(paths[each])) for each in sorted(paths))
    return AnswerStrip(width=shown.shape[1], height=len(shown), shades=shades)


@lru_cache(maxsize=256)
def chance_strip(rows: int, per_answer: int, shares: tuple[float, ...]) -> AnswerStrip:
    """A strip of answers of independent draws, for comparison; every page shows the same ones."""
    rng, edges = np.random.default_rng(0), np.cumsum(shares)[:-1]
    drawn = np.searchsorted(edges, rng.random((rows, min(per_answer, MOST_PLACES))), side="right")
    return answer_strip(drawn, len(shares))


def _profile(prompt: Prompt, found: SequenceEstimate) -> PlaceProfile:
    """Outcome 1 of two; of more, the one drawn most often."""
    places = np.array(found.places[:MOST_PLACES])
    outcome = 1 if prompt.n_outcomes == 2 else int(places.mean(axis=0).argmax())
    goal = prompt.shares[outcome]
    reach = 1.96 * sqrt(goal * (1 - goal) / found.valid)
    low, high = max(0.0, goal - reach), min(1.0, goal + reach)
    heights = [round(100 * (1 - share), 1) for share in places[:, outcome].tolist()]
    return PlaceProfile(
        label=prompt.outcomes[outcome] if prompt.labels == "fixed" else f"label {outcome + 1}",
        width=10 * len(heights),
        dots="".join(f"M{10 * place + 5} {height:g}h0" for place, height in enumerate(heights)),
        band_top=round(100 * (1 - high), 1),
        band_height=round(100 * (high - low), 1),
        goal=round(100 * (1 - goal), 1),
    )


def _scripts(prompt: Prompt, found: SequenceEstimate) -> tuple[Script, ...]:
    return tuple(
        Script(text=_text(prompt, indices), count=count, share=count / found.valid)
        for indices, count in found.scripts[:_LISTED]
        if count > 1
    )


def _text(prompt: Prompt, indices: Sequence[int]) -> str:
    """An answer as the model may have written it, its end cut where it is long."""
    short = all(len(label) == 1 for label in prompt.outcomes)
    names = [prompt.outcomes[index] if prompt.labels == "fixed" else str(index + 1) for index in indices]
    text = (" " if short else ", ").join(names)
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"
