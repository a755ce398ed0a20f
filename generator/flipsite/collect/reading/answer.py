"""Answers: what a model said → the outcome it states, or the way in which it states none.

A pure function of hostile text, linear in its length. It reads the `Output:` statements of the answer's first
turn: naming one label is an outcome, naming two is `unparsed`, and nothing is guessed from prose around it.
Which label is named never decides whether it is read.
"""

import json
import re
from collections.abc import Sequence
from functools import lru_cache
from itertools import pairwise
from typing import Any

from flipsite.collect.reading.reasoning import without_reasoning
from flipsite.domain.draws import Outcome, Rejected, Status
from flipsite.domain.normalize import normalize

READER = 3
"""Raised when answers are read differently than before; `flipsite collect --reread` then reads them again."""

SEVERAL = "states more than one"
"""Why an answer that names two labels is unparsed."""

OFF_LIST = "names what was not offered"
"""Why an answer is unparsed that states something short which is no label."""


def read_answer(
    response: str | None,
    *,
    labels: Sequence[str],
    finish_reason: str | None = None,
    refusal: str | None = None,
    mode: str = "text",
) -> Outcome | Rejected:
    """Read the label an answer states, or the reason it states none.

    Args:
        response: The answer's content as it came; None where the provider sent none.
        labels: The labels of outcomes 0, 1, …; any two differ in more than case.
        finish_reason: `length` for an answer cut by `max_tokens`, `content_filter` for one withheld.
        refusal: The refusal's own field, where the provider fills one.
        mode: `structured` where a JSON object `{"outcome": label}` was asked for.

    Returns:
        The outcome, or a rejection that is `unparsed`, `refused`, `truncated` or `empty`.
    """
    text = without_reasoning(normalize(response or ""))
    sides = tuple(normalize(label).strip() for label in labels)
    cut = finish_reason == "length"
    structured = mode == "structured"
    named = set(_in_json(text, sides, structured=structured))
    named = named or _in_statements(text, sides, structured=structured, cut=cut)
    if not named and not cut:
        named = _alone_in(text, sides)
    if len(named) == 1:
        return Outcome(index=named.pop())
    if named:
        return Rejected(status=Status.UNPARSED, reason=SEVERAL)
    return rejection(
        response,
        text,
        cut=cut,
        withheld=bool(refusal) or finish_reason == "content_filter",
        unread=OFF_LIST if _names_another(text, sides, mode=mode) else "no `Output:` names exactly one label",
    )


def last_stated(
    response: str | None,
    *,
    labels: Sequence[str],
    finish_reason: str | None = None,
    mode: str = "text",
) -> int | None:
    """Read the outcome that an answer states last, as if what it states before did not count.

    Flipsite never counts it: it shows what an answer with several statements would have become.

    Args:
        response: As of `read_answer`, like the other arguments.
        labels: Of the outcomes.
        finish_reason: How the answer ended.
        mode: As asked.

    Returns:
        None where no statement names a label, or the last of them names several.
    """
    text = without_reasoning(normalize(response or ""))
    sides = tuple(normalize(label).strip() for label in labels)
    structured = mode == "structured"
    if values := _in_json(text, sides, structured=structured):
        return values[-1]
    statements, _ = _statements(text, sides, structured=structured, cut=finish_reason == "length")
    return next(iter(statements[-1])) if statements and len(statements[-1]) == 1 else None


def rejection(response: str | None, text: str, *, cut: bool, withheld: bool, unread: str) -> Rejected:
    """Classify an answer that states nothing.

    Args:
        response: The answer as it came.
        text: What of it is addressed to the asker, in plain spelling.
        cut: It was cut by `max_tokens`.
        withheld: The provider marks it as refused.
        unread: Why text that is neither missing nor a refusal could not be read.
    """
    if withheld:
        return Rejected(status=Status.REFUSED, reason="marked as refused by the provider")
    if cut:
        return Rejected(status=Status.TRUNCATED, reason="cut by max_tokens before it stated an output")
    if not text.strip():
        thought = bool(response and response.strip())
        return Rejected(
            status=Status.EMPTY, reason="only reasoning, no answer" if thought else "no text at all"
        )
    if _CANNOT.search(text, 0, _PROSE_LIMIT):
        return Rejected(status=Status.REFUSED, reason="says that it cannot or will not")
    return Rejected(status=Status.UNPARSED, reason=unread)


_QUOTES = "\"'`“”„‘’«»"
_DECORATION = _QUOTES + " \t\n*_~#<>()[]{}$\\|,;:!?.。…"
_WORD = {False: r"output", True: r"(?:output|outcome)"}
_ASIDE = rf"[ \t*_~{_QUOTES}\])}}>$\\]{{0,12}}(?:\([^()\n:]{{0,60}}\)[ \t*_~{_QUOTES}]{{0,8}})?"
_STATEMENT = {
    structured: re.compile(
        rf"(?<![^\W_]){word}{_ASIDE}[:∶꞉]"
        rf"|<{word}>"
        rf"|^[ \t>]{{0,8}}(?:#{{1,6}}[ \t]{{0,4}}\**|\*\*){word}\**[ \t]{{0,8}}$",
        re.MULTILINE,
    )
    for structured, word in _WORD.items()
}
_ALTERNATION = re.compile(r"[\W_]*?(?:[,/|]|\b(?:or|and|nor|vs|ou|oder|или|或)\b)[\W_]*")
_ECHO = re.compile(r"your output (?:must|should|here)|must be an integer")
_SENTENCE_END = re.compile(r"(?<!\.)\.(?=\s)|[!。](?=\s|$)")
_NEGATION = re.compile(r"\b(?:not|cannot|can['’]?t|won['’]?t|don['’]?t|unable|neither|never)\b")
_FOOTNOTE = re.compile(
    r"\[\^?\d{1,3}(?:[,;–-] ?\d{1,3}){0,8}\]|【[^】\n]{0,40}】|<sup>[^<>\n]{0,20}</sup>|\^\{[^{}\n]{0,20}\}"
    r"|\^\[[^\[\]\n]{0,20}\]|[⁰¹²³⁴⁵⁶⁷⁸⁹]{1,4}"
)
_COUNTED = (
    r"(?:trial|flip|draw|toss|tosse|sample|attempt|run|round|iteration|step|experiment|try|test|throw|roll|spin"
    r"|game|turn|pick|selection|simulation|instance|case|example|item|question|note|footnote|source|reference"
    r"|ref|figure|fig|table|page|line|seed|coin)s?"
)
_COUNTER = re.compile(
    rf"\b{_COUNTED}(?: (?:number|no\.?|nr\.?))?[ :=#№.]{{0,3}}\d{{1,6}}\b(?:[ ]?(?:of|/)[ ]?\d{{1,6}}\b)?"
    rf"|(?:#|№|\bno\. ?|\bnr\. ?)\d{{1,6}}\b|\b\d{{1,6}}(?:st|nd|rd|th)?[ -]{_COUNTED}\b|\bn ?= ?\d{{1,6}}\b"
)
_REMARK = re.compile(r"\([^()\n]{0,300}\)")
_CONTRADICTS = re.compile(r"^\(\W*(?:not|or|and|nor|vs|versus|alternatively|sometimes)\b|[/|]")
_FIELD = re.compile(r"[,;|}\])][\s\"'*_]{0,8}[^\W\d][\w -]{0,40}[\"'*_]{0,4}\s?[:=]")
_FIELD_BEFORE = re.compile(r"[^\W\d][\"'*_]{0,4}\s?[:=][\s\"'*_]{0,8}$")
_REASON = re.compile(
    r"\b(?:because|since|given|after|based on|according to|i\.e\b|e\.g\b)|[,;–—-]\s{0,4}(?:as|so)\b(?! well)"
)
_POINT_ZERO = re.compile(r"(?<![\w.,])(\d{1,6})\.0{1,6}(?![\w%]|[.,/]\d)")
_LATEX = re.compile(r"\\(?:boxed|text|textbf|mathbf|mathrm|bf)\b")
_TAG = re.compile(r"</?[a-z_|]{1,20}>")
_BULLET = re.compile(r"[-+•–—]\s+")
_CANNOT = re.compile(
    r"\bi(?:['’]m| am) (?:really |very |truly )?sorry\b|\bi apologi[sz]e\b"
    r"|\b(?:i (?:can(?:not|['’]t| not)|won['’]t|will not|must decline|decline|refuse)"
    r"|i(?:['’]m| am) (?:unable|not able|not going|not allowed|not permitted))(?: to)? (?:\w+ly )?"
    r"(?:help|assist|comply|fulfil+|provide|generate|produce|do|complete|perform|participate|continue|make|flip"
    r"|simulate|give|draw|sample|engage|answer|respond|process|follow|pick|choose|select|discuss|create|offer)\b"
)
_PROSE_LIMIT = 2_000
_BARE_LIMIT = 300


def _in_json(text: str, sides: Sequence[str], *, structured: bool) -> list[int]:
    """The labels, in order, that the outermost JSON object gives as its outcome, whatever its other keys."""
    if "{" not in text:  # an exception takes longer than all the rest
        return []
    try:
        pairs = json.loads(text[text.find("{") : text.rfind("}") + 1], object_pairs_hook=list, strict=False)
    except (ValueError, RecursionError):
        return []
    keys = ("outcome", "output") if structured else ("output",)
    stated = [_scalar(value) for key, value in pairs if key in keys]
    values = [_as_whole_numbers(text, sides) for text in stated if text is not None]
    return [sides.index(value) for value in values if value in sides]


def _scalar(value: Any) -> str | None:
    if isinstance(value, float) and value.is_integer() and abs(value) < _EXACT:
        value = int(value)
    return str(value).strip() if isinstance(value, str | int) and not isinstance(value, bool) else None


_EXACT = 2**53


def _in_statements(text: str, sides: Sequence[str], *, structured: bool, cut: bool) -> set[int]:
    """The labels that all statements name between them; one that offers several counts only as the last.

    A model that writes `Output: 0` and then `Output: 1` drew twice, and no rule of ours picks one of the two.
    """
    statements, glued = _statements(text, sides, structured=structured, cut=cut)
    if not statements or len(statements[-1]) > 1:
        return statements[-1] if statements else set()
    return glued.union(*(named for named in statements if len(named) == 1))


def _statements(
    text: str, sides: Sequence[str], *, structured: bool, cut: bool
) -> tuple[list[set[int]], set[int]]:
    """The labels that each statement names, and those that a stripped mark glued to the next word."""
    starts = [(found.start(), found.end()) for found in _STATEMENT[structured].finditer(text)]
    statements: list[set[int]] = []
    glued: set[int] = set()
    joined = False
    for (_, start), (stop, _) in pairwise([*starts, (len(text), 0)]):
        value, ended = _value(text, start, stop, sides=sides)
        unfinished = cut and ended == len(text) and _leaves_open(value)
        named = set() if unfinished else _named(value, sides)
        if named and joined and statements:
            statements[-1] |= named
        elif named:
            statements.append(named)
        joined = ended == stop < len(text) and _offers_another(value, sides)
        glued |= _glued(value, sides)
    return statements, glued


def _glued(value: str, sides: Sequence[str]) -> set[int]:
    """The label that a statement begins with, where a stripped mark glued the next word to it."""
    value = value.lstrip(_DECORATION)
    begun = {index: len(side) for index, side in enumerate(sides) if side and value.startswith(side)}
    if any(_places(value, sides[index])[:1] == [(0, end)] for index, end in begun.items()):
        return set()
    return {
        index
        for index, end in begun.items()
        if _GLUED_WORD.match(value, end) or (value[end - 1].isdigit() and value[end : end + 1].isalpha())
    }


_GLUED_WORD = re.compile(
    r"explanation|reasoning|output|outcome|user|assistant|human|model|system|analysis|final|question|instruction"
)
"""The beginnings of a next turn; to a digit any word is glued, but `heads` may begin a word of its own."""


def _value(text: str, start: int, stop: int, *, sides: Sequence[str]) -> tuple[str, int]:
    """A statement's value and its end: the rest of its line, or the next line if that holds a label alone."""
    line_end = text.find("\n", start, stop)
    if line_end < 0:
        return text[start:stop], stop
    if text[start:line_end].strip(_DECORATION):
        return text[start:line_end], line_end
    while line_end >= 0:
        start, line_end = line_end + 1, text.find("\n", line_end + 1, stop)
        line = text[start : stop if line_end < 0 else line_end]
        if line.strip(_DECORATION) and not line.lstrip().startswith("```"):
            return (line if _alone_in(line, sides) else ""), start + len(line)
    return "", stop


def _leaves_open(value: str) -> bool:
    return sum(map(value.count, "([{")) > sum(map(value.count, ")]}"))


def _offers_another(value: str, sides: Sequence[str]) -> bool:
    """Whether there is only an `or` between this statement's label and the next statement."""
    ends = [end for side in sides for _, end in _places(value, side)]
    return bool(ends) and _ALTERNATION.fullmatch(value, max(ends)) is not None


def _named(value: str, sides: Sequence[str]) -> set[int]:
    """The labels that a statement names: in its first sentence, or if that holds none, anywhere in it.

    Footnotes, numbers of trials and remarks are left out first, so that a `1` among them neither stands for
    an outcome nor contradicts one. A statement that names a label twice over names several.
    """
    if _ECHO.search(value):
        return set()
    value = _as_whole_numbers(value, sides)
    bare = _COUNTER.sub(" ", _FOOTNOTE.sub(" ", value))
    for text in (bare, value):
        end = _SENTENCE_END.search(text, len(text) - len(text.lstrip(_DECORATION)))
        for part in (text[: end.start()] if end else text, text):
            if named := _named_in(part, sides):
                return set() if named == {_DENIED} else named
    return set()


_DENIED = -1


def _named_in(part: str, sides: Sequence[str]) -> set[int]:
    """The labels named in a sentence; {_DENIED} where the first of them is denied."""
    places = _label_places(part, sides)
    if not places:
        return set()
    start, end, first = places[0]
    if _NEGATION.search(part, 0, start):
        return {_DENIED}
    rest = _without_remarks(part[end:], labelled=_FIELD_BEFORE.search(part, 0, start) is not None)
    others = {index for _, _, index in _label_places(rest, sides)}
    if others == {first}:  # said again: as if it were any other
        others = {first, (first + 1) % len(sides)}
    return {first} | others


def _without_remarks(rest: str, *, labelled: bool) -> str:
    """The text behind a label, without remarks in brackets, reasons and further fields."""
    rest = _REMARK.sub(lambda found: found[0] if _CONTRADICTS.search(found[0]) else " ", rest)
    if not labelled and (field := _FIELD.search(rest)):
        rest = rest[: field.start()]
    reason = _REASON.search(rest)
    return rest[: reason.start()] if reason else rest


def _names_another(text: str, sides: Sequence[str], *, mode: str) -> bool:
    """Whether what is stated last, or alone, is a word or two or a number, and none of the labels."""
    structured = mode == "structured"
    starts = [(found.start(), found.end()) for found in _STATEMENT[structured].finditer(text)]
    if not starts:
        return len(text.split()) == 1 and 0 < len(text.strip(_DECORATION)) <= _SHORT
    line = text[starts[-1][1] :].lstrip(" \t\r\n").partition("\n")[0]
    stated = line.strip(_DECORATION)
    return 0 < len(stated) <= _SHORT and not _ECHO.search(line) and "[" not in line


_SHORT = 40
"""Letters of a value that names something, rather than talks around it."""


def _as_whole_numbers(value: str, sides: Sequence[str]) -> str:
    """Numbers as labels write them: `1.0` as `1`, and of many numbers also `07`, `minus 3` and `seven`."""
    if any("." in side for side in sides):
        return value
    value = _POINT_ZERO.sub(r"\1", value)
    if len(sides) == 2 or not _are_whole(tuple(sides)):
        return value
    return _plain_numbers(value, signed=any(side.startswith("-") for side in sides))


@lru_cache(maxsize=64)
def _are_whole(sides: tuple[str, ...]) -> bool:
    return all(re.fullmatch(r"-?\d{1,9}", side) for side in sides)


_MINUS = re.compile(r"(?<!\w)(?:[−–]|(?:minus|negative)\s{1,3})(?=\d)")
_APART = re.compile(r"(?<!\w)[-−–]\s{1,9}(?=\d)")
_PLUS = re.compile(r"(?<![\w+])\+(?=\d)|(?<![\w.,/])[-−–](?=0(?!\w|[.,/]\d))")
_ZEROS = re.compile(r"(?<![\w.,/])(-?)0{1,9}(?=\d)")
_UNITS = (
    *("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven"),
    *("twelve", "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen"),
)
_TENS = ("twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")
_NUMBER_WORDS = {word: str(number) for number, word in enumerate(_UNITS)} | {
    f"{ten}{between}{unit}": str(20 + 10 * place + number)
    for place, ten in enumerate(_TENS)
    for number, unit in enumerate(["", *_UNITS[1:10]])
    for between in (("-", " ") if unit else ("",))
}
_NUMBER_WORDS |= {"hundred": "100", "one hundred": "100", "a hundred": "100"}


def _plain_numbers(value: str, *, signed: bool) -> str:
    """Numbers in digits, without leading zeros.

    Where labels are negative, a dash apart from its number may be a bullet or a minus: the number
    is then none.
    """
    word = value.strip(_DECORATION)
    if word in _NUMBER_WORDS:
        return _NUMBER_WORDS[word]
    value = _PLUS.sub("", _APART.sub("x", value)) if signed else value
    return _ZEROS.sub(r"\1", _MINUS.sub("-", value))


def _label_places(text: str, sides: Sequence[str]) -> list[tuple[int, int, int]]:
    """The places of labels, and which they are, in their order; none within a longer one, as `C` in `C++`."""
    places = [(start, end, index) for index, side in enumerate(sides) for start, end in _places(text, side)]
    places.sort(key=lambda place: (place[0], -place[1]))
    outer: list[tuple[int, int, int]] = []
    for place in places:
        if not outer or place[1] > outer[-1][1]:
            outer.append(place)
    return outer


def _places(text: str, side: str) -> list[tuple[int, int]]:
    """The places of a label as a separate word or number: not in `10`, `0.5`, `-1` or `1_000`."""
    places = []
    start = text.find(side) if side else -1
    while start >= 0:
        end = start + len(side)
        before, after = text[max(0, start - 2) : start][::-1], text[end : end + 2]
        signed = side[0].isdigit() and before[:1] in tuple("-−–+")
        if not signed and _ends_here(before, side[0]) and _ends_here(after, side[-1]):
            places.append((start, end))
        start = text.find(side, end)
    return places


def _ends_here(beyond: str, edge: str) -> bool:
    """Whether a word with this edge ends before the two characters beyond it, nearest first."""
    near, far = beyond[:1], beyond[1:]
    if near.isalnum():
        return not edge.isalnum()
    if edge.isdigit() and (near == "%" or (near in tuple(".,/⁄−–^") and far.isdigit())):
        return False
    return not (near in tuple("-_") and far.isalnum() and edge.isalnum())


def _alone_in(text: str, sides: Sequence[str]) -> set[int]:
    """The label that is the whole text, whatever it is dressed in."""
    text = text.strip()
    if len(text) > _BARE_LIMIT:
        return set()
    bare = _as_whole_numbers(_FOOTNOTE.sub(" ", text), sides)
    for dressed in (bare, text):
        core = _LATEX.sub("", _TAG.sub("", dressed)).strip(_DECORATION)
        core = _BULLET.sub("", core, count=1).strip(_DECORATION) if _BULLET.match(core) else core
        exact = [
            {index for index, side in enumerate(sides) if side and side == each} for each in (text, core)
        ]
        named = (
            exact[0]
            or exact[1]
            or {i for i, side in enumerate(sides) if core and side.strip(_DECORATION) == core}
        )
        if named:
            return named
    return set()
