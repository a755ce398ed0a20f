"""Methods in words: how a draw was asked for, what stands out, and what 1,000 draws take."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from statistics import median_low

from flipsite.analyse.methods.family import MethodFamily, MethodRecord
from flipsite.analyse.verdict import FAIR_MARGIN
from flipsite.domain.display import plural, usd_text
from flipsite.domain.money import NOTHING
from flipsite.present.text.formats import bias_text, count_text, how_many_are, percent_text


def way_text(record: MethodRecord) -> str:
    """Method, temperature and reasoning effort."""
    parts = [record.method]
    if record.temperature is not None:
        parts.append(f"temperature {record.temperature:g}")
    if record.reasoning is not None:
        parts.append(f"reasoning {record.reasoning}")
    return ", ".join(parts)


def remarks(record: MethodRecord) -> Iterable[str]:
    """The details of a record's method, and why its bits are not claimed."""
    if record.passes_all:
        yield "at this target every proposal should be accepted: the randomness is ours, not the model’s"
    elif record.is_ours:
        yield "accepts every proposal: the randomness is ours, not the model’s"
    for trial in record.trials:
        if trial.trials:
            rate, wanted = percent_text(trial.accepted / trial.trials), percent_text(trial.wanted)
            yield f"accepts {rate} of the proposals of outcome {trial.outcome}, where {wanted} is correct"
    if (seeds := record.seeds) and seeds.strings:
        yield f"{plural(seeds.distinct, 'different string')} in {count_text(seeds.strings)}"
        yield f"{plural(seeds.right, 'outcome')} computed correctly"
        yield f"bias recomputed from the strings {bias_text(seeds.bias_recomputed)}"
    if record.fair.why and not record.is_ours:
        yield f"bits not claimed: {record.fair.why}"


def takes_sentences(family: MethodFamily) -> list[str]:
    """The price of 1,000 draws within the margin with the best, the typical and the worst model.

    A model that is not within it by any way asked may still give fair bits, at a price of their own.
    """
    ways: defaultdict[str, list[MethodRecord]] = defaultdict(list)
    for record in family.records:
        ways[record.model].append(record)
    cheapest = {model: _cheapest(records) for model, records in ways.items()}
    able = sorted(
        (record for record in cheapest.values() if record is not None),
        key=lambda each: (each.usd_per_1000_within, each.model),
    )
    unable = [model for model, record in cheapest.items() if record is None]
    found = []
    if able:
        best, typical, worst = able[0], able[median_low(range(len(able)))], able[-1]
        found.append(f"The best model, {_takes(best)}.")
        if len(able) > 2:
            found.append(f"A typical one, {_takes(typical)}.")
        if len(able) > 1:
            found.append(f"The worst that can do it, {_takes(worst)}.")
    if unable:
        found += _without(unable, len(ways), family.records)
    return found


def _takes(record: MethodRecord) -> str:
    price = usd_text(record.usd_per_1000_within)
    within = f"1,000 draws within {FAIR_MARGIN:g} of the target"
    return f"{record.model}, takes {price} for {within} ({way_text(record)})"


def _cheapest(records: Sequence[MethodRecord]) -> MethodRecord | None:
    """The cheapest way that is within the margin."""
    shown = [each for each in records if each.usd_per_1000_within is not None]
    return min(shown, key=lambda each: each.usd_per_1000_within or NOTHING, default=None)


def _without(unable: Sequence[str], n_models: int, records: Sequence[MethodRecord]) -> Iterable[str]:
    """The models that no way brings within the margin, and the fair bits that can be extracted from them."""
    within = f"shown to draw within {FAIR_MARGIN:g} of the target in any way of asking."
    if len(unable) == n_models:
        yield how_many_are(0, n_models, within)
    else:
        yield how_many_are(len(unable), n_models, f"not {within}")
    able = sorted((each for each in records if each.model in unable and each.fair.claimed), key=_rate)
    best = {each.model: each for each in able if _rate(each)}
    if best:
        worst = min(best.values(), key=_rate)
        price = f"{usd_text(worst.fair.usd_per_1000_bits)} ({way_text(worst)})"
        yield (
            f"From {worst.model} 1,000 fair bits can still be extracted for {price}."
            if len(best) == 1
            else f"Fair bits can still be extracted from {len(best):,} of these, 1,000 for at most {price}."
        )
    elif free := max((each for each in able if each.fair.bits_low), key=_bits_a_draw, default=None):
        yield (
            f"The most fair bits are in the draws of {free.model} ({way_text(free)}): at least "
            f"{free.fair.bits_low:,.0f} in {plural(free.valid, 'draw')}."
        )


def _rate(record: MethodRecord) -> float:
    return record.fair.bits_per_usd or 0.0


def _bits_a_draw(record: MethodRecord) -> float:
    return (record.fair.bits_low or 0.0) / record.valid
