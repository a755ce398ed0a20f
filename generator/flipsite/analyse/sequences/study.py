"""A study of several draws in one answer: its answers, tallies and estimates."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from math import isfinite

import numpy as np

from flipsite.analyse.binomial import LEVEL, Floats, jeffreys
from flipsite.analyse.dependence.design_effect import answers_design_effect
from flipsite.analyse.estimates import competition_ranks, counted_alone
from flipsite.analyse.noise_floor import multinomial_noise_floor
from flipsite.analyse.outcomes.entropy import effective_outcomes, entropy_bits
from flipsite.analyse.outcomes.estimates import likeliest
from flipsite.analyse.outcomes.multinomial import total_variation_quantiles
from flipsite.analyse.p_values import benjamini_hochberg
from flipsite.analyse.sequences.estimates import SequenceEstimate, SequenceVerdict, sequence_estimates
from flipsite.analyse.sequences.statistics import Answers
from flipsite.analyse.verdict import FAIR_MARGIN, verdict
from flipsite.domain.draws import STATUSES, Draws, Status, Tally
from flipsite.domain.estimates import Estimate
from flipsite.domain.study import Study


@dataclass(frozen=True, slots=True, kw_only=True)
class SequenceStudy:
    """The analysis of a study of several draws in one answer.

    Attributes:
        answers: The valid answers of each model, of shape (m, L), in the order in which they were asked.
        sequences: What they say of the order and the sameness of answers, by model.
        tallies: Counts by model: `n_valid` are answers, `counts` and `n_ones` the draws in them.
        estimates: One record a model, sorted by model; `ones` is null, for a draw is an answer here.
    """

    answers: Mapping[str, Answers]
    sequences: Mapping[str, SequenceEstimate]
    tallies: tuple[Tally, ...]
    estimates: tuple[Estimate, ...]

    @property
    def patterned(self) -> frozenset[str]:
        """The models whose answers are shown not to be of independent draws."""
        return frozenset(
            model for model, each in self.sequences.items() if each.verdict is SequenceVerdict.PATTERNED
        )


def sequence_study(study: Study, draws: Draws, tallies: Sequence[Tally]) -> SequenceStudy:
    """Analyse a study's answers.

    The shares come from all draws of the valid answers. How far they may be off comes from the answers: where
    counts scatter more from answer to answer than those of independent draws, the draws count for as many
    fewer (a design effect), and the p-value is that of the null of answers.

    Args:
        study: Its prompt names the target, its sampling the draws in an answer.
        draws: Of the study.
        tallies: Of the answers, in the order of `draws.models`.
    """
    k, length = len(study.prompt.outcomes), study.sampling.per_answer
    answers = answers_of(draws, per_answer=length)
    sequences = sequence_estimates(
        answers, {each.model: each.n_draws for each in tallies}, per_answer=length, shares=study.prompt.shares
    )
    counted = tuple(_with_counts(each, answers[each.model], k) for each in tallies)
    by_model = {each.model: each for each in sequences}
    return SequenceStudy(
        answers=answers,
        sequences=by_model,
        tallies=counted,
        estimates=_estimates(study, counted, answers, by_model),
    )


def answers_of(draws: Draws, *, per_answer: int) -> dict[str, Answers]:
    """The valid answers of each model, of shape (m, per_answer); those of another length are left out."""
    valid = draws.status == STATUSES.index(Status.VALID)
    texts = draws.sequence or [None] * len(draws)
    found = {}
    for index, model in enumerate(draws.models):
        rows = range(*draws.rows(index).indices(len(draws)))
        stated = [text.split() for row in rows if valid[row] and (text := texts[row]) is not None]
        kept = [row for row in stated if len(row) == per_answer]
        found[model] = np.array(kept, np.int64).reshape(len(kept), per_answer)
    return found


def _with_counts(tally: Tally, answers: Answers, n_outcomes: int) -> Tally:
    counts = np.bincount(answers.reshape(-1), minlength=n_outcomes)
    return replace(
        tally, n_valid=len(answers), n_ones=int(counts[1]), counts=tuple(map(int, counts[:n_outcomes]))
    )


def _estimates(
    study: Study,
    tallies: Sequence[Tally],
    answers: Mapping[str, Answers],
    sequences: Mapping[str, SequenceEstimate],
) -> tuple[Estimate, ...]:
    """The records of `estimates.json`."""
    shares, k = study.prompt.shares, len(study.prompt.outcomes)
    drawn = [tally for tally in tallies if sequences[tally.model].bias is not None]
    matrix = np.array([tally.counts for tally in drawn], np.int64).reshape(len(drawn), k)
    n_pooled = matrix.sum(axis=1)
    worth = np.array(
        [
            max(1, round(n / answers_design_effect(answers[tally.model], shares)))
            for tally, n in zip(drawn, n_pooled.tolist(), strict=True)
        ]
    )
    bias = np.array([sequences[tally.model].bias for tally in drawn], np.float64)
    q = benjamini_hochberg(np.array([sequences[tally.model].p_value for tally in drawn], np.float64))
    half = total_variation_quantiles(worth.tolist(), k)
    reach = np.array([half[n] for n in worth.tolist()])
    floor, effective = multinomial_noise_floor(n_pooled, shares), effective_outcomes(matrix)
    entropy, rank = entropy_bits(matrix), competition_ranks(np.round(bias, 12))
    bounds = _rank_bounds(bias, worth.tolist(), k)
    records = {}
    for i, tally in enumerate(drawn):
        own = sequences[tally.model]
        mean, low, high = _mean(tally.counts, int(worth[i]))
        fair = own.verdict is not SequenceVerdict.PATTERNED and bias[i] + reach[i] <= FAIR_MARGIN
        records[tally.model] = replace(
            counted_alone(study, tally),
            mean=mean,
            mean_low=low,
            mean_high=high,
            bias=float(bias[i]),
            bias_low=max(0.0, float(bias[i] - reach[i])),
            bias_high=min(1.0, float(bias[i] + reach[i])),
            noise_floor=float(floor[i]),
            p_value=own.p_value,
            q_value=float(q[i]),
            verdict=verdict(float(q[i]), fair=fair),
            rank=int(rank[i]),
            rank_low=bounds[i][0],
            rank_high=bounds[i][1],
            top=likeliest(study, matrix[i]),
            top_share=float(matrix[i].max() / n_pooled[i]),
            effective=float(effective[i]) if isfinite(effective[i]) else None,
            entropy_bits=float(entropy[i]),
        )
    return tuple(records.get(tally.model) or counted_alone(study, tally) for tally in tallies)


def _mean(counts: Sequence[int], worth: int) -> tuple[float | None, float | None, float | None]:
    """A coin's share of ones and its interval, for a number of independent draws; None of other outcomes."""
    if len(counts) != 2:
        return None, None, None
    mean = counts[1] / sum(counts)
    low, high = jeffreys(round(mean * worth), worth)
    return mean, min(float(low), mean), max(float(high), mean)


def _rank_bounds(bias: Floats, worth: Sequence[int], n_outcomes: int) -> list[tuple[int, int]]:
    """The ranks that each model may have, all of them at once with probability 0.95 (Bonferroni)."""
    level = 1 - (1 - LEVEL) / max(1, len(worth))
    half = total_variation_quantiles(worth, n_outcomes, level=level)
    reach = np.array([half[n] for n in worth])
    low, high = bias - reach, bias + reach
    return [
        (1 + int((high < low[i]).sum()), len(worth) - int((low > high[i]).sum())) for i in range(len(worth))
    ]
