"""What a model said to its asker: one spelling for what only looks different, and no reasoning."""

import re
import unicodedata


def plain(text: str) -> str:
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
