"""Prompts: which labels each draw is asked with, and in which order.

Question `d` of a model depends on the prompt, the model, the seed and `d` alone: asking for more draws
later changes no earlier question.
"""

import hashlib
import re
from dataclasses import dataclass

from flipsite.domain.method import proposal, rejection_prompt, seed_prompt
from flipsite.domain.study import Method, Prompt

DIRECT = Method()


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """One draw as it is asked, or another question that is asked, paid and kept in the same way.

    Attributes:
        draw: Index within the model, from 0.
        labels: The labels of outcomes 0 … k − 1. Of a question that is no draw, the two texts it is known
            by: what it is about, and its wording.
        order: Index of the label that is named first.
        text: The whole prompt.
    """

    draw: int
    labels: tuple[str, ...]
    order: int
    text: str


def questions(
    prompt: Prompt,
    *,
    n_draws: int,
    model: str,
    seed: int,
    per_answer: int = 1,
    method: Method = DIRECT,
) -> tuple[Question, ...]:
    """The questions of one model.

    Of k outcomes, draws ik … ik + k − 1 are a block: they share their labels, and in turned orders (`both`,
    `rotated`) each label is named first in one of them, a cyclic Latin square. Which comes first is drawn by
    the seed, so that a block which is asked in part favours no order over many models.

    Args:
        prompt: The study's.
        n_draws: How many questions, at least 0.
        model: The model's name; models get different labels.
        seed: Any whole number; the same seed gives the same questions on every machine and version.
        per_answer: Draws in one answer.
        method: How a draw is asked for.
    """
    return tuple(
        question(prompt, draw, model=model, seed=seed, per_answer=per_answer, method=method)
        for draw in range(n_draws)
    )


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


def question(
    prompt: Prompt, draw: int, *, model: str, seed: int, per_answer: int = 1, method: Method = DIRECT
) -> Question:
    """The question of one draw; see `questions`."""
    block, place = divmod(draw, len(prompt.outcomes))
    labels = prompt.outcomes
    if prompt.labels == "random":
        labels = _fresh_labels(prompt.template, len(labels), model=model, seed=seed, block=block)
    order = 0
    if prompt.orders != "one":
        order = (_number(seed, model, block, "order") + place) % len(labels)
    if method.kind == "seed":
        text = seed_prompt(prompt, labels, order)
    elif method.kind == "rejection":
        proposed = proposal(model, draw, method.proposal)
        text = rejection_prompt(prompt, labels, order, proposed=proposed, share=method.proposal)
    else:
        text = prompt.text(labels, order=order, count=per_answer)
    return Question(draw=draw, labels=labels, order=order, text=text)


def _fresh_labels(template: str, n_labels: int, *, model: str, seed: int, block: int) -> tuple[str, ...]:
    """Words of three syllables that begin with different letters and are nowhere in the prompt."""
    taken = template.casefold()
    attempt = 0
    while True:
        number = _number(seed, model, block, f"labels {attempt}")
        words = _pair_of_words(number) if n_labels == 2 else _words(number, n_labels)
        if all(_fit(word, taken) for word in words) and len({word[0] for word in words}) == n_labels:
            return words
        attempt += 1


def _pair_of_words(number: int) -> tuple[str, ...]:
    syllables = []
    for _ in range(2 * _N_SYLLABLES):
        number, index = divmod(number, len(_SYLLABLES))
        syllables.append(_SYLLABLES[index])
    return "".join(syllables[:_N_SYLLABLES]), "".join(syllables[_N_SYLLABLES:])


def _words(number: int, n_words: int) -> tuple[str, ...]:
    """Words whose first letters are all different: of a dozen at random, hardly any are."""
    firsts, words = list(_CONSONANTS), []
    for _ in range(n_words):
        number, first = divmod(number, len(firsts))
        number, vowel = divmod(number, len(_VOWELS))
        word = firsts.pop(first) + _VOWELS[vowel]
        for _ in range(_N_SYLLABLES - 1):
            number, index = divmod(number, len(_SYLLABLES))
            word += _SYLLABLES[index]
        words.append(word)
    return tuple(words)


def _fit(word: str, taken: str) -> bool:
    return bool(word) and word not in taken and not _RUDE.search(word)


def _number(seed: int, model: str, block: int, purpose: str) -> int:
    """A number of 256 bits from its arguments; Python's own generators may change between versions."""
    key = f"flipsite prompt 1\n{seed}\n{model}\n{block}\n{purpose}"
    return int.from_bytes(hashlib.sha256(key.encode()).digest(), "big")
