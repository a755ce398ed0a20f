"""A model's commonest answers, in its own words."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from flipsite.domain.draws import STATUSES, Draws

LISTED = 5
"""Wordings in the table."""

LETTERS = 300
"""Of a wording that are shown."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wording:
    """One wording of an answer.

    Attributes:
        text: Its beginning, all white space being one blank.
        n_cut: Letters that are left out.
        count: Answers that read so, whatever their white space.
        share: Of all answers that came.
        read_as: How its draws were read: labels of outcomes and statuses, the commonest first.
    """

    text: str
    n_cut: int
    count: int
    share: float
    read_as: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Commonest:
    """The commonest wordings of a model's answers.

    Attributes:
        n_answers: Answers that came.
        n_different: Different wordings among them.
        wordings: The commonest of those that came more than once; the first answer where none did.
    """

    n_answers: int
    n_different: int
    wordings: tuple[Wording, ...]

    @property
    def repeats(self) -> bool:
        """Whether any wording came more than once."""
        return self.n_different < self.n_answers


def commonest_answers(draws: Draws, rows: slice, *, names: Sequence[str] | None) -> Commonest | None:
    """The commonest wordings among the answers of the model whose rows these are; None where none came.

    Args:
        draws: Of the study.
        rows: The model's.
        names: The labels of the outcomes; None where they change from draw to draw.
    """
    codes, sides = draws.status[rows].tolist(), draws.outcome[rows].tolist()
    read: dict[str, Counter[str]] = {}
    alike = Counter(zip(draws.response[rows], codes, sides, strict=True))
    for (text, code, side), n in alike.items():
        if text is not None and (said := " ".join(text.split())):
            name = STATUSES[code].value if side < 0 or names is None else names[side]
            read.setdefault(said, Counter())[name] += n
    if not read:
        return None
    n_answers = sum(each.total() for each in read.values())
    often = sorted(read.items(), key=lambda item: -item[1].total())[:LISTED]
    shown = [item for item in often if item[1].total() > 1] or often[:1]
    return Commonest(
        n_answers=n_answers,
        n_different=len(read),
        wordings=tuple(_wording(text, each, n_answers) for text, each in shown),
    )


def _wording(text: str, read_as: Counter[str], n_answers: int) -> Wording:
    return Wording(
        text=text[:LETTERS],
        n_cut=max(0, len(text) - LETTERS),
        count=read_as.total(),
        share=read_as.total() / n_answers,
        read_as=tuple(name for name, _ in read_as.most_common(3)),
    )
