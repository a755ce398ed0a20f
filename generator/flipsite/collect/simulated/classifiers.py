"""Classifiers of known truth: they say what models are, and how far they can be believed is known."""

import hashlib
import json
from collections.abc import Mapping

from flipsite.collect.simulated.coins import Coin, CoinAnswer, Manner, Toss, Truth

_FAMILIES = ("Obol 2", "Drachma", "Guinea 3.1", "its own")
_TUNINGS = ("instruct", "roleplay", "coding", "vision")


def truth_about(model: str) -> dict[str, str]:
    """A simulated model's true features, drawn from its name alone."""
    digest = hashlib.sha256(f"flipsite truth 1\n{model}".encode("utf-8", "surrogatepass")).digest()
    moe = digest[0] < 77
    total = (8, 14, 32, 70, 109, 235, 480)[digest[1] % 7]
    return {
        "architecture": "moe" if moe else "dense",
        "parameters_total_b": str(total),
        "parameters_active_b": str(total // 4 if moe else total),
        "reasoning": "yes" if digest[2] < 64 else "no",
        "tuning": _TUNINGS[digest[3] % 4],
        "open_weights": "yes" if digest[4] < 128 else "no",
        "released": f"202{3 + digest[5] % 3}-{1 + digest[6] % 8:02d}",
        "base_family": _FAMILIES[digest[7] % 4],
    }


def truthful(toss: Toss, _label: str) -> CoinAnswer:
    """States the truth, except for one feature in ten, which it does not know."""
    about = asked_about(toss.text)
    known = {
        feature: "unknown" if toss.chance(f"{about} {feature}", draw=0) < 0.1 else value
        for feature, value in truth_about(about).items()
    }
    return _said(toss, known)


def wavering(toss: Toss, _label: str) -> CoinAnswer:
    """States the truth, but takes the architecture back at every other asking, and the size at each."""
    known = truth_about(asked_about(toss.text))
    if toss.draw % 2:
        known["architecture"] = "dense" if known["architecture"] == "moe" else "moe"
    known["parameters_total_b"] = str(1_000 * (1 + toss.draw))
    return _said(toss, known)


def asked_about(text: str) -> str:
    """The model that a question is about: the first line that is a JSON string."""
    for line in text.splitlines():
        if line.startswith('"'):
            return str(json.loads(line))
    return ""


def _said(toss: Toss, known: Mapping[str, str]) -> CoinAnswer:
    """In the form that was asked for; without a schema in prose and a code fence, as models do."""
    stated = {
        feature: {"value": _typed(value), "source": "the simulated world"} for feature, value in known.items()
    }
    text = json.dumps(stated)
    return CoinAnswer(
        content=text if toss.structured else f"Here is what I know:\n```json\n{text}\n```\nAnything else?"
    )


def _typed(value: str) -> str | float:
    return float(value) if value.isdecimal() else value


def _classifier(name: str, says: str, manner: Manner) -> Coin:
    return Coin(
        id=f"simulated/{name}",
        truth=Truth(p=None, says=says),
        manner=manner,
        parameters=("max_tokens", "response_format", "structured_outputs"),
    )


CLASSIFIERS: tuple[Coin, ...] = (
    _classifier("classifier", "Knows the truth about models, nine features in ten.", truthful),
    _classifier("wavering-classifier", "Contradicts itself on architecture and size.", wavering),
)
"""Beside the coins where features are asked for; no study flips them."""
