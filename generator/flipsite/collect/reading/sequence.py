"""Answers that state several draws in a row → their outcomes, or the way in which they state none.

A pure function of hostile text. An answer counts only at the exact length: one of thirteen draws is no answer
of twelve, and nothing is cut off or filled up.
"""

import json
import re
from collections.abc import Sequence
from functools import lru_cache
from itertools import pairwise
from typing import Any

from flipsite.collect.reading.answer import OFF_LIST, SEVERAL, rejection
from flipsite.collect.reading.reasoning import without_reasoning
from flipsite.domain.draws import OutcomeSequence, Rejected, Status
from flipsite.domain.normalize import normalize


def read_sequence(
    response: str | None,
    *,
    labels: Sequence[str],
    count: int,
    finish_reason: str | None = None,
    refusal: str | None = None,
    mode: str = "text",
) -> OutcomeSequence | Rejected:
    """Read the draws an answer states, or the reason it states none.

    Draws may be separated by commas, blanks, lines, slashes, hyphens or the word `and`, be numbered from 1,
    quoted, in brackets or a JSON array; labels of one character each may be run together.

    Args:
        response: The answer's content as it came; None where the provider sent none.
        labels: The labels of outcomes 0, 1, …; any two differ in more than case.
        count: How many draws were asked for, at least 2.
        finish_reason: `length` for an answer cut by `max_tokens`, `content_filter` for one withheld.
        refusal: The refusal's own field, where the provider fills one.
        mode: `structured` where a JSON object `{"outcomes": [label, …]}` was asked for.

    Returns:
        The outcomes in their order, or a rejection that is `unparsed`, `refused`, `truncated` or `empty`.
    """
    text = without_reasoning(normalize(response or ""))
    spelling = _Spelling(tuple(normalize(label).strip() for label in labels))
    cut = finish_reason == "length"
    stated = _in_json(text, spelling, structured=mode == "structured")
    if stated is None:
        stated = _in_statements(text, spelling, cut=cut)
    if stated is None and not cut:
        stated = _alone(text, spelling)
    if isinstance(stated, str):
        return Rejected(status=Status.UNPARSED, reason=stated)
    if stated is not None and len(stated) == count:
        return OutcomeSequence(indices=stated)
    if stated and not cut:
        return Rejected(status=Status.UNPARSED, reason=f"states {len(stated):,} of {count:,}")
    return rejection(
        response,
        text,
        cut=cut,
        withheld=bool(refusal) or finish_reason == "content_filter",
        unread="no `Output:` states a list of the labels",
    )


_Stated = tuple[int, ...] | str | None
"""The outcomes that a text lists; why it lists none that count; or None where it is no list."""

_BETWEEN = (
    r"[\s,;/|·•→>*_`\"'“”„‘’«»()\[\]{}$\\<]|\band\b|&|-(?=\s)|(?<=[^\W_])-(?=[^\W_])|\.{2,3}$|[.。!](?=\s*$)"
)
_NUMBERED = re.compile(
    r"(?:^|(?<=[\s,;]))(?:(?:draw|flip|toss|roll|pick|sample|throw|trial|no\.?)\s?)?#?(\d{1,4})"
    r"\s?(?:[):=]|\.(?=[\s\"'*_`]|[^\W\d]))",
    re.MULTILINE,
)
_REMARK = re.compile(r"\([^()\n]{0,300}\)")
_LATEX = re.compile(r"\\(?:boxed|text|textbf|mathbf|mathrm|bf|quad)\b|\\[,;]")
_SENTENCE = re.compile(r"[.!。](?=\s)")
_FENCE = re.compile(r"^\s*```\w{0,12}\s*$", re.MULTILINE)
_PARAGRAPH = re.compile(r"\n\s*\n")
_STATEMENT = re.compile(
    r"(?<![^\W_])outputs?[ \t*_~\"'`)\]}>$\\]{0,12}(?:\([^()\n:]{0,60}\)[ \t*_~\"'`]{0,8})?[:∶꞉=]"
    r"|<outputs?>"
    r"|^[ \t>]{0,8}(?:#{1,6}[ \t]{0,4}\**|\*\*)outputs?\**[ \t]{0,8}$",
    re.MULTILINE,
)
_TAG = re.compile(r"</?[a-z_|]{1,20}>")


class _Spelling:
    """How a list of some labels may be spelled."""

    def __init__(self, sides: tuple[str, ...]) -> None:
        self.index = {side: index for index, side in enumerate(sides) if side}
        self._pattern = _pattern(sides)
        self._whole = all(side.isdecimal() for side in sides)

    def label(self, text: str) -> int | None:
        """The outcome that a text names, whole numbers in any spelling; None where it names none."""
        text = text.strip()
        if text in self.index:
            return self.index[text]
        number = re.fullmatch(r"0{0,9}(\d{1,9})(?:\.0{1,6})?", text) if self._whole else None
        return self.index.get(number[1]) if number else None

    def listed(self, text: str) -> _Stated:
        """The outcomes of a text that is a list and nothing else, without remarks and numbers of draws."""
        text = _without_numbers(_LATEX.sub(" ", _TAG.sub(" ", text)))
        found = self._steps(text)
        return found if isinstance(found, tuple) else self._steps(_REMARK.sub(" ", text))

    def _steps(self, text: str) -> _Stated:
        found: list[int] = []
        place = n_strange = 0
        while place < len(text):
            step = self._pattern.match(text, place)
            if step is None:
                return None
            if (run := step["run"]) is not None:
                found += [self.index[sign] for sign in run]
            elif (word := step["label"]) is not None:
                found.append(self.index[word])
            elif (word := step["other"]) is not None:
                named = self.label(word)
                n_strange += named is None
                found.append(-1 if named is None else named)
            place = step.end()
        if n_strange:
            return OFF_LIST if 2 * n_strange < len(found) else None
        return tuple(found) or None


@lru_cache(maxsize=256)
def _pattern(sides: tuple[str, ...]) -> re.Pattern[str]:
    """One step through a list: labels, a blank or separator, or one other word or number.

    A label ends where no letter or digit follows; labels of one character may be run together.
    """
    single = all(len(side) == 1 for side in sides)
    names = "|".join(re.escape(side) for side in sorted(filter(None, sides), key=len, reverse=True))
    run, label = (f"(?:{names})+", "(?!)") if single else ("(?!)", names)
    end = r"(?![^\W_])(?!\.\d)"
    return re.compile(
        rf"(?P<run>{run}){end}|(?P<label>{label}){end}|(?:{_BETWEEN})"
        r"|(?P<other>[-+−]?\d{1,20}(?:\.\d{1,20})?(?![^\W_])|[^\W\d_]{1,60}(?![^\W_]))"
    )


def _without_numbers(text: str) -> str:
    """The text without the numbers of its draws, where they run from 1 without a gap."""
    numbers = [int(found[1]) for found in _NUMBERED.finditer(text)]
    if len(numbers) > 1 and numbers == list(range(1, len(numbers) + 1)):
        return _NUMBERED.sub(" ", text)
    return text


def _in_json(text: str, spelling: _Spelling, *, structured: bool) -> _Stated:
    """The list that the outermost JSON object gives as its outcomes, whatever its other keys."""
    try:
        pairs = json.loads(text[text.find("{") : text.rfind("}") + 1], object_pairs_hook=list, strict=False)
    except (ValueError, RecursionError):
        return None
    keys = ("outcomes", "outcome", "output", "outputs") if structured else ("output", "outputs")
    lists = {_json_list(value, spelling) for key, value in pairs if key in keys} - {None}
    return SEVERAL if len(lists) > 1 else next(iter(lists), None)


def _json_list(value: Any, spelling: _Spelling) -> _Stated:
    if isinstance(value, str):
        return spelling.listed(value)
    if not isinstance(value, list) or not value:
        return None
    named = [spelling.label(str(item)) for item in value if type(item) in (str, int, float)]
    if len(named) < len(value):
        return None
    return OFF_LIST if None in named else tuple(index for index in named if index is not None)


def _in_statements(text: str, spelling: _Spelling, *, cut: bool) -> _Stated:
    """The list that the `Output:` statements give: one of them, or a draw in each."""
    starts = [(found.start(), found.end()) for found in _STATEMENT.finditer(text)]
    stated = [
        _first_list(text[start:stop], spelling)
        for (_, start), (stop, _) in pairwise([*starts, (len(text), 0)])
        if not (cut and stop == len(text))
    ]
    lists = [each for each in stated if each is not None]
    if len(lists) > 1 and all(isinstance(each, tuple) and len(each) == 1 for each in lists):
        return tuple(index for each in lists if isinstance(each, tuple) for index in each)
    return SEVERAL if len(set(lists)) > 1 else next(iter(lists), None)


def _first_list(value: str, spelling: _Spelling) -> _Stated:
    """The list that a statement holds: all of it, or its first paragraph, line or sentence."""
    value = _FENCE.sub("", value).strip()
    line = value.partition("\n")[0]
    parts = (
        value,
        _PARAGRAPH.split(value, maxsplit=1)[0],
        line,
        _SENTENCE.split(line, maxsplit=1)[0],
        line.rpartition(":")[2],
    )
    read = [spelling.listed(part) for part in dict.fromkeys(parts)]
    return next((each for each in read if isinstance(each, tuple)), OFF_LIST if OFF_LIST in read else None)


def _alone(text: str, spelling: _Spelling) -> _Stated:
    """The list that is the whole text; prose that names labels is none."""
    stated = spelling.listed(_FENCE.sub("", text))
    return stated if isinstance(stated, tuple) else None
