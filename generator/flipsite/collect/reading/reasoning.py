"""Strip reasoning, chat-template tokens and invented turns: what is left is the answer.

Models think aloud, and some run on past the end of their turn and invent what the user says next. Both are
cut off by the marks of the chat templates in use, also where a server has stripped their special tokens.
"""

import re
from itertools import islice


def without_reasoning(text: str) -> str:
    """The text without reasoning blocks and channels, and without turns that the model made up.

    Args:
        text: Normalized or as it came; marks are found in either spelling.
    """
    return _first_turn(_without_tags(_final_channel(text)))


_CHANNEL = re.compile(
    r"<\|channel\|>\s?(\w{1,20})[^<>\n]{0,40}(?:<\|constrain\|>[^<>\n]{0,20})?<\|message\|>", re.IGNORECASE
)
_GLUED_FINAL = re.compile(r"assistant\s?final", re.IGNORECASE)
_GLUED_ANALYSIS = re.compile(r"\s{0,8}(?:assistant)?(?:analysis|commentary)(?=[a-z])", re.IGNORECASE)
_GLUED_OUTPUT = re.compile(r"\s{0,8}final(?=output|outcome)", re.IGNORECASE)


def _final_channel(text: str) -> str:
    """The final channel of a harmony transcript; where its special tokens are stripped, names are glued."""
    if channels := list(_CHANNEL.finditer(text)):
        final = next((channel for channel in channels if channel[1].lower() == "final"), None)
        return text[final.end() :] if final else text[: channels[0].start()]
    if _GLUED_ANALYSIS.match(text):
        glued_final = _GLUED_FINAL.search(text)
        return text[glued_final.end() :] if glued_final else ""
    glued = _GLUED_OUTPUT.match(text)
    return text[glued.end() :] if glued else text


_REASONING_TAG = re.compile(
    r"<\s?(?P<close>/?)\s?(?:seed:)?(?:think|thinking|thoughts?|reasoning|scratchpad)(?:\s[^<>\n]{0,80})?>"
    r"|◁(?P<close_kimi>/?)think▷|\[(?P<close_magistral>/?)think\]"
    r"|<\|(?:begin|(?P<close_sky>end))_of_thought\|>|<\|(?:start|(?P<close_cohere>end))_thinking\|>"
    r"|<\|channel>thought|(?P<close_gemma><channel\|>)",
    re.IGNORECASE,
)


def _without_tags(text: str) -> str:
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
    return "\n".join(kept)


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


def _first_turn(text: str) -> str:
    """The text up to the first mark that ends a turn.

    Special tokens end a turn wherever text stands before them. Bare roles do so only after an `Output:`:
    before it, prose may speak of the user.
    """
    text = _BOX.sub("", text)
    opening = _OPENING.match(text)
    start = opening.end() if opening else 0
    ends = [end.start() for end in [_HARD_END.search(text, start)] if end]
    stated = _STATED.search(text, start, ends[0] if ends else len(text))
    if stated:
        soft = (end.start() for end in _SOFT_END.finditer(text, stated.end()))
        ends += [end for end in islice(soft, 3) if text[stated.end() : end].strip(_BLANK)][:1]
    return text[start : min(ends, default=len(text))]
