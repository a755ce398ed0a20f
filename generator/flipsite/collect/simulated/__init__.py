"""The simulated endpoint: coins of known truth behind the real protocol, for trying and for testing.

`Endpoint` is an ASGI application: in process it is the transport of the real client, and over
loopback `python -m flipsite.collect.simulated` serves it. What a coin says depends on the seed, its name and
the draw's number, which the client sends in the header `X-Flipsite-Draw`; so a study is the same to the byte
whatever the concurrency. A request without the header counts as the coin's next draw.
"""

from flipsite.collect.simulated.classifiers import CLASSIFIERS
from flipsite.collect.simulated.coins import COINS, TRUTHS, Coin, Truth, fair_coin
from flipsite.collect.simulated.dice import DICE, NUMBERS, SAMPLER_TRUTHS
from flipsite.collect.simulated.endpoint import DRAW_HEADER, Bill, Conditions, Endpoint
from flipsite.collect.simulated.faults import Fault, fault_coins
from flipsite.collect.simulated.logprobs import LOGPROB_COINS
from flipsite.collect.simulated.methods import METHOD_COINS
from flipsite.collect.simulated.sequences import ROW_COINS
from flipsite.domain.study import Study

__all__ = [
    "CLASSIFIERS",
    "COINS",
    "DICE",
    "DRAW_HEADER",
    "LOGPROB_COINS",
    "METHOD_COINS",
    "NUMBERS",
    "ROW_COINS",
    "SAMPLER_TRUTHS",
    "TRUTHS",
    "Bill",
    "Coin",
    "Conditions",
    "Endpoint",
    "Fault",
    "Truth",
    "catalogue_for",
    "fair_coin",
    "fault_coins",
]


def catalogue_for(study: Study) -> tuple[Coin, ...]:
    """The simulated models that can answer a study."""
    if study.sampling.per_answer > 1:
        return ROW_COINS
    if study.method.kind != "direct" or any(coin.id in study.models.include for coin in METHOD_COINS):
        return METHOD_COINS
    if study.prompt.n_outcomes == 2:
        return LOGPROB_COINS if study.sampling.logprobs else COINS
    return NUMBERS if study.prompt.form == "range" else DICE
