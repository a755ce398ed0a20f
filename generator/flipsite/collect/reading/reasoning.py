"""Strip reasoning blocks and channels, and the turns that follow the answer: only the answer remains.

Models write their reasoning between the marks of their chat templates. Some servers strip these marks.
"""

import re

from flipsite.collect.reading.chat_template import first_turn


def without_reasoning(text: str) -> str:
    """The text without reasoning blocks and channels, and without turns that the model made up.

    Args:
        text: Normalized or as it came; marks are found in either spelling.
    """
    return first_turn(_without_tags(_final_channel(text)))


_CHANNEL = re.compile(
    r"<\|channel\|>\s?(\w{1,20})[^<>\n]{0,40}(?:<\|constrain\|>[^<>\n]{0,20})?<\|message\|>", re.IGNORECASE
)
_GLUED_FINAL = re.compile(r"assistant\s?final", re.IGNORECASE)
_GLUED_ANALYSIS = re.compile(r"\s{0,8}(?:assistant)?(?:analysis|commentary)(?=[a-z])", re.IGNORECASE)
_GLUED_OUTPUT = re.compile(r"\s{0,8}final(?=output|outcome)", re.IGNORECASE)


def _final_channel(text: str) -> str:
    """The final channel of a harmony transcript; where its special tokens are stripped, names are glued."""
    if "<" in text and (channels := list(_CHANNEL.finditer(text))):
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
    if not any(sign in text for sign in "<[◁"):
        return text
    kept, start, inside = [], 0, False
    for tag in _REASONING_TAG.finditer(text):
        if not any(tag.groups()):
            if not inside:
                kept.append(text[start : tag.start()])
            inside = True
            continue
        if not inside:  # closed but not opened: the opening is in the model's own chat template
            kept.clear()
        start, inside = tag.end(), False
    if not inside:
        kept.append(text[start:])
    return "\n".join(kept)
