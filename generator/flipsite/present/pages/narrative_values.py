"""The named numbers a narrative may ask for: every one computed, none typed."""

from collections import Counter
from collections.abc import Mapping, Sequence
from statistics import multimode

from flipsite.analyse.noise_floor import chance_within
from flipsite.analyse.outcomes.within_orders import sampler_noise_floor
from flipsite.analyse.report import StudyReport
from flipsite.analyse.sequences.estimates import SequenceVerdict
from flipsite.analyse.sequences.study import SequenceStudy
from flipsite.analyse.stopping import StoppingState
from flipsite.domain.display import usd_text
from flipsite.domain.estimates import Printed, PrintedBias, Sway, Verdict
from flipsite.domain.money import total
from flipsite.domain.study import Study
from flipsite.present.text.formats import (
    bias_text,
    count_text,
    equal_p_text,
    percent_text,
    share_text,
    signed_text,
)
from flipsite.present.text.predictors import could_see_sentence, overall_sentence
from flipsite.present.text.verdicts import odds_text, rules


def study_values(report: StudyReport) -> dict[str, str]:
    """Name and text of each number of a study."""
    study, estimates = report.study, report.estimates
    verdicts = Counter(estimate.verdict for estimate in estimates)
    biases = sorted(one.ranking_bias for one in estimates if one.ranking_bias is not None)
    collected = [estimate.draws for estimate in estimates if estimate.draws] or [study.sampling.draws]
    draws = report.printed.draws_about if report.printed else multimode(sorted(collected, reverse=True))[0]
    in_orders = any(one.bias_within is not None for one in estimates)
    values = {
        "title": study.title,
        "models": count_text(report.printed.n_models if report.printed else len(estimates)),
        "models_shown": count_text(len(estimates)),
        "models_skipped": count_text(len(study.models.skip)),
        "draws_per_model": count_text(draws) if report.printed else _from_to(collected),
        "noise_floor": bias_text(sampler_noise_floor(study, draws, in_orders=in_orders)),
        "biased": count_text(verdicts[Verdict.BIASED]),
        "fair": count_text(verdicts[Verdict.FAIR]),
        "undecided": count_text(verdicts[Verdict.UNDECIDED]),
    } | rules()
    if biases:
        values |= {"bias_least": bias_text(biases[0]), "bias_most": bias_text(biases[-1])}
    values |= _fairness_values(report) | _claim_values(report)
    if report.fit:
        values |= {
            "predictors_finding": overall_sentence(report.fit),
            "predictors_power": could_see_sentence(report.fit),
        }
    if report.sequences:
        values |= _sequence_values(study, report.sequences)
    if report.tallies:
        values |= _drawn_values(report)
    if report.printed:
        values |= _printed_values(report, report.printed)
    return values


def _from_to(numbers: Sequence[int]) -> str:
    low, high = min(numbers), max(numbers)
    return count_text(low) if low == high else f"{count_text(low)} to {count_text(high)}"


def model_values(report: StudyReport, model: str) -> dict[str, str]:
    """Name and text of each number of one model of a study."""
    estimate = {one.model: one for one in report.estimates}[model]
    values = {
        "draws": count_text(estimate.draws),
        "valid": count_text(estimate.valid),
        "ones": count_text(estimate.ones),
        "bias": bias_text(estimate.ranking_bias),
        "noise_floor": bias_text(estimate.ranking_noise_floor),
        "verdict": str(estimate.verdict),
        "follows": FOLLOWS[estimate.sway],
        "top": estimate.top or "",
        "top_share": percent_text(estimate.top_share or 0.0),
    }
    if estimate.draws is not None and estimate.valid is not None:
        values["unread"] = count_text(estimate.draws - estimate.valid)
    if report.counts and (arms := report.counts.models[model].shown):
        first = sum(arm.counts[arm.order] for arm in arms)
        share = first / sum(sum(arm.counts) for arm in arms)
        values |= {"first_named": count_text(first), "first_named_share": percent_text(share)}
    if report.sequences and (row := report.sequences.sequences.get(model)):
        script, times = row.scripts[0] if row.scripts else ((), 0)
        values |= {
            "answers": count_text(row.answers),
            "valid_answers": count_text(row.valid),
            "distinct_answers": count_text(row.distinct_answers),
            "commonest_answer": ", ".join(report.study.prompt.outcomes[i] for i in script),
            "commonest_times": count_text(times),
        }
    return values


FOLLOWS = {None: "neither", Sway.ORDER: "the order of the labels", Sway.LABEL: "the labels themselves"}
"""The rule that a model follows, in words."""


def _sequence_values(study: Study, found: SequenceStudy) -> dict[str, str]:
    each = list(found.sequences.values())
    verdicts = Counter(one.verdict for one in each)
    fewest = min((one.distinct_answers for one in each if one.valid > 1), default=None)
    kept = [one.length_kept for one in each if one.length_kept is not None]
    return {
        "per_answer": count_text(study.sampling.per_answer),
        "patterned": count_text(verdicts[SequenceVerdict.PATTERNED]),
        "independent": count_text(verdicts[SequenceVerdict.INDEPENDENT]),
        "fewest_answers": count_text(fewest),
        "length_kept": percent_text(sum(kept) / len(kept) if kept else 0.0),
    }


def _fairness_values(report: StudyReport) -> dict[str, str]:
    values: dict[str, str] = {}
    if share := report.fair_share:
        values |= {
            "fair_share": percent_text(share.share),
            "fair_share_low": percent_text(share.share_low),
            "fair_share_high": percent_text(share.share_high),
            "fair_models": count_text(share.share * share.n_models),
            "fair_models_most": count_text(share.n_most),
            "fair_models_most_average": count_text(share.n_most_average),
            "fair_criterion": share.criterion,
            "fair_near": count_text(share.n_near),
            "fair_chance": percent_text(share.chance),
        }
    if population := report.population:
        values |= {
            "population_fair": percent_text(population.fair),
            "population_fair_low": percent_text(population.fair_low),
            "population_fair_high": percent_text(population.fair_high),
            "population_spread": share_text(population.spread, decimals=2),
        }
    return values


def _claim_values(report: StudyReport) -> dict[str, str]:
    """Each claim's numbers, under names that begin with its kind."""
    values = {"claims": count_text(len(report.claims))} if report.claims else {}
    for each in report.claims:
        n_least, n_kind = each.table.ones_a, each.table.n_a
        words = {
            "models": count_text(n_kind),
            "least": count_text(n_least),
            "most": count_text(n_kind - n_least),
            "unknown": count_text(each.n_unknown),
            "difference": signed_text(each.difference),
            "low": signed_text(each.low),
            "high": signed_text(each.high),
            "p": equal_p_text(each.p_value),
            "p_odds": odds_text(each.p_value),
            "authors": count_text(each.n_authors),
            "p_authors": equal_p_text(each.p_authors),
            "p_authors_odds": odds_text(each.p_authors),
            "p_lowest": equal_p_text(each.p_lowest),
            "p_highest": equal_p_text(each.p_highest),
        }
        values |= {f"{each.kind}_{name}": text for name, text in words.items()}
    return values


def _drawn_values(report: StudyReport) -> dict[str, str]:
    costs = [tally.cost_usd for tally in report.tallies if tally.cost_usd is not None]
    stops = report.stops.values()
    n_until = sum(stop.n_draws for stop in stops)
    return {
        "settled": count_text(sum(stop.state is not StoppingState.OPEN for stop in stops)),
        "draws_until_settled": count_text(n_until),
        "saved_by_settling": percent_text(1 - n_until / max(1, sum(stop.n_asked for stop in stops))),
        "draws": count_text(sum(tally.n_draws for tally in report.tallies)),
        "valid": count_text(sum(tally.n_valid for tally in report.tallies)),
        "spend": usd_text(total(costs) if costs else None),
    }


def _printed_values(report: StudyReport, printed: Printed) -> dict[str, str]:
    least = [row for row in printed.rows if row.table == "least"]
    most = [row for row in printed.rows if row.table == "most"]
    widest = max(float(row.figure) for row in least)
    places = report.rank_estimates
    chance = chance_within(widest, printed.draws_about, report.study.prompt.target)
    return {
        "least_count": count_text(len(least)),
        "most_count": count_text(len(most)),
        "unprinted": count_text(printed.n_models - len(printed.rows)),
        "least_widest": max(least, key=lambda row: float(row.figure)).figure,
        "most_narrowest": min(most, key=lambda row: float(row.figure)).figure,
        "most_narrowest_odds": odds_text(_chance_of_any(report, printed, most)),
        "least_zero": count_text(sum(float(row.figure) == 0 for row in least)),
        "chance_within_least": percent_text(chance),
        "fair_expected_within_least": count_text(chance * printed.n_models),
        "least_shown_biased": count_text(_shown_biased(report, least)),
        "most_shown_biased": count_text(_shown_biased(report, most)),
        "least_kept": count_text(sum(places[row.model].p_least for row in least if row.model in places)),
        "most_kept": count_text(sum(places[row.model].p_most for row in most if row.model in places)),
        "least_rank_high": count_text(
            max((places[row.model].rank_high for row in least if row.model in places), default=None)
        ),
        "draws_low": count_text(printed.draws_low),
        "draws_high": count_text(printed.draws_high),
        "draws_known": count_text(sum(len(report.fits[row.model]) == 1 for row in printed.rows)),
        "spend_run": f"${printed.spend_run_usd:g}",
        "spend_total": f"${printed.spend_total_usd:g}",
        "roleplay_named": count_text(len(printed.roleplay)),
    }


def _chance_of_any(report: StudyReport, printed: Printed, most: list[PrintedBias]) -> float:
    """Probability that any of as many fair coins reaches the smallest figure of the most biased, at most.

    The largest over the numbers of draws that a model may have had.
    """
    smallest = min(most, key=lambda row: float(row.figure))
    reach = float(smallest.figure) - 0.5 * 10.0**-smallest.decimals
    target = report.study.prompt.target
    numbers = range(printed.draws_low, printed.draws_high + 1)
    beyond = max(1 - chance_within(reach - 1e-9, n, target) for n in numbers)
    return 1 - float((1 - beyond) ** printed.n_models)


def _shown_biased(report: StudyReport, rows: list[PrintedBias]) -> int:
    verdict_of: Mapping[str, Verdict] = {record.model: record.verdict for record in report.estimates}
    return sum(verdict_of[row.model] is Verdict.BIASED for row in rows)
