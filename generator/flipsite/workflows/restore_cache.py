"""A committed snapshot taken into an empty cache, so that a clone goes on where its author stopped."""

import json
from collections.abc import Iterator, Sequence
from math import copysign, floor, fsum, isnan, log, log10, nan
from pathlib import Path

from flipsite.collect.reading.answer import READER
from flipsite.domain.draws import (
    STATUSES,
    Declined,
    Draws,
    Failed,
    Outcome,
    OutcomeSequence,
    Rejected,
    Result,
    Status,
    probabilities_of,
)
from flipsite.domain.endpoint import Reading, RequestRecord, ResponseRecord
from flipsite.domain.money import NOTHING, Usd, usd_or_none
from flipsite.errors import UsageError
from flipsite.project import snapshot_files
from flipsite.store.cache.cache import Cache
from flipsite.store.snapshot.read import read_groups

REASON = "adopted from a snapshot, which keeps no reason"


def adopt_snapshot(folder: Path, cache: Cache) -> tuple[int, Usd]:
    """Write a snapshot's draws that the cache lacks into it, all or none: asked, answered and paid.

    Args:
        folder: The study's.
        cache: The study's share of it.

    Returns:
        How many draws were adopted, and what they have cost.

    Raises:
        UsageError: If there is no snapshot, or its draws were imported without what a cache needs to know.
        StoreError: If the snapshot cannot be read, or the cache cannot be written.
    """
    files = snapshot_files(folder)
    if not files:
        raise UsageError(f"{folder}: no snapshot to adopt; leave --adopt out.")
    adopted, billed = 0, NOTHING

    def missing() -> Iterator[tuple[RequestRecord, ResponseRecord]]:
        nonlocal adopted, billed
        for draws in read_groups(files):
            for index, model in enumerate(draws.models):
                known = cache.known(model)
                for row in range(*draws.rows(index).indices(len(draws))):
                    request, response = _records(draws, model, row, folder)
                    if (request.labels, request.order, request.draw) not in known:
                        adopted += 1
                        billed += response.billed_usd or NOTHING
                        yield request, response

    cache.adopt(missing())
    return adopted, billed


def _records(draws: Draws, model: str, row: int, folder: Path) -> tuple[RequestRecord, ResponseRecord]:
    labels, asked_at, order = draws.labels[row], draws.asked_at[row], int(draws.order[row])
    if labels is None or asked_at is None or order < 0:
        raise UsageError(
            f"{folder}: draw {draws.draw[row]} of {model} was imported without its labels, their order or "
            "its time, so that it cannot be adopted; collect into another study."
        )
    billed = (usd_or_none(float(draws.cost_usd[row])) or NOTHING).nearest()
    result = _result(draws, row)
    request = RequestRecord(
        model=model,
        draw=int(draws.draw[row]),
        labels=tuple(json.loads(labels)),
        order=order,
        mode=draws.mode[row] or "text",
        sent="{}",
        worst_usd=billed,
        asked_at=asked_at,
    )
    response = ResponseRecord(
        attempt=0,
        code=None,
        body=_body(draws, row),
        latency_s=float(draws.latency_s[row]),
        generation=None,
        billed_usd=billed,
        fault=REASON if isinstance(result, Failed) else None,
        reading=Reading(result=result, reader=READER),
        served_model=draws.served_model[row] if draws.served_model is not None else None,
    )
    return request, response


def _result(draws: Draws, row: int) -> Result:
    status = STATUSES[int(draws.status[row])]
    if draws.sequence is not None and (text := draws.sequence[row]) is not None:
        return OutcomeSequence(indices=tuple(map(int, text.split())))
    if draws.accepted is not None and draws.accepted[row] == 0:
        return Declined()
    if status is Status.VALID:
        return Outcome(index=int(draws.outcome[row]))
    return Failed(reason=REASON) if status is Status.ERROR else Rejected(status=status, reason=REASON)


def _body(draws: Draws, row: int) -> bytes:
    """A completion that reads as the snapshot's row does."""
    counts = {
        name: None if isnan(number := float(getattr(draws, name)[row])) else int(number)
        for name in ("prompt_tokens", "completion_tokens", "reasoning_tokens")
    }
    reasoning = {"reasoning_tokens": counts.pop("reasoning_tokens")}
    choice = {
        "finish_reason": draws.finish_reason[row],
        "message": {"content": draws.response[row]},
        "logprobs": _logprobs(draws, row),
    }
    body = {
        "provider": draws.provider[row],
        "model": draws.served_model[row] if draws.served_model is not None else None,
        "choices": [choice],
        "usage": {**counts, "completion_tokens_details": reasoning},
    }
    return json.dumps(body).encode()


def _logprobs(draws: Draws, row: int) -> object:
    """Log-probabilities of one token that give the row's probabilities again; None where it has none."""
    labels = json.loads(draws.labels[row] or "[]")
    text, drawn = draws.p_labels[row] if draws.p_labels is not None else None, int(draws.outcome[row])
    p = probabilities_of(text) if text else None
    if p is None or drawn < 0 or len(p) != len(labels):
        return None
    shares = _unrounded(p, float(draws.p_cover[row]) if draws.p_cover is not None else nan)
    top = [
        {"token": label, "logprob": log(each) if each else None}
        for label, each in zip(labels, shares, strict=True)
        if each is not None
    ]
    own = shares[drawn]
    return {"content": [{"token": labels[drawn], "logprob": log(own) if own else None, "top_logprobs": top}]}


def _unrounded(p: Sequence[float | None], cover: float) -> list[float | None]:
    """Probabilities that round to these six digits, and whose sum rounds to the cover.

    Each was rounded for itself, so that their sum may miss the cover by a few of its last digits: each is
    moved by the same part of its own last digit.
    """
    digits = [_last_digit(each) for each in p if each]
    missing, enough = cover - fsum(each for each in p if each), _last_digit(cover) / 2
    if not digits or not abs(missing) > enough:
        return list(p)
    least = (abs(missing) - enough) / fsum(digits)
    part = copysign((least + 0.5) / 2, missing)  # from half a digit on a probability would round to another
    return [each + part * _last_digit(each) if each else each for each in p]


def _last_digit(number: float) -> float:
    """The unit of the sixth digit of a positive number."""
    return float(10.0 ** (floor(log10(number)) - 5))
