"""A completion read as its study asks: an outcome, several in a row, or a yes or no to a proposal."""

import json
from dataclasses import dataclass

from flipsite.collect.reading.answer import OFF_LIST, READER, SEVERAL, last_stated, read_answer
from flipsite.collect.reading.logprobs import label_probabilities
from flipsite.collect.reading.sequence import read_sequence
from flipsite.collect.responses import Reply, read_reply, text_reply
from flipsite.domain.draws import Declined, Draw, Draws, Failed, Outcome, OutcomeSequence, Rejected
from flipsite.domain.endpoint import Reading, StoredDraw
from flipsite.domain.method import ACCEPT, REJECT, proposal, read_seed
from flipsite.domain.study import Study


def read_completion(
    reply: Reply, study: Study, *, model: str, draw: int, labels: tuple[str, ...], mode: str
) -> Outcome | OutcomeSequence | Declined | Rejected:
    """Read what a completion states.

    Args:
        reply: As it came.
        study: Says what was asked: one outcome, several, or a word on a proposal.
        model: Who was asked.
        draw: Its number, by which the proposal is known.
        labels: Of the outcomes.
        mode: As asked.
    """
    withheld = {"finish_reason": reply.finish_reason, "refusal": reply.refusal}
    if (count := study.sampling.per_answer) > 1:
        return read_sequence(reply.response, labels=labels, count=count, mode=mode, **withheld)
    if study.method.kind != "rejection":
        return read_answer(reply.response, labels=labels, mode=mode, **withheld)
    said = read_answer(reply.response, labels=(ACCEPT, REJECT), mode=mode, **withheld)
    if isinstance(said, Rejected):
        return said
    return Declined() if said.index else Outcome(index=proposal(model, draw, study.method.proposal))


def read_again(kept: StoredDraw, study: Study) -> Reading | None:
    """Read a stored answer with today's reader; None where no answer came, or moderation kept it back."""
    if isinstance(kept.result, Failed) or not kept.body:
        return None
    reply = read_reply(kept.body)
    if not reply.answered:
        return None
    mode = kept.mode or "text"
    result = read_completion(reply, study, model=kept.model, draw=kept.draw, labels=kept.labels, mode=mode)
    return Reading(result=result, reader=READER)


def draw_of(kept: StoredDraw, study: Study) -> Draw:
    """The public draw of a stored one."""
    reply, method = read_reply(kept.body or b""), study.method
    rejection = method.kind == "rejection"
    return Draw(
        model=kept.model,
        draw=kept.draw,
        labels=kept.labels,
        order=kept.order,
        result=kept.result,
        response=reply.response,
        finish_reason=reply.finish_reason,
        provider=reply.provider,
        served_model=reply.served_model,
        mode=kept.mode,
        probabilities=label_probabilities(
            None if rejection else reply.logprobs,
            labels=kept.labels,
            result=kept.result,
            mode=kept.mode or "text",
        ),
        prompt_tokens=reply.prompt_tokens,
        completion_tokens=reply.completion_tokens,
        reasoning_tokens=reply.reasoning_tokens,
        cost_usd=kept.cost_usd.dollars,
        latency_s=kept.latency_s,
        asked_at=kept.asked_at,
        proposed=proposal(kept.model, kept.draw, method.proposal) if rejection else None,
        seed_text=read_seed(reply.response) if method.kind == "seed" else None,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class UnparsedAnswer:
    """The statements of an unparsed answer in place of one outcome.

    Attributes:
        off_list: It names what was not offered.
        contradictory: It states more than one side.
        last: The outcome that a contradictory answer of one draw states last; None for none.
    """

    off_list: bool
    contradictory: bool
    last: int | None


def read_unparsed(study: Study, draws: Draws, *, model: str, row: int) -> UnparsedAnswer:
    """Read a snapshot's unparsed answer again."""
    reply = text_reply(draws.response[row], finish_reason=draws.finish_reason[row])
    labels = tuple(json.loads(draws.labels[row] or "null") or study.prompt.outcomes)
    mode, draw = draws.mode[row] or "text", int(draws.draw[row])
    result = read_completion(reply, study, model=model, draw=draw, labels=labels, mode=mode)
    reason = result.reason if isinstance(result, Rejected) else ""
    last = None
    if reason == SEVERAL and study.sampling.per_answer == 1:
        last = _last_outcome(reply, study, model=model, draw=draw, labels=labels, mode=mode)
    return UnparsedAnswer(off_list=reason == OFF_LIST, contradictory=reason == SEVERAL, last=last)


def _last_outcome(
    reply: Reply, study: Study, *, model: str, draw: int, labels: tuple[str, ...], mode: str
) -> int | None:
    """The outcome of the last statement alone; None also where that rejects a proposal."""
    end = reply.finish_reason
    if study.method.kind != "rejection":
        return last_stated(reply.response, labels=labels, finish_reason=end, mode=mode)
    accepted = last_stated(reply.response, labels=(ACCEPT, REJECT), finish_reason=end, mode=mode) == 0
    return proposal(model, draw, study.method.proposal) if accepted else None
