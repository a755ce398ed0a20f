"""The target of a study in words."""

from flipsite.domain.study import Prompt, Study, share_text
from flipsite.present.text.formats import NBSP

MOST_NAMED = 12
"""Labels that are all named; of more, the first and the last."""


def sampler_text(study: Study) -> str:
    """The name of a perfect sampler of the study's target, with its article."""
    if not study.is_coin:
        return "a perfect sampler"
    return "a fair coin" if study.prompt.target == 0.5 else f"a coin at {study.prompt.target:g}"


def target_text(prompt: Prompt) -> str:
    """The target: a coin's share of ones, `1/6 each`, or the share of each label."""
    if prompt.n_outcomes == 2 and prompt.form == "pair":
        return f"{prompt.target:g}"
    if len(set(prompt.shares)) == 1:
        return f"{_share_text(prompt.shares[0])} each"
    pairs = list(zip(prompt.outcomes, prompt.shares, strict=True))
    named = [f"{label}: {_share_text(share)}" for label, share in pairs[:MOST_NAMED]]
    more = f", and {len(pairs) - MOST_NAMED} more" if len(pairs) > MOST_NAMED else ""
    return ", ".join(named) + more


def _share_text(share: float) -> str:
    """A share as the prompt names it, the sign apart from the number: `12.5 %`, `1/6`."""
    return share_text(share).replace("%", f"{NBSP}%")


def labels_text(prompt: Prompt) -> str:
    """The labels, or the ends of many."""
    labels = prompt.outcomes
    if prompt.form == "range":
        return f"{labels[0]} to {labels[-1]}"
    if len(labels) <= MOST_NAMED:
        return ", ".join(labels)
    return f"{labels[0]}, {labels[1]}, … {labels[-1]} ({len(labels)} labels)"
