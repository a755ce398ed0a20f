"""A stored raw answer as a draw, and read once more by today's reader."""

from flipsite.collect.answer import READER, read_answer
from flipsite.collect.money import usd
from flipsite.collect.replies import Reply, read_reply
from flipsite.domain.draws import Draw, Failed, Outcome, Rejected
from flipsite.domain.endpoint import Kept, Reading


def draw_of(kept: Kept) -> Draw:
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
        mode=kept.mode,
        prompt_tokens=reply.prompt_tokens,
        completion_tokens=reply.completion_tokens,
        reasoning_tokens=reply.reasoning_tokens,
        cost_usd=usd(kept.cost_pico),
        latency_s=kept.latency_s,
        asked_at=kept.asked_at,
    )


def read_flip(reply: Reply, *, labels: tuple[str, str], mode: str) -> Outcome | Rejected:
    """The side that a completion states."""
    return read_answer(
        reply.response, labels=labels, finish_reason=reply.finish_reason, refusal=reply.refusal, mode=mode
    )


def read_again(kept: Kept) -> Reading | None:
    """What today's reader reads in a stored answer; None where no answer came, or moderation kept it back."""
    if isinstance(kept.result, Failed) or not kept.body:
        return None
    reply = read_reply(kept.body)
    if not reply.answered:
        return None
    return Reading(result=read_flip(reply, labels=kept.labels, mode=kept.mode or "text"), reader=READER)
