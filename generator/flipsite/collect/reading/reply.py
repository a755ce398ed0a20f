"""A completion read as its study asks: one draw, or several in a row."""

from flipsite.collect.budget import usd
from flipsite.collect.parse import READER, read_answer
from flipsite.collect.reading.logprobs import label_probabilities
from flipsite.collect.reading.sequence import read_sequence
from flipsite.collect.responses import Reply, read_reply
from flipsite.domain.draws import Draw, Failed, Outcome, OutcomeSequence, Rejected
from flipsite.domain.endpoint import Reading, StoredDraw


def read_completion(
    reply: Reply, *, labels: tuple[str, ...], mode: str, per_answer: int
) -> Outcome | OutcomeSequence | Rejected:
    """Read what a completion states: an outcome, or a row of `per_answer` of them."""
    withheld = {"finish_reason": reply.finish_reason, "refusal": reply.refusal}
    if per_answer > 1:
        return read_sequence(reply.response, labels=labels, count=per_answer, mode=mode, **withheld)
    return read_answer(reply.response, labels=labels, mode=mode, **withheld)


def read_again(kept: StoredDraw, *, per_answer: int) -> Reading | None:
    """Read a stored answer with today's reader; None where no answer came, or moderation kept it back."""
    if isinstance(kept.result, Failed) or not kept.body:
        return None
    reply = read_reply(kept.body)
    if not reply.answered:
        return None
    result = read_completion(reply, labels=kept.labels, mode=kept.mode or "text", per_answer=per_answer)
    return Reading(result=result, reader=READER)


def draw_of(kept: StoredDraw) -> Draw:
    """The public draw of a stored one."""
    reply = read_reply(kept.body or b"")
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
            reply.logprobs, labels=kept.labels, result=kept.result, mode=kept.mode or "text"
        ),
        prompt_tokens=reply.prompt_tokens,
        completion_tokens=reply.completion_tokens,
        reasoning_tokens=reply.reasoning_tokens,
        cost_usd=usd(kept.cost_pico),
        latency_s=kept.latency_s,
        asked_at=kept.asked_at,
    )
