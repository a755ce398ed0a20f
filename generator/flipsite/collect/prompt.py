"""Prompts: which labels each draw is asked with, and in which order.

Question `d` of a model depends on the prompt, the model, the seed and `d` alone: asking for more draws
later changes no earlier question.
"""

import hashlib
import re
from dataclasses import dataclass

from flipsite.domain.study import Prompt


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """One draw as it is asked, or another question that is asked, paid and kept in the same way.

    Attributes:
        draw: Index within the model, from 0.
        labels: The labels of outcome 0 and outcome 1. Of a question that is no flip, the two texts it is
            known by: what it is about, and its wording.
        order: Index of the label that is named first.
        text: The whole prompt.
    """

    draw: int
    labels: tuple[str, str]
    order: int
    text: str


def pairs(prompt: Prompt, *, n_draws: int, model: str, seed: int) -> tuple[Question, ...]:
    """The questions of one model.

    Draws 2k and 2k+1 are a pair: they share their labels, and with `orders = "both"` each label is named
    first in one of them. Which order of the pair comes first is drawn by the seed, so that an odd number of
    draws, whose last pair is half asked, favours neither order over many models.

    Args:
        prompt: The study's.
        n_draws: How many questions, at least 0.
        model: The model's name; models get different labels.
        seed: Any whole number; the same seed gives the same questions on every machine and version.
    """
    return tuple(_question(prompt, draw, model=model, seed=seed) for draw in range(n_draws))


_CONSONANTS = "bdfgklmnprstvz"
_VOWELS = "aeiou"
_SYLLABLES = tuple(consonant + vowel for consonant in _CONSONANTS for vowel in _VOWELS)
_N_SYLLABLES = 3
_RUDE = re.compile(
    "anal|anus|bimbo|bitu|boner|bolo|butu|dago|dild|dumas|fag|feca|foda|fuk|gook|kaf[ie]r|kaka|kike|koon|kuk|kul|"
    "lolita|mor[io]n|nazi|neg[aeiou]r|nig|paki|pede|pedo|penis|pinoko|pipi|pis|poof|pup[ou]|puta|rape|rapi|"
    "sadis|semen|sida|sodo|titi|tits|tran[in]|vagin|zipo"
)
"""Letters that are an insult, or near one, somewhere; dropping them costs nothing."""


def _question(prompt: Prompt, draw: int, *, model: str, seed: int) -> Question:
    pair, place = divmod(draw, 2)
    labels = prompt.pair
    if prompt.labels == "random":
        labels = _fresh_labels(prompt.template, model=model, seed=seed, pair=pair)
    order = 0
    if prompt.orders == "both":
        order = (_number(seed, model, pair, "order") + place) % 2
    text = prompt.text(labels[order], labels[1 - order])
    return Question(draw=draw, labels=labels, order=order, text=text)


def _fresh_labels(template: str, *, model: str, seed: int, pair: int) -> tuple[str, str]:
    """Two words of three syllables that begin with different letters and stand nowhere in the prompt."""
    taken = template.casefold()
    zero = one = ""
    attempt = 0
    while not (_fit(zero, taken) and _fit(one, taken) and zero[0] != one[0]):
        number = _number(seed, model, pair, f"labels {attempt}")
        syllables = []
        for _ in range(2 * _N_SYLLABLES):
            number, index = divmod(number, len(_SYLLABLES))
            syllables.append(_SYLLABLES[index])
        zero, one = "".join(syllables[:_N_SYLLABLES]), "".join(syllables[_N_SYLLABLES:])
        attempt += 1
    return zero, one


def _fit(word: str, taken: str) -> bool:
    return bool(word) and word not in taken and not _RUDE.search(word)


def _number(seed: int, model: str, pair: int, purpose: str) -> int:
    """A number of 256 bits from its arguments; Python's own generators may change between versions."""
    key = f"flipsite prompt 1\n{seed}\n{model}\n{pair}\n{purpose}"
    return int.from_bytes(hashlib.sha256(key.encode()).digest(), "big")
