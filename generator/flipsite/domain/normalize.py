"""One spelling for every answer: case, width, digits and invisible characters folded."""

import unicodedata


def normalize(text: str) -> str:
    """Fold what only looks different: case, width, scripts of digits, invisible signs, escaped line ends."""
    text = _composed(text).translate(_ALIKE).casefold()
    return text.replace("\\n", "\n").replace("\r", "\n").replace("\u2028", "\n")


_ALIKE: dict[int, int | None] = (
    dict.fromkeys([0xAD, 0x200B, 0x200C, 0x200D, 0x200E, 0x200F, 0x2060, 0xFE0F, 0xFEFF])
    | dict.fromkeys([0xA0, 0x2007, 0x202F, 0x3000], ord(" "))
    | {wide: wide - 0xFEE0 for wide in range(0xFF01, 0xFF5F)}
)
"""Signs that are not seen, blanks, and full-width letters; a superscript is no digit, but a footnote."""

_MOST_MARKS = 30


def _composed(text: str) -> str:
    """The text with accents composed with their letters, and decimal digits of any script as 0 to 9.

    A letter keeps 30 marks at most, the bound of Unicode's stream-safe format (UAX 15): sorting a long run of
    marks takes the square of its length.
    """
    if text.isascii():
        return text
    kept, n_marks = [], 0
    for sign in text:
        n_marks = n_marks + 1 if unicodedata.combining(sign) else 0
        if n_marks <= _MOST_MARKS:
            kept.append(str(unicodedata.decimal(sign)) if sign.isdecimal() else sign)
    return unicodedata.normalize("NFC", "".join(kept))
