"""The distribution a prompt asks for: outcomes and their shares, checked."""

import re
from collections.abc import Mapping, Sequence
from math import fsum, isfinite

from flipsite.domain.normalize import normalize
from flipsite.domain.study import (
    PLACEHOLDERS,
    UNKNOWN_PROMPT,
    LabelMode,
    MethodKind,
    OrderMode,
    OutcomeForm,
    Prompt,
)

MOST_OUTCOMES = 1_000
MOST_RANDOM = 12
"""More labels than this are never made up at random: they would look alike."""

MOST_PER_ANSWER = 1_000

_PLACEHOLDER = re.compile(r"\{(first|second|options|shares|low|high|count)\}")


class KeyFaultError(ValueError):
    """A setting that does not fit: its key within its table, and a sentence's end that says why."""

    def __init__(self, key: str, text: str) -> None:
        super().__init__(text)
        self.key = key


def prompt_of(
    *,
    template: str,
    pair: Sequence[str] | None,
    outcomes: object,
    target: object,
    labels: LabelMode,
    orders: OrderMode,
) -> Prompt:
    """The prompt that the keys of `[prompt]` describe.

    Args:
        template: As given.
        pair: The labels of a coin; None where the key is absent.
        outcomes: A list of labels, or a table with `from` and `to`; None where the key is absent.
        target: A number, the share of a coin's outcome 1; `uniform`; a list of shares or whole weights; or
            None where the key is absent.
        labels: As given.
        orders: As given.

    Raises:
        KeyFaultError: At the first key that does not fit the others.
    """
    if pair is not None and outcomes is not None:
        raise KeyFaultError("outcomes", "is there beside pair; keep one of the two")
    form, names = _outcomes(pair, outcomes)
    if labels == "random" and form == "range":
        raise KeyFaultError("labels", 'a range has no labels of its own; set labels = "fixed"')
    if labels == "random" and len(names) > MOST_RANDOM:
        raise KeyFaultError(
            "labels", f"random labels go with at most {MOST_RANDOM} outcomes, found {len(names)}"
        )
    if form == "pair" and orders == "rotated":
        raise KeyFaultError("orders", 'a pair is asked in "one" order or in "both"')
    if form != "pair" and orders == "both":
        raise KeyFaultError("orders", 'outcomes are asked in "one" order or "rotated"')
    shares = shares_of(target, len(names))
    prompt = Prompt(template=template, outcomes=names, shares=shares, labels=labels, orders=orders, form=form)
    _check_placeholders(prompt)
    return prompt


def shares_of(target: object, n_outcomes: int) -> tuple[float, ...]:
    """The shares that `target` names.

    Raises:
        KeyFaultError: If they are of another number, negative, or do not sum to 1.
    """
    if target is None or target == "uniform":
        return (1 / n_outcomes,) * n_outcomes
    if isinstance(target, int | float) and not isinstance(target, bool):
        if n_outcomes != 2:
            raise KeyFaultError(
                "target", f'expected "uniform" or a list of {n_outcomes} shares, found {target}'
            )
        if not 0 <= target <= 1:
            raise KeyFaultError("target", f"expected a number from 0 to 1, found {target}")
        return (1 - float(target), float(target))
    if not isinstance(target, Sequence) or isinstance(target, str) or not all(map(_is_number, target)):
        raise KeyFaultError(
            "target",
            f'expected a number from 0 to 1, "uniform", or a list of shares or weights, found {target!r}',
        )
    if len(target) != n_outcomes:
        raise KeyFaultError("target", f"expected {n_outcomes} shares, one an outcome, found {len(target)}")
    if strange := [share for share in target if not isfinite(share)]:
        raise KeyFaultError("target", f"a share is no finite number: {strange[0]}")
    if min(target) < 0:
        raise KeyFaultError("target", f"a share is negative: {min(target)}")
    if not any(target):
        raise KeyFaultError("target", "all shares are 0; give at least one outcome a share above 0")
    total = fsum(target)
    if all(isinstance(share, int) for share in target) and total > 0:
        return tuple(weight / total for weight in target)
    if abs(total - 1) > 1e-9:
        raise KeyFaultError("target", f"the shares sum to {total:.10g}, not to 1; whole weights need not")
    return tuple(map(float, target))


def check_per_answer(prompt: Prompt, per_answer: int) -> None:
    """Check the number of draws in one answer against the template.

    Raises:
        KeyFaultError: If the template does not say `{count}` where it must.
    """
    if per_answer > 1 and prompt.template != UNKNOWN_PROMPT and "{count}" not in prompt.template:
        raise KeyFaultError(
            "sampling.per_answer", f"{per_answer} draws in one answer need {{count}} in prompt.template"
        )


def check_method(prompt: Prompt, kind: MethodKind, per_answer: int) -> None:
    """Check the method against the outcomes and the number of draws in one answer.

    Raises:
        KeyFaultError: If it does not go with them.
    """
    if kind == "direct":
        return
    if per_answer > 1:
        raise KeyFaultError("sampling.per_answer", f"the method {kind} asks for one draw; set it to 1")
    if kind == "rejection" and prompt.n_outcomes > 2:
        raise KeyFaultError("method.kind", f"rejection goes with two outcomes, found {prompt.n_outcomes}")
    if kind == "rejection" and prompt.target in (0, 1):
        raise KeyFaultError(
            "method.kind", f"rejection needs a target between 0 and 1, found {prompt.target:g}"
        )


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


_ALIKE = "they differ in blanks, case or spelling alone"


def _outcomes(pair: Sequence[str] | None, outcomes: object) -> tuple[OutcomeForm, tuple[str, ...]]:
    if outcomes is None:
        names = ("0", "1") if pair is None else tuple(pair)
        folded = [normalize(name).strip() for name in names]
        if len(names) == 2 and all(folded) and folded[0] == folded[1] and names[0] != names[1]:
            raise KeyFaultError("pair", f"{names[0]!r} and {names[1]!r} are one label; {_ALIKE}")
        if len(names) != 2 or not all(folded) or folded[0] == folded[1]:
            raise KeyFaultError(
                "pair", f"expected a list of two different texts, neither empty, found {list(names)!r}"
            )
        return "pair", names
    if isinstance(outcomes, Mapping):
        return "range", _range(outcomes)
    if not isinstance(outcomes, Sequence) or isinstance(outcomes, str):
        raise KeyFaultError("outcomes", "expected a list of texts, or { from = 1, to = 100 }")
    if not all(isinstance(name, str) and name.strip() for name in outcomes):
        raise KeyFaultError("outcomes", "expected texts, none of them empty; write numbers in quotes")
    _check_number(len(outcomes))
    seen: dict[str, str] = {}
    for name in outcomes:
        folded_name = normalize(name).strip()
        if (other := seen.get(folded_name)) is not None:
            why = "is there twice" if other == name else f"and {name!r} are one label; {_ALIKE}"
            raise KeyFaultError("outcomes", f"{other!r} {why}")
        seen[folded_name] = name
    return "list", tuple(outcomes)


def _range(ends: Mapping[str, object]) -> tuple[str, ...]:
    low, high = ends.get("from"), ends.get("to")
    if set(ends) != {"from", "to"} or not (type(low) is int and type(high) is int):
        raise KeyFaultError("outcomes", "expected whole numbers from and to, such as { from = 1, to = 100 }")
    if low > high:
        raise KeyFaultError("outcomes", f"expected from below to, found from = {low} and to = {high}")
    _check_number(high - low + 1)
    return tuple(map(str, range(low, high + 1)))


def _check_number(n_outcomes: int) -> None:
    if not 2 <= n_outcomes <= MOST_OUTCOMES:
        raise KeyFaultError(
            "outcomes", f"expected 2 to {MOST_OUTCOMES:,} outcomes, found {max(n_outcomes, 0):,}"
        )


def _check_placeholders(prompt: Prompt) -> None:
    if prompt.template == UNKNOWN_PROMPT:  # of imported draws
        return
    found = set(_PLACEHOLDER.findall(prompt.template))
    if strange := sorted(found - set(prompt.placeholders)):
        known = ", ".join(f"{{{name}}}" for name in PLACEHOLDERS[prompt.form])
        raise KeyFaultError(
            "template", f"{{{strange[0]}}} has no meaning here; known here: {known}, {{count}}"
        )
    if prompt.form == "pair":
        missing = [name for name in PLACEHOLDERS["pair"] if name not in found]
        fine = not missing or not found & set(PLACEHOLDERS["pair"])
    else:
        fine = bool(found & {"options", "shares"}) or {"low", "high"} <= found
        missing = ["low", "high"] if prompt.form == "range" else ["options"]
    if not fine:
        names = " and ".join(f"{{{name}}}" for name in missing)
        raise KeyFaultError(
            "template", f"{names} missing; without it the model is not told what to draw from"
        )
    if prompt.form != "pair" and len(set(prompt.shares)) > 1 and "shares" not in found:
        raise KeyFaultError("template", "{shares} missing; without it the model is not told the shares")
