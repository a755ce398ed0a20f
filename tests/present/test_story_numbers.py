"""Each computed sentence of the story beside the number that it states."""

from collections import Counter
from functools import cache
from inspect import signature
from pathlib import Path

import numpy as np
import pytest
from markupsafe import Markup
from scipy import stats
from tests.narrowing import not_none

from flipsite.analyse.report import StudyReport
from flipsite.analyse.verdict import FAIR_MARGIN
from flipsite.domain.estimates import Estimate, Sway, Verdict
from flipsite.present.pages.narrative import render_narrative
from flipsite.present.pages.narrative_values import model_values, study_values
from flipsite.present.text.formats import bias_text, percent_text, share_text
from flipsite.present.text.predictors import could_see_sentence, overall_sentence
from flipsite.workflows.load import load_report

CONTENT = Path(__file__).parents[2] / "content"


SMALL, BASE = "huggingfacetb/smollm2-135m-instruct", "google/gemma-3-270m"


@cache
def report_of(study: str) -> StudyReport:
    return load_report(CONTENT / "studies" / study)


def estimate_of(study: str, model: str) -> Estimate:
    return next(one for one in report_of(study).estimates if one.model == model)


@pytest.fixture(scope="module")
def report() -> StudyReport:
    return report_of("article-2025")


@pytest.fixture(scope="module")
def pieces() -> tuple[str, list[str]]:
    """The story without its charts and tables, a mark in place of each number; and the numbers."""
    numbers: list[str] = []

    def value(name: str, *, study: str = "article-2025", model: str | None = None) -> str:
        found = report_of(study)
        values = study_values(found) if model is None else model_values(found, model)
        numbers.append(values[name])
        return f"NUMBER{len(numbers) - 1}END"

    def nothing(*_: object, **__: object) -> Markup:
        return Markup("")

    functions = {"value": value, "term": lambda word: word}
    functions |= dict.fromkeys(("chart", "table", "coin", "model", "takes"), nothing)
    html = render_narrative(CONTENT / "story.md", functions, raw={"link": str}).html
    return html.striptags(), numbers


def written(marked: str, numbers: list[str], *, wrong: int | None = None) -> str:
    """The story with its numbers, one of them wrong where that is asked."""
    for place, text in enumerate(numbers):
        marked = marked.replace(f"NUMBER{place}END", "WRONG" if place == wrong else text)
    return plain(marked)


@pytest.fixture(scope="module")
def story(pieces: tuple[str, list[str]]) -> str:
    return written(*pieces)


def plain(text: str) -> str:
    """As it reads, free to break anywhere."""
    return " ".join(text.replace("\N{NO-BREAK SPACE}", " ").replace("\N{WORD JOINER}", "").split())


def test_what_was_asked_and_printed(story: str, report: StudyReport) -> None:
    """The study's own settings, wherever the story repeats them."""
    printed = report.printed
    assert printed is not None
    least, most = (sum(row.table == table for row in printed.rows) for table in ("least", "most"))
    n, draws = printed.n_models, printed.draws_about
    between = f"the {n - least - most} unprinted ones included"
    for sentence in (
        f"asked about {n} of them all the same: one prompt, about {draws} draws from each",
        f"The fairest {least} and the most biased {most} were printed",
        f"A model that says the same thing {draws} times is not unlucky",
        f"Even allowing for {n} models having been tested",
        f"Flip one {draws} times, and its share",
        f"every one of the {least} “least biased” models lies below it: the widest of them is at",
        f"So the {least} fairest models cannot be distinguished",
        f"{draws} flips are too few to show that a coin is fair to within {FAIR_MARGIN}.",
        f"at {draws} flips a few perfectly fair coins look the same as many nearly fair ones",
        f"A list of the {least} least biased models should hold the {least} least biased",
        f"Ranks of all {n} can be simulated together, {between}",
        f"very little at the fair one; here are all {len(printed.rows)}",
        f"What kind the {n - least - most} models in between are",
        f"sums over every count of {printed.draws_low} to {printed.draws_high} draws",
        f"answer it, for a bias of at most {FAIR_MARGIN}.",
    ):
        assert sentence in story


def test_the_far_end(story: str, report: StudyReport) -> None:
    """How many are biased, and how often any of 240 fair coins would show as much as the mildest of them."""
    most = [row for row in not_none(report.printed).rows if row.table == "most"]
    verdicts = {record.model: record.verdict for record in report.estimates}
    biased = sum(verdicts[row.model] is Verdict.BIASED for row in most)
    assert (
        f"having been tested, {biased} of the {len(most)} printed as most biased are shown to be biased"
        in story
    )
    reach = 0.345
    worst = max(
        sum(stats.binom.pmf(k, n, 0.5) for k in range(n + 1) if abs(k / n - 0.5) >= reach - 1e-9)
        for n in range(40, 56)
    )
    chance = 1 - (1 - worst) ** 240
    assert f"a bias of 0.35, would turn up about once in {1 / chance:.0f} tries" in story


def test_the_surprise_at_the_other_end(story: str, report: StudyReport) -> None:
    fair = sum(record.verdict is Verdict.FAIR for record in report.estimates)
    floor = sum(abs(k / 50 - 0.5) * stats.binom.pmf(k, 50, 0.5) for k in range(51))
    within = stats.binom.cdf(26, 50, 0.5) - stats.binom.cdf(23, 50, 0.5)  # 24 to 26 ones: at most 0.032
    assert f"misses one half by {floor:.3f} on average" in story
    widest = max(float(row.figure) for row in not_none(report.printed).rows if row.table == "least")
    assert widest < floor
    assert f"the widest of them is at {widest}." in story
    assert (
        f"At or below 0.032, a perfectly fair coin lands {within:.0%} of the time".replace("%", " %") in story
    )
    assert f"The number of them shown to be fair is {fair}" in story


def test_room_for_fair_models_keeps_its_confidence_and_its_assumption(
    story: str, report: StudyReport
) -> None:
    share, people = report.fair_share, report.population
    assert f"of all 240 models only {not_none(share).n_near} have a {not_none(share).criterion}" in story
    assert plain(f"where {percent_text(not_none(share).chance)} of fair coins land") in story
    assert f"room for about {not_none(share).share * 240:.0f} fair models among 240" in story
    assert f"With 95 % confidence at most {not_none(share).n_most} of 240 could be fair" in story
    assert "whatever number of draws between 40 and 55 each model had" in story
    people = not_none(people)
    low, high = (f"{end:.0%}".replace("%", " %") for end in (people.fair_low, people.fair_high))
    fitted = f"{people.fair:.0%}".replace("%", " %")
    assert f"puts the fair share at {fitted} ({low} to {high})" in story
    assert "All three leave fewer than half of the models fair." in story
    assert max(not_none(share).share_high, people.fair_high, not_none(share).n_most / 240) < 0.5


def test_who_belongs_on_the_lists(story: str, report: StudyReport) -> None:
    rows = [row for row in not_none(report.printed).rows if row.model in report.rank_estimates]
    least = sum(report.rank_estimates[row.model].p_least for row in rows if row.table == "least")
    most = sum(report.rank_estimates[row.model].p_most for row in rows if row.table == "most")
    farthest = max(report.rank_estimates[row.model].rank_high for row in rows if row.table == "least")
    assert f"On average {least:.0f} of the names on the list belong there" in story
    assert f"and the 95 % rank interval of some reaches place {farthest}" in story
    assert f"Of the 20 most biased about {most:.0f} belong" in story


def test_kinds_are_tested_by_model_and_by_author(story: str, report: StudyReport) -> None:
    claims = {claim.kind: claim for claim in report.claims}
    roleplay, coding = claims["roleplay"], claims["coding"]
    named, least = roleplay.table.n_a, roleplay.table.ones_a
    assert f"names {named} of the printed models are tuned for role-playing" in story
    assert f"{least} of them are among the least biased, {named - least} among the most" in story
    as_uneven = f"in {roleplay.p_value:.0%} of all tries".replace("%", " %")
    assert f"splits so few models as unevenly {as_uneven} (p" in story
    assert f"But what {roleplay.n_unknown} more on the fair side are tuned for is unknown" in story
    assert roleplay.p_lowest < 0.001
    assert "all role-players too, the test would give p < 0.001." in story
    many, few = coding.table.n_a - coding.table.ones_a, coding.table.ones_a
    assert f"Mercury: {many} of those models are among the most biased and {few} among the least" in story
    assert f"any {coding.n_authors} authors of the tables are divided" in story
    assert f"and {coding.n_unknown} printed models are of unknown kind" in story
    reasoning = claims["reasoning"].table
    assert f"Of reasoning models {reasoning.n_a} can be recognised by their names" in story
    sides = reasoning.ones_a, reasoning.n_a - reasoning.ones_a
    assert f"{sides[0]} at the fair end, {sides[1]} at the other" in story
    assert f"(p = {roleplay.p_value:.3f}, Fisher’s exact test)" in story
    assert (
        f"chance would do that about once in {1 / coding.p_value:.0f} tries (p = {coding.p_value:.3f})"
        in story
    )
    assert f"they come from {coding.n_authors} authors" in story
    assert f"in {coding.p_authors:.0%} of all tries (p = {coding.p_authors:.3f})".replace("%", " %") in story
    assert share_text(coding.p_authors) == "0.105"


def test_what_the_regressions_found(story: str, report: StudyReport) -> None:
    assert f"The result: {overall_sentence(not_none(report.fit))}." in story
    assert plain(could_see_sentence(not_none(report.fit))) in story


def test_the_costs_are_the_sources(story: str) -> None:
    assert "The run itself cost less than $40, the whole adventure about $80" in story


def test_the_small_models_do_what_the_story_says_of_them(story: str) -> None:
    """The base model looks fair and follows the order, the other likes 1; both follow fresh orders."""
    base, small = (estimate_of("small-models", model) for model in (BASE, SMALL))
    fresh = [estimate_of("small-models-labels", model) for model in (BASE, SMALL)]
    assert base.bias is not None
    assert base.bias <= 0.1
    assert base.sway is Sway.ORDER
    assert [one.sway for one in fresh] == [Sway.ORDER, Sway.ORDER]
    assert small.verdict is Verdict.BIASED
    assert base.draws == small.draws
    assert f"Each had the article’s prompt {base.draws} times" in story
    assert f"nearly fair: {base.ones} ones in {base.valid} answers" in story
    assert f"In {first_named('small-models', BASE)} of them it named whichever side was listed first" in story
    assert f"it said 1 in {small.ones} of {small.valid} answers" in story
    named = [first_named("small-models-labels", model) for model in (BASE, SMALL)]
    assert (
        f"the label named first came in {named[0]} of Gemma’s {fresh[0].valid} answers "
        f"and in {named[1]} of SmolLM2’s" in story
    )


def first_named(study: str, model: str) -> int:
    """Valid draws that took the label named first, counted from the draws."""
    draws = report_of(study).draws
    assert draws is not None
    rows = draws.rows(draws.models.index(model))
    return int(((draws.outcome[rows] == draws.order[rows]) & (draws.outcome[rows] >= 0)).sum())


def test_a_higher_temperature_helps_and_does_not_cure(story: str) -> None:
    """At 0.5, 1 and 1.5: less bias each time, and at the end still more than twice that of a fair coin."""
    for model in (SMALL, BASE):
        found = [
            estimate_of(study, model) for study in ("small-models-t0-5", "small-models", "small-models-t1-5")
        ]
        cool, warm, hot = (one.ranking_bias for one in found)
        assert not_none(cool) > not_none(warm) > not_none(hot) > 2 * not_none(found[-1].noise_floor_within)
        assert f"{bias_text(cool)}, {bias_text(warm)} and {bias_text(hot)}" in story
    n = not_none(estimate_of("small-models-t1-5", BASE).draws)
    each = n // 2
    floor = sum(abs(k / each - 0.5) * stats.binom.pmf(k, each, 0.5) for k in range(each + 1))
    assert f"a fair coin shows {floor:.3f} on average at {n} draws in two orders" in story


def tops(study: str, model: str) -> tuple[str, str]:
    """The commonest outcome of a model, and its share, counted from the draws."""
    report = report_of(study)
    assert report.draws is not None
    outcomes = report.draws.outcome[report.draws.rows(report.draws.models.index(model))]
    counts = np.bincount(outcomes[outcomes >= 0])
    share = counts.max() / counts.sum()
    return report.study.prompt.outcomes[int(counts.argmax())], f"{share:.0%}".replace("%", " %")


def test_other_games(story: str) -> None:
    (face, often), (same, small) = (tops("small-models-die", model) for model in (BASE, SMALL))
    assert face == same
    assert f"With a die both say most often {face}, in {often} of Gemma’s throws and {small} of" in story
    rps = first_named("small-models-rps", BASE)
    valid = estimate_of("small-models-rps", BASE).valid
    assert f"Gemma took the sign named first in {rps} of {valid} draws" in story
    (number, share), (other, less) = (tops("small-models-range", model) for model in (BASE, SMALL))
    assert (
        f"its favourite is {number}, said in {share} of all answers; SmolLM2 says {other} in {less}." in story
    )


def answers_of(study: str, model: str) -> Counter[str]:
    """How often each answer of several draws came."""
    draws, labels = not_none(report_of(study).draws), report_of(study).study.prompt.outcomes
    texts = not_none(draws.sequence)[draws.rows(draws.models.index(model))]
    return Counter(", ".join(labels[int(code)] for code in text.split()) for text in texts if text)


def test_a_dozen_at_once_and_their_own_words(story: str) -> None:
    answers = answers_of("small-models-dozen", BASE)
    (commonest, times), *_ = answers.most_common()
    assert f"Gemma gave {len(answers)} different answers in {answers.total()};" in story
    assert f"“{commonest}” came {times} times" in story
    base_says, small_says = (
        answers_of("small-models-dozen-range", model).most_common(1)[0][0] for model in (BASE, SMALL)
    )
    assert f"Gemma says most often “{base_says}” and SmolLM2 “{small_says}”" in story
    small, base = (estimate_of("small-models-text", model) for model in (SMALL, BASE))
    assert f"named one side in {small.valid} of {small.draws} answers" in story
    assert f"left out after {base.draws} answers" in story


def test_the_small_models_chapter_counts_what_methods_gave(story: str) -> None:
    """A string of one's own, and a judgement of our proposals, gave few draws."""
    (seed,) = report_of("small-models-seed").tallies
    (rejection,) = report_of("small-models-rejection").tallies
    assert f"SmolLM2 gave a draw in {seed.n_valid} of {seed.n_draws} answers" in story
    assert f"a side that we proposed, in {rejection.n_valid} of {rejection.n_draws}." in story


def test_no_number_of_the_story_is_left_unread(pieces: tuple[str, list[str]], report: StudyReport) -> None:
    """Each number made wrong at each place where it stands fails one of the tests above."""
    checks = [
        (check, signature(check).parameters)
        for name, check in globals().items()
        if name.startswith("test_") and "story" in signature(check).parameters
    ]

    def is_read(place: int) -> bool:
        given = {"story": written(*pieces, wrong=place), "report": report}
        for check, takes in checks:
            try:
                check(**{name: given[name] for name in takes})
            except AssertionError:
                return True
        return False

    marked, numbers = pieces
    assert len(numbers) > 90
    unread = [place for place in range(len(numbers)) if not is_read(place)]
    assert [plain(marked.partition(f"NUMBER{place}END")[0][-60:]) for place in unread] == []
