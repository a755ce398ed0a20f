"""The special tokens of chat templates, and the end of a model's first turn by them.

Some models run on past the end of their turn and invent what the user says next. That is cut off, also where
a server has stripped the special tokens.
"""

import re
from itertools import islice


def first_turn(text: str) -> str:
    """The text up to the first mark that ends a turn.

    Special tokens end a turn wherever there is text before them. Bare roles do so only after an `Output:`:
    before it, prose may speak of the user.
    """
    start, ends = 0, list[int]()
    if any(sign in text for sign in "<[]"):  # all marks have one of them
        text = _BOX.sub("", text)
        opening = _OPENING.match(text)
        start = opening.end() if opening else 0
        ends = [end.start() for end in [_HARD_END.search(text, start)] if end]
    stated = _STATED.search(text, start, ends[0] if ends else len(text))
    if stated:
        soft = (end.start() for end in _SOFT_END.finditer(text, stated.end()))
        ends += [end for end in islice(soft, 3) if text[stated.end() : end].strip(_BLANK)][:1]
    return text[start : min(ends, default=len(text))]


_ROLE = r"(?:user|human|assistant|system|model|chatbot|prompter|observation|tool)"
_BOX = re.compile(r"<\|(?:begin|end)_of_box\|>", re.IGNORECASE)
_MARK = (
    r"<[|｜][^<>|｜\n]{1,40}[|｜]?>|<[^<>|｜\n]{1,20}[|｜]>|</?s>|<(?:end|start)_of_turn>|<eos>|<bos>|<sop>"
    r"|<eoa>"
    r"|<extra_id_\d>|\[/?inst\]|<</?sys>>|\[gmask\]|\[e~\[|\]~b\]|<seed:(?:eos|bos)>"
)
_OPENING = re.compile(rf"\s*(?:(?:{_MARK})\s*(?:(?:assistant|model|chatbot)\b\s*:?\s*)?)+", re.IGNORECASE)
_HARD_END = re.compile(_MARK, re.IGNORECASE)
_STATED = re.compile(r"output[^\n:：]{0,80}[:：]|outcome\W{0,12}[:：]", re.IGNORECASE)
_BLANK = " \t\n*_`\"'"
_SOFT_END = re.compile(
    r"#{2,3}[ \t]{0,4}(?:instruction|response|input|question|human|user|assistant|system)\b"
    rf"|^[ \t]*(?:\*\*)?(?:{_ROLE}|q|question|instruction)[ \t]*(?:\*\*)?[ \t]*[:：]"
    rf"|^[ \t]*{_ROLE}[ \t]*$"
    r"|(?:user|human|assistant)[ \t]?[:：]"
    r"|(?:user|assistant|system)\n\n|assistant(?:analysis|commentary|final)"
    r"|(?<=[\d.!?\]\"'*])(?:user|assistant)(?=[a-z])",
    re.IGNORECASE | re.MULTILINE,
)
"""Roles where a server has stripped special tokens, or where the template has none (Vicuna, Alpaca)."""
