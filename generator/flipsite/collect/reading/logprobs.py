"""Log-probabilities: an answer's tokens → the probability of each label at the place where one was drawn.

A pure function of hostile data. The label's place is the first one that decides the reading: put another
label there, and the reader reads another answer. So prose, reasoning and echoes before it are passed over,
and what counts is the probability given all that was said before.
"""

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

from flipsite.collect.reading.answer import read_answer
from flipsite.collect.reading.body import Json
from flipsite.domain.draws import LabelProbabilities, Outcome, Result
from flipsite.domain.normalize import normalize

MOST_TOKENS = 20_000
"""A longer list is not read."""

MOST_PLACES = 64
"""Places of the label that are tried."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """A sampled token, and what could have stood in its place.

    Attributes:
        text: Its bytes: some tokens are part of a character.
        alternatives: Tokens and their probabilities, the sampled one among them.
    """

    text: bytes
    alternatives: tuple[tuple[bytes, float], ...]


def label_probabilities(
    logprobs: Json, *, labels: Sequence[str], result: Result, mode: str
) -> LabelProbabilities | None:
    """Read the probability of each label from an answer's log-probabilities.

    Spellings of a label are summed: leading blanks, quotes, case. A label of several tokens has the product
    of their probabilities, up to the first at which it differs from the other labels.

    Args:
        logprobs: Of a completion's choice, as it came: in the form of chat completions (OpenRouter, vLLM,
            llama.cpp, Ollama), a bare list of such tokens, or the form of older completions.
        labels: The labels of outcomes 0, 1, ….
        result: How the answer was read; only an outcome has a place.
        mode: `structured` where JSON was asked for.

    Returns:
        None where none came, or the drawn label is not found among the tokens.
    """
    if not isinstance(result, Outcome) or not logprobs:
        return None
    tokens = read_tokens(logprobs)
    start = _place(b"".join(token.text for token in tokens), labels, result.index, mode=mode)
    if start is None:
        return None
    folded = [_folded(label.strip().encode("utf-8", "replace")) for label in labels]
    masses = _masses(tokens, start, folded, drawn=result.index)
    cover = math.fsum(mass for mass in masses if mass is not None)
    if not 0 < cover <= 1 + _ROUNDING:
        return None
    p = tuple(None if mass is None else _six_digits(mass) for mass in masses)
    return LabelProbabilities(p=p, cover=min(1.0, _six_digits(cover)))


def read_tokens(logprobs: Json) -> tuple[Token, ...]:
    """The tokens of any known form; none where the form is unknown or a number is no log-probability."""
    listed = logprobs
    if isinstance(logprobs, dict):
        listed = logprobs.get("content")
        if not listed and isinstance(logprobs.get("tokens"), list):
            listed = _older(logprobs)
    if not isinstance(listed, list) or len(listed) > MOST_TOKENS:
        return ()
    tokens = [_token(entry) for entry in listed]
    return tuple(token for token in tokens if token) if all(tokens) else ()


_ROUNDING = 1e-3
"""By how much rounded probabilities may exceed 1 together."""


def _older(logprobs: Mapping[str, Any]) -> list[Json]:
    """The form of older completions, three lists side by side, as the tokens of chat completions."""
    names, own, top = (logprobs.get(key) for key in ("tokens", "token_logprobs", "top_logprobs"))
    if not isinstance(names, list) or not isinstance(own, list) or len(names) != len(own):
        return []
    tops = top if isinstance(top, list) and len(top) == len(names) else [None] * len(names)
    return [
        {
            "token": name,
            "logprob": logprob,
            "top_logprobs": [{"token": token, "logprob": value} for token, value in each.items()]
            if isinstance(each, dict)
            else [],
        }
        for name, logprob, each in zip(names, own, tops, strict=True)
    ]


def _token(entry: Json) -> Token | None:
    """A token with its alternatives; None where that is no distribution."""
    own = _weighed(entry)
    top = entry.get("top_logprobs") if isinstance(entry, dict) else None
    if own is None:
        return None
    alternatives = [_weighed(each) for each in (top if isinstance(top, list) else [])]
    found = [each for each in alternatives if each is not None]
    if not any(text == own[0] for text, _ in found):
        found.append(own)
    if math.fsum(p for _, p in found) > 1 + _ROUNDING:
        return None
    return Token(text=own[0], alternatives=tuple(found))


def _weighed(entry: Json) -> tuple[bytes, float] | None:
    """A token's bytes and its probability."""
    if not isinstance(entry, dict):
        return None
    logprob, token = entry.get("logprob"), entry.get("token")
    if logprob is None and isinstance(token, str):
        return _bytes(entry, token), 0.0  # how minus infinity is written in JSON
    if isinstance(logprob, bool) or not isinstance(logprob, int | float) or not isinstance(token, str):
        return None
    if math.isnan(logprob) or logprob > _ROUNDING:
        return None
    return _bytes(entry, token), math.exp(min(0.0, max(-1e4, logprob)))


def _bytes(entry: Mapping[str, Json], token: str) -> bytes:
    listed = entry.get("bytes")
    if isinstance(listed, list) and listed and all(type(b) is int and 0 <= b < 256 for b in listed):
        return bytes(b for b in listed if isinstance(b, int))
    plain = token.replace("▁", " ").replace("Ġ", " ").replace("Ċ", "\n")  # tokenizers' own blanks
    return plain.encode("utf-8", "replace")


def _place(raw: bytes, labels: Sequence[str], drawn: int, *, mode: str) -> int | None:
    """The byte at which the drawn label that decides the reading begins; None where there is none."""
    text = raw.decode("utf-8", "surrogateescape")
    if read_answer(text, labels=labels, mode=mode) != Outcome(index=drawn):
        return None
    other = labels[(drawn + 1) % len(labels)].strip()
    for start, end in islice(_occurrences(text, labels[drawn].strip()), MOST_PLACES):
        changed = f"{text[:start]}{other}{text[end:]}"
        if read_answer(changed, labels=labels, mode=mode) != Outcome(index=drawn):
            return len(text[:start].encode("utf-8", "surrogateescape"))
    return None


def _occurrences(text: str, label: str) -> Iterator[tuple[int, int]]:
    """The places of a label, those behind the word `output` or `outcome` first."""
    said = re.search(r"outp?(?:ut|come)", text, re.IGNORECASE)
    after = said.end() if said else 0
    pattern = re.compile(re.escape(label), re.IGNORECASE)
    yield from (found.span() for found in pattern.finditer(text, after))
    yield from (found.span() for found in pattern.finditer(text, 0, after))


_MARKS = b" \t\r\n\"'`*_~#<>()[]{}$\\|:"


def _folded(text: bytes) -> bytes:
    """Text in one spelling; part of a character stays as it is."""
    try:
        return normalize(text.decode()).encode()
    except UnicodeDecodeError:
        return text


def _masses(
    tokens: Sequence[Token], start: int, labels: Sequence[bytes], *, drawn: int
) -> list[float | None]:
    """The probability of each label from a byte of the tokens on; None where no alternative spells it.

    The walk follows the sampled tokens as long as what they spell begins more than one label.
    """
    masses: list[float | None] = [None] * len(labels)
    before, path, offset = b"", 1.0, 0  # what the label's tokens so far spell, and how probable they were
    for token in tokens:
        end = offset + len(token.text)
        if end <= start:
            offset = end
            continue
        lead = token.text[: max(0, start - offset)]
        own = _folded(token.text[len(lead) :])
        spelled = [(_spelled(before, lead, text), p) for text, p in token.alternatives]
        followed = _begun(before + own, labels)
        goes_on = len(followed) > 1
        for text, p in spelled:
            found = _label_of(text, labels, spelled, before=before)
            if text == before + own:  # what was sampled: the drawn label, unless the next token will tell
                found = None if goes_on else drawn
            if found is not None:
                masses[found] = (masses[found] or 0.0) + path * p
        if not goes_on:
            return masses
        path *= math.fsum(p for text, p in spelled if text == before + own)
        before, offset = before + own, end
    if before:  # the answer ends with the label
        masses[drawn] = (masses[drawn] or 0.0) + path
    return masses


def _spelled(before: bytes, lead: bytes, text: bytes) -> bytes:
    """The text of an alternative behind the label's first tokens, or in place of them all."""
    if before:
        return before + _folded(text)
    text = text[len(lead) :] if lead and text.startswith(lead) else text
    return _folded(text.lstrip(_MARKS))


def _begun(text: bytes, labels: Sequence[bytes]) -> list[int]:
    """The labels that a text spells or begins to spell."""
    return [index for index, label in enumerate(labels) if label.startswith(text)]


def _label_of(
    text: bytes, labels: Sequence[bytes], beside: Sequence[tuple[bytes, float]], *, before: bytes
) -> int | None:
    """The one label that an alternative spells, or begins to; None where it could still be several.

    Of the numbers 1 and 10, `1` counts as 1 where a longer number is beside it as one token: such
    tokenizers never split it.
    """
    for index, label in enumerate(labels):
        if text.startswith(label) and len(text) > len(label) and _ends(label, text[len(label) :]):
            return index
    begun = _begun(text, labels) if text else []
    if len(begun) > 1 and text in labels:
        ended = text == before  # by a mark that has no text
        whole = any(len(other) > len(text) and other in labels for other, _ in beside)
        return labels.index(text) if ended or whole else None
    return begun[0] if len(begun) == 1 else None


def _ends(label: bytes, rest: bytes) -> bool:
    """Whether a label ends where the rest begins."""
    if label[-1:].isdigit() and rest[:1] in (b".", b"%", b"/", b","):
        return False
    return not rest[:1].isalnum() and rest[0] < 0x80


def _six_digits(p: float) -> float:
    return float(f"{p:.6g}")
