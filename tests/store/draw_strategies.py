"""Any draws at all, and whether two sets of them are the same."""

from dataclasses import fields, replace
from typing import Any

import numpy as np
from hypothesis import strategies as st

from flipsite.domain.draws import (
    STATUSES,
    Declined,
    Draw,
    Draws,
    Failed,
    LabelProbabilities,
    Outcome,
    OutcomeSequence,
    Rejected,
    Result,
    Status,
)

TEXT = st.text(st.characters(codec="utf-8"), max_size=12)
MODEL = st.one_of(
    st.sampled_from(["a/b", "a/b:free", "o/é", "=cmd/x"]),
    st.text(st.characters(codec="utf-8"), min_size=1, max_size=8),
)
COUNT = st.none() | st.integers(0, 2**53)
NUMBER = st.none() | st.floats(0, allow_nan=False, allow_infinity=False)
SHARE = st.floats(0, 1).map(lambda share: round(share, 6))
PROBABILITIES = st.builds(LabelProbabilities, p=st.tuples(st.none() | SHARE, st.none() | SHARE), cover=SHARE)
REJECTIONS = [status for status in STATUSES if status not in (Status.VALID, Status.ERROR)]


@st.composite
def results(draw: st.DrawFn) -> Result:
    """An outcome, an answer without one, or no answer."""
    kind = draw(st.sampled_from([Outcome, Rejected, Failed]))
    if kind is Outcome:
        return Outcome(index=draw(st.integers(0, 1)))
    return (
        Failed(reason="x")
        if kind is Failed
        else Rejected(status=draw(st.sampled_from(REJECTIONS)), reason="x")
    )


@st.composite
def single_draws(
    draw: st.DrawFn,
    text: st.SearchStrategy[str] = TEXT,
    model: st.SearchStrategy[str] = MODEL,
    moment: st.SearchStrategy[str | None] | None = None,
) -> Draw:
    """One draw with anything a file or an endpoint may say in it."""
    maybe = st.none() | text
    return Draw(
        model=draw(model),
        draw=draw(st.integers(0, 2**62)),
        labels=(draw(text), draw(text)),
        order=draw(st.integers(0, 1)),
        result=draw(results()),
        response=draw(maybe),
        finish_reason=draw(maybe),
        provider=draw(maybe),
        mode=draw(maybe),
        probabilities=draw(st.none() | PROBABILITIES),
        prompt_tokens=draw(COUNT),
        completion_tokens=draw(COUNT),
        reasoning_tokens=draw(COUNT),
        cost_usd=draw(NUMBER),
        latency_s=draw(NUMBER),
        asked_at=draw(maybe if moment is None else moment),
    )


def many_draws(**options: st.SearchStrategy[Any]) -> st.SearchStrategy[list[Draw]]:
    """Draws of several models, none of them twice."""
    return st.lists(single_draws(**options), max_size=12, unique_by=lambda row: (row.model, row.draw))


def same(one: Draws, other: Draws) -> bool:
    """True if both hold the same rows, with missing equal to missing."""
    for field in fields(Draws):
        a, b = getattr(one, field.name), getattr(other, field.name)
        if isinstance(a, np.ndarray):
            assert a.dtype == b.dtype, field.name
            if not np.array_equal(a, b, equal_nan=a.dtype.kind == "f"):
                return False
        elif (a is None) != (b is None) or list(a or ()) != list(b or ()):
            return False
    return True


@st.composite
def any_draws(draw: st.DrawFn, /, **options: st.SearchStrategy[Any]) -> list[Draw]:
    """Draws of one study of 2 to 300 outcomes, at least one, each answer one draw or a row of them.

    Labels are the same in all draws or chosen for each; draws may have proposals, some declined, and, of one
    choice of labels, the probability of each.
    """
    text = options.get("text", TEXT)
    words = st.lists(text, min_size=2, max_size=5, unique=True).map(tuple)
    numbers = st.integers(6, 300).map(lambda n: tuple(map(str, range(1, n + 1))))
    labels = draw(words | numbers)
    is_random = draw(st.booleans())
    others = st.lists(text, min_size=len(labels), max_size=len(labels), unique=True).map(tuple)
    index = st.integers(0, len(labels) - 1)
    valid: st.SearchStrategy[Result] = st.builds(Outcome, index=index)
    has_rows = draw(st.booleans())
    has_proposals = len(labels) == 2 and not has_rows and draw(st.booleans())
    if has_rows:
        row = st.lists(index, min_size=2, max_size=6).map(tuple)
        valid = st.builds(OutcomeSequence, indices=row)
    elif has_proposals:
        valid |= st.just(Declined())
    p = st.tuples(*(st.none() | SHARE for _ in labels))
    probabilities = st.none() | st.builds(LabelProbabilities, p=p, cover=SHARE)
    rows = draw(many_draws(**options).filter(bool))
    return [
        replace(
            row,
            labels=draw(others) if is_random and len(labels) < 6 else labels,
            order=draw(index),
            result=draw(valid) if isinstance(row.result, Outcome) else row.result,
            proposed=draw(st.integers(0, 1)) if has_proposals else None,
            served_model=draw(st.none() | text),
            seed_text=draw(st.none() | text),
            probabilities=draw(probabilities) if len(labels) < 6 else None,
        )
        for row in rows
    ]
