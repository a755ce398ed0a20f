"""Answers: what a model said → the outcome it states, or the way in which it states none.

A pure function of hostile text, linear in its length. It reads the last `Output:` that names a label:
naming exactly one is an outcome, naming both is `unparsed`, and nothing is guessed from prose around it.

A stored raw answer as a draw, and read once more by today's reader.

What a model said to its asker: one spelling for what only looks different, and no reasoning.
"""

import json
import re
import unicodedata
from itertools import pairwise
from typing import Any

from flipsite.collect.budget import usd
from flipsite.collect.responses import Reply, read_reply
from flipsite.domain.draws import Draw, Failed, Outcome, Rejected, Status
from flipsite.domain.endpoint import Reading, StoredDraw


def normalize(text: str) -> str:
    """The text without what only looks different: width, case, invisible signs, escaped line ends."""
    text = _composed(text).translate(_ALIKE).casefold()
    return text.replace("\\n", "\n").replace("\r", "\n").replace("\u2028", "\n")


def without_reasoning(text: str) -> str:
    """What is addressed to the asker: no reasoning blocks, channels or turns the model made up."""
    channels = list(_CHANNEL.finditer(text))
    if channels:
        text = text[channels[-1].end() :] if channels[-1][1] == "final" else text[: channels[0].start()]
    kept, start, inside = [], 0, False
    for tag in _REASONING_TAG.finditer(text):
        if not any(tag.groups()):
            if not inside:
                kept.append(text[start : tag.start()])
            inside = True
            continue
        if not inside:  # closed but not opened: the opening stands in the model's own chat template
            kept.clear()
        start, inside = tag.end(), False
    if not inside:
        kept.append(text[start:])
    said = "\n".join(kept)
    turn = next((end for end in _END_OF_TURN.finditer(said) if said[: end.start()].strip()), None)
    return said[: turn.start()] if turn else said


_ALIKE: dict[int, int | None] = (
    dict.fromkeys([0xAD, 0x200B, 0x200C, 0x200D, 0x200E, 0x200F, 0x2060, 0xFE0F, 0xFEFF])
    | dict.fromkeys([0xA0, 0x2007, 0x202F, 0x3000], ord(" "))
    | {wide: wide - 0xFEE0 for wide in range(0xFF01, 0xFF5F)}
)
"""Signs that are not seen, blanks, and full-width letters; a superscript is no digit, but a footnote."""

_REASONING_TAG = re.compile(
    r"<\s?(?P<close>/?)\s?(?:seed:)?(?:think|thinking|thoughts?|reasoning|scratchpad)(?:\s[^<>\n]{0,80})?>"
    r"|◁(?P<close_kimi>/?)think▷|\[(?P<close_magistral>/?)think\]"
    r"|<\|(?:begin|(?P<close_sky>end))_of_thought\|>"
)
_CHANNEL = re.compile(r"<\|channel\|>\s?(\w{1,20})[^<>\n]{0,40}<\|message\|>")
_END_OF_TURN = re.compile(r"<\|(?:im_end|eot_id|endoftext|end_of_text|return)\|>|</s>|<end_of_turn>")
_MOST_MARKS = 30


def _composed(text: str) -> str:
    """The text with its accents in one sign with their letters.

    A letter keeps 30 marks at most, the bound of Unicode's stream-safe format (UAX 15): sorting a long run of
    marks takes the square of its length.
    """
    if text.isascii():
        return text
    kept, n_marks = [], 0
    for sign in text:
        n_marks = n_marks + 1 if unicodedata.combining(sign) else 0
        if n_marks <= _MOST_MARKS:
            kept.append(sign)
    return unicodedata.normalize("NFC", "".join(kept))


READER = 1
"""Raised when answers are read differently than before; `flipsite collect --reread` then reads them again."""


def read_answer(
    response: str | None,
    *,
    labels: tuple[str, ...],
    finish_reason: str | None = None,
    refusal: str | None = None,
    mode: str = "text",
) -> Outcome | Rejected:
    """Read the side an answer states, or the reason it states none.

    Args:
        response: The answer's content as it came; None where the provider sent none.
        labels: The labels of outcome 0 and outcome 1; they differ in more than case.
        finish_reason: `length` for an answer cut by `max_tokens`, `content_filter` for one withheld.
        refusal: The refusal's own field, where the provider fills one.
        mode: `structured` where a JSON object `{"outcome": label}` was asked for.

    Returns:
        The outcome, or a rejection that is `unparsed`, `refused`, `truncated` or `empty`.
    """
    said = without_reasoning(normalize(response or ""))
    sides = (normalize(labels[0]).strip(), normalize(labels[1]).strip())
    cut = finish_reason == "length"
    named = _in_json(said, sides) if mode == "structured" else set()
    named = named or _in_statements(said, sides, structured=mode == "structured", cut=cut)
    if not named and not cut:
        named = _alone_in(said, sides)
    if len(named) == 1:
        return Outcome(index=named.pop())
    if named:
        return Rejected(status=Status.UNPARSED, reason="states both labels")
    return rejection(
        response,
        said,
        cut=cut,
        withheld=bool(refusal) or finish_reason == "content_filter",
        unread="no `Output:` names exactly one label",
    )


def rejection(response: str | None, said: str, *, cut: bool, withheld: bool, unread: str) -> Rejected:
    """In which way an answer states nothing.

    Args:
        response: The answer as it came.
        said: What of it is addressed to the asker, in plain spelling.
        cut: It was cut by `max_tokens`.
        withheld: The provider marks it as refused.
        unread: Why text that is neither missing nor a refusal could not be read.
    """
    if withheld:
        return Rejected(status=Status.REFUSED, reason="marked as refused by the provider")
    if cut:
        return Rejected(status=Status.TRUNCATED, reason="cut by max_tokens before it stated an output")
    if not said.strip():
        thought = bool(response and response.strip())
        return Rejected(
            status=Status.EMPTY, reason="only reasoning, no answer" if thought else "no text at all"
        )
    if _CANNOT.search(said, 0, _PROSE_LIMIT):
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


def _in_json(said: str, sides: tuple[str, str]) -> set[int]:
    """The labels that the outermost JSON object gives as its outcome."""
    try:
        pairs = json.loads(said[said.find("{") : said.rfind("}") + 1], object_pairs_hook=list, strict=False)
    except (ValueError, RecursionError):
        return set()
    values = [
        str(value).strip() for key, value in pairs if key in ("outcome", "output") and _is_scalar(value)
    ]
    return {index for index in (0, 1) if sides[index] in values}


def _is_scalar(value: Any) -> bool:
    return isinstance(value, str | int) and not isinstance(value, bool)


def _in_statements(said: str, sides: tuple[str, str], *, structured: bool, cut: bool) -> set[int]:
    """The labels named by the last statement that names any; alternatives count as one statement."""
    starts = [(found.start(), found.end()) for found in _STATEMENT[structured].finditer(said)]
    last: set[int] = set()
    joined = False
    for (_, start), (stop, _) in pairwise([*starts, (len(said), 0)]):
        value, ended = _value(said, start, stop, sides=sides)
        unfinished = cut and ended == len(said) and _leaves_open(value)
        named = set() if unfinished else _named(value, sides)
        if named:
            last = last | named if joined else named
        joined = ended == stop < len(said) and _offers_another(value, sides)
    return last


def _value(said: str, start: int, stop: int, *, sides: tuple[str, str]) -> tuple[str, int]:
    """What a statement says and where it ends: its line, or the next line if that holds a label alone."""
    line_end = said.find("\n", start, stop)
    if line_end < 0:
        return said[start:stop], stop
    if said[start:line_end].strip(_DECORATION):
        return said[start:line_end], line_end
    while line_end >= 0:
        start, line_end = line_end + 1, said.find("\n", line_end + 1, stop)
        line = said[start : stop if line_end < 0 else line_end]
        if line.strip(_DECORATION) and not line.lstrip().startswith("```"):
            return (line if _alone_in(line, sides) else ""), start + len(line)
    return "", stop


def _leaves_open(value: str) -> bool:
    return sum(map(value.count, "([{")) > sum(map(value.count, ")]}"))


def _offers_another(value: str, sides: tuple[str, str]) -> bool:
    """Whether only an `or` stands between this statement's label and the next statement."""
    ends = [end for side in sides for _, end in _places(value, side)]
    return bool(ends) and _ALTERNATION.fullmatch(value, max(ends)) is not None


def _named(value: str, sides: tuple[str, str]) -> set[int]:
    """The labels that stand in a statement's first sentence, or if it holds none, anywhere in it."""
    if _ECHO.search(value):
        return set()
    end = _SENTENCE_END.search(value, len(value) - len(value.lstrip(_DECORATION)))
    for part in (value[: end.start()] if end else value, value):
        places = {index: list(_places(part, side)) for index, side in enumerate(sides)}
        first = min((found[0][0] for found in places.values() if found), default=None)
        if first is not None:
            negated = _NEGATION.search(part, 0, first) is not None
            return set() if negated else {index for index, found in places.items() if found}
    return set()


def _places(text: str, side: str) -> list[tuple[int, int]]:
    """Where a label stands as a word or number of its own: not in `10`, `0.5`, `-1` or `1_000`."""
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


def _alone_in(text: str, sides: tuple[str, str]) -> set[int]:
    """The label that is the whole text, whatever it is dressed in."""
    text = text.strip()
    if len(text) > _BARE_LIMIT:
        return set()
    core = _LATEX.sub("", _TAG.sub("", text)).strip(_DECORATION)
    core = _BULLET.sub("", core, count=1).strip(_DECORATION) if _BULLET.match(core) else core
    return {index for index, side in enumerate(sides) if side and side in (core, text)}


def draw_of(kept: StoredDraw) -> Draw:
    """The public draw of a stored one."""
    reply = read_reply(kept.body or b"")
    return Draw(
        model=kept.model,
        draw=kept.draw,
        labels=kept.labels,
        order=kept.order,
        result=kept.result,
        response=reply.response,
        finish_reason=reply.finish_reason,
        provider=reply.provider,
        mode=kept.mode,
        prompt_tokens=reply.prompt_tokens,
        completion_tokens=reply.completion_tokens,
        reasoning_tokens=reply.reasoning_tokens,
        cost_usd=usd(kept.cost_pico),
        latency_s=kept.latency_s,
        asked_at=kept.asked_at,
    )


def read_flip(reply: Reply, *, labels: tuple[str, ...], mode: str) -> Outcome | Rejected:
    """The side that a completion states."""
    return read_answer(
        reply.response, labels=labels, finish_reason=reply.finish_reason, refusal=reply.refusal, mode=mode
    )


def read_again(kept: StoredDraw) -> Reading | None:
    """What today's reader reads in a stored answer; None where no answer came, or moderation kept it back."""
    if isinstance(kept.result, Failed) or not kept.body:
        return None
    reply = read_reply(kept.body)
    if not reply.answered:
        return None
    return Reading(result=read_flip(reply, labels=kept.labels, mode=kept.mode or "text"), reader=READER)
