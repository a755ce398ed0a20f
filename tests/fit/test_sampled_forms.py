"""Tests that sample: they need `flipsite[bayes]`, and half a minute of compiling a form."""

import json
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner
from scipy import stats
from scipy.special import expit, logsumexp

from flipsite.analyse.published.possible_counts import fits
from flipsite.cli.main import cli
from flipsite.domain.draws import Tally
from flipsite.domain.estimates import Printed
from flipsite.domain.fit import FormName, Part
from flipsite.fit.counts import FlipCounts, counts_of_draws, counts_of_printed
from flipsite.fit.covariates import Covariates, covariates
from flipsite.fit.forms import FORMS
from flipsite.fit.marginal import integrals
from flipsite.fit.posterior_checks import from_prior, linear, simulated_ones
from flipsite.fit.priors import CENTRE_DEVIATION, prior_of
from flipsite.fit.sampling import arviz, compiled, run_chains, sample
from flipsite.settings import load_printed
from flipsite.store.fits import read_fit

pytestmark = [
    pytest.mark.bayes,
    pytest.mark.filterwarnings("default"),  # of libraries about themselves
]

SHIPPED = Path(__file__).parents[2] / "content" / "studies" / "article-2025"


def dense(y: float, n: float, mu: float, sigma: float, *, nodes: int = 1_000_001) -> float:
    """The logarithm of the integral by a dense trapezoid, without its binomial coefficient."""
    theta = np.linspace(min(mu - 12 * sigma, -40), max(mu + 12 * sigma, 40), nodes)
    height = y * theta - n * np.logaddexp(0, theta) + stats.norm.logpdf(theta, mu, sigma)
    return float(logsumexp(height) + np.log(theta[1] - theta[0]))


@pytest.mark.parametrize(
    ("sigma", "error"), [(0.02, 2e-5), (0.2, 2e-5), (1.5, 2e-5), (3, 2e-5), (6, 1e-3), (12, 1e-2)]
)
def test_the_integral_is_right(sigma: float, error: float) -> None:
    """As right as its module says, for few draws and many, at the ends and in the middle."""
    cases = [(y, n, mu) for n in (5, 50, 400) for y in {0, 1, n // 2, n} for mu in (0.0, 0.8)]
    y, n, mu = np.array(cases, dtype=np.float64).T
    found, _, _ = integrals(y, n, mu, np.full(len(y), np.log(sigma)))
    expected = [dense(*case, sigma) for case in cases]
    assert found == pytest.approx(expected, abs=error)


def test_its_gradient_is_its_slope() -> None:
    rng = np.random.default_rng(4)
    n = rng.integers(5, 80, 40).astype(np.float64)
    y = rng.binomial(n.astype(int), rng.random(40)).astype(np.float64)
    mu, log_sigma, step = rng.normal(0, 0.5, 40), rng.normal(0, 0.8, 40), 1e-5
    _, by_mu, by_log_sigma = integrals(y, n, mu, log_sigma)
    up, down = integrals(y, n, mu + step, log_sigma)[0], integrals(y, n, mu - step, log_sigma)[0]
    assert by_mu == pytest.approx((up - down) / (2 * step), abs=1e-3)
    up, down = integrals(y, n, mu, log_sigma + step)[0], integrals(y, n, mu, log_sigma - step)[0]
    assert by_log_sigma == pytest.approx((up - down) / (2 * step), abs=1e-3)


@pytest.mark.parametrize("form", list(FORMS))
def test_each_forms_likelihood_is_the_one_it_states(
    form: FormName, counts: FlipCounts, given: Covariates
) -> None:
    """At a point drawn from the prior, against scipy's distributions and a dense integral."""
    parameters = from_prior(form, counts, given, rng=np.random.default_rng(8))
    model = FORMS[form](counts, given)
    found = model["log_likelihood"].eval(of_model(model, parameters))
    assert found == pytest.approx(by_hand(form, parameters, counts, given), abs=2e-3)


def by_hand(form: FormName, parameters: dict[str, Any], counts: FlipCounts, given: Covariates) -> np.ndarray:
    y, n = counts.ones, counts.valid
    if form in {"mean", "betabinomial"}:
        share = expit(linear("mean", parameters, counts, given))
        if form == "mean":
            return np.asarray(stats.binom.logpmf(y, n, share))
        both = np.exp(-linear("spread", parameters, counts, given))
        return np.asarray(stats.betabinom.logpmf(y, n, share * both, (1 - share) * both))
    sigma = np.exp(linear("spread", parameters, counts, given))
    ways = stats.binom.logpmf(y, n, 0.5) + n * np.log(2)
    spread = [
        way + dense(one, of, float(parameters["mean_intercept"]), one_sigma)
        for way, one, of, one_sigma in zip(ways, y, n, sigma, strict=True)
    ]
    if form == "scale":
        return np.array(spread)
    fair = parameters["fair"]
    return np.asarray(np.logaddexp(np.log(fair) + stats.binom.logpmf(y, n, 0.5), np.log1p(-fair) + spread))


@pytest.mark.parametrize("form", ["betabinomial", "scale", "mixture"])
def test_a_printed_figure_is_as_likely_as_all_counts_that_print_so(form: FormName) -> None:
    """Every number of draws within the article's bounds, every count, either side; by trying them all."""
    printed = load_printed(SHIPPED)
    found = {row.model: fits(row, printed) for row in printed.rows}
    counts = counts_of_printed(printed, found, target=0.5)
    given = covariates(counts.models, {})
    parameters = from_prior(form, counts, given, rng=np.random.default_rng(9))
    parameters["spread_intercept"] = np.asarray(0.3)  # a scale at which no figure is a wonder
    model = FORMS[form](counts, given)
    spread = linear("spread", parameters, counts, given)
    figures = {row.model: row for row in printed.rows}
    numbers = range(printed.draws_low, printed.draws_high + 1)
    expected = [
        logsumexp(
            [
                one_count(form, k, n, parameters, float(spread[place]))
                for n in numbers
                for k in range(n + 1)
                if abs(abs(Fraction(k, n) - Fraction(1, 2)) - Fraction(figures[name].figure))
                <= Fraction(1, 2 * 10 ** figures[name].decimals)
            ]
        )
        - np.log(len(numbers))
        for place, name in enumerate(counts.models)
    ]
    naive = FORMS[form](replace(counts, selection=None), given)
    assert naive["log_likelihood"].eval(of_model(naive, parameters)) == pytest.approx(expected, abs=2e-3)
    printed_at_all = [
        logsumexp([one_count(form, k, n, parameters, float(one)) for k, n in at_either_end(printed)])
        - np.log(len(numbers))
        for one in spread[:3]
    ]
    found = model["log_likelihood"].eval(of_model(model, parameters))[:3]
    assert found == pytest.approx(np.array(expected[:3]) - printed_at_all, abs=4e-3)


def at_either_end(printed: Printed) -> list[tuple[int, int]]:
    """Every count (ones, valid) whose bias prints within either table of the article."""
    return [
        (k, n)
        for n in range(printed.draws_low, printed.draws_high + 1)
        for k in range(n + 1)
        if not Fraction("0.0325") < abs(Fraction(k, n) - Fraction(1, 2)) < Fraction("0.345")
    ]


def one_count(form: FormName, k: int, n: int, parameters: dict[str, Any], log_spread: float) -> float:
    """The logarithm of a form's probability of k ones in n draws, about one half."""
    if form == "betabinomial":
        both = np.exp(-log_spread)
        return float(stats.betabinom.logpmf(k, n, both / 2, both / 2))
    fair = float(stats.binom.logpmf(k, n, 0.5))
    spread = fair + float(n * np.log(2)) + dense(k, n, 0.0, float(np.exp(log_spread)), nodes=20_001)
    if form == "scale":
        return spread
    return float(np.logaddexp(np.log(parameters["fair"]) + fair, np.log1p(-parameters["fair"]) + spread))


def of_model(model: Any, parameters: dict[str, Any]) -> dict[Any, Any]:
    """Parameters by the variables of a PyMC model that are free, authors by what is scaled."""
    values = {
        variable: parameters[str(name)]
        for name, variable in model.named_vars.items()
        if name in parameters and not name.endswith("_author")
    }
    for part in ("mean", "spread"):
        if f"{part}_author" in parameters:
            standard = parameters[f"{part}_author"] / parameters[f"{part}_author_deviation"]
            values[model[f"{part}_author_standard"]] = standard
    return values


def test_the_same_seed_gives_the_same_draws_and_other_draws_need_no_compiling(
    counts: FlipCounts, given: Covariates
) -> None:
    """And the sampler finds what the data were made with."""
    rng = np.random.default_rng(21)
    truth = from_prior("scale", counts, given, rng=rng) | {"spread_intercept": np.asarray(-2.0)}
    ones = simulated_ones("scale", truth, counts, given, rng=rng).astype(np.float64)
    model = compiled("scale", counts, given)
    before = run_chains(model, draws=200, chains=2, seed=3)
    again = run_chains(model, draws=200, chains=2, seed=3)
    other = run_chains(model.with_data(ones=ones), draws=200, chains=2, seed=3)
    name = "spread_intercept"
    assert np.array_equal(before.posterior[name], again.posterior[name])
    assert float(other.posterior[name].mean()) < float(before.posterior[name].mean()) - 0.5


def test_the_command_fits_the_article_and_says_that_so_few_draws_do_not_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A fit that has not converged is kept, marked and ends with 1; its draws are ArviZ's."""
    study = tmp_path / "content" / "studies" / "article-2025"
    study.mkdir(parents=True)
    for name in ("study.toml", "published.toml", "features.csv"):
        (study / name).write_bytes((SHIPPED / name).read_bytes())
    monkeypatch.chdir(tmp_path)
    done = CliRunner().invoke(cli, ["fit", "article-2025", "--draws", "100", "--chains", "2"])
    assert done.exit_code == 1, done.output
    assert "effective draws of the 1,000 wanted; try more --draws" in done.output
    assert "left out: mean: the direction of each bias is not known" in done.output
    fit = read_fit(study / "fit.json")
    assert [form.form for form in fit.forms] == ["betabinomial", "scale", "mixture"]
    assert all(form.faults for form in fit.forms)
    assert (fit.models, fit.signed) == (40, False)
    assert json.loads((study / "fit.json").read_text())["draws_sha256"] == fit.draws_sha256
    kept = arviz().InferenceData.from_netcdf(
        tmp_path / ".flipsite" / "fits" / "article-2025.nc", base_group="scale"
    )
    assert kept.posterior.sizes["draw"] == 100
    assert set(kept.posterior["column"].values) >= {"parameters_total_b", "tuning: coding"}
    assert kept.log_likelihood["log_likelihood"].shape == (2, 100, 40)
    assert fit.selected
    assert all(term.naive_factor for form in fit.forms for term in form.terms if term.factor)


@pytest.mark.parametrize("form", list(FORMS))
def test_known_coefficients_are_found_again(form: FormName) -> None:
    """A simulated study of 240 models: the intervals hold what it was made with, and are as narrow as can be.

    Of 95 % intervals one in twenty may miss; none may miss by far. A posterior deviation is at most half as
    large again as the expected information at the truth allows, on average over studies the least.
    """
    counts, given = large_study()
    truth = known(form, given, counts)
    expected = deviations(form, truth, counts, given)
    ones = simulated_ones(form, truth, counts, given, rng=np.random.default_rng(31))
    found = sample(form, replace(counts, ones=ones), given, draws=500, chains=2, seed=1)
    checked, held = 0, 0
    for part in ("mean", "spread"):
        slopes = truth.get(f"{part}_slopes")
        if slopes is None:
            continue
        drawn = np.asarray(found.draws.posterior[f"{part}_slopes"]).reshape(-1, len(slopes))
        low, high = np.percentile(drawn, (2.5, 97.5), axis=0)
        away = abs(drawn.mean(axis=0) - slopes) / drawn.std(axis=0)
        assert away.max() < 3.5, (part, away)
        wider = drawn.std(axis=0) / expected[part]
        assert 0.75 < wider.min() <= wider.max() < 1.5, (part, wider)
        checked, held = checked + len(slopes), held + int(((low <= slopes) & (slopes <= high)).sum())
        strong = abs(slopes) >= 0.5
        assert (np.sign(drawn.mean(axis=0)) == np.sign(slopes))[strong].all()
    assert held >= checked - 1
    if form == "mixture":
        low, high = np.percentile(found.draws.posterior["fair"], (2.5, 97.5))
        assert low <= truth["fair"] <= high


PARTS: tuple[Part, Part] = ("mean", "spread")


def deviations(
    form: FormName, truth: dict[str, np.ndarray], counts: FlipCounts, given: Covariates
) -> dict[str, np.ndarray]:
    r"""Posterior deviations of the slopes that the data of a form allow.

    They are the roots of the diagonal of

    $$\Bigl(\sum_i Z_i^\top J_i Z_i + P\Bigr)^{-1}, \qquad
    J_i = \sum_{y=0}^{n_i} p_i(y) \, \nabla\!\log p_i(y) \, \nabla\!\log p_i(y)^\top,$$

    the gradients by model i's linear predictors (of the mean, of the spread, and the share π of fair models),
    $Z_i$ its intercepts, covariates and author in each, and P the precision of the prior, authors' effects
    having the deviation 0.3 that they were made with.
    """
    parts: list[Part] = [part for part in PARTS if f"{part}_intercept" in truth]
    n, step, authors = int(counts.valid[0]), 1e-4, len(counts.authors)
    fair = float(truth.get("fair", 0.0))
    centre = np.column_stack(
        [
            linear(part, truth, counts, given)
            if f"{part}_slopes" in truth
            else np.full(len(counts.models), float(truth[f"{part}_intercept"]))
            for part in parts
        ]
        + [np.full(len(counts.models), fair)] * (form == "mixture")
    )
    moves = step * np.eye(centre.shape[1])
    log_p = log_probabilities(form, parts, n, centre)
    slopes = [
        (log_probabilities(form, parts, n, centre + move) - log_probabilities(form, parts, n, centre - move))
        / (2 * step)
        for move in moves
    ]
    blocks = []
    for part in parts:
        columns = [np.ones((len(counts.models), 1))]
        if f"{part}_slopes" in truth:
            columns += [given.matrix, np.eye(authors)[counts.author]]
        blocks.append(np.hstack(columns))
    blocks += [np.ones((len(counts.models), 1))] * (form == "mixture")
    precision = [
        1 / deviation**2
        for part in parts
        for prior in [prior_of(form, part)]
        for deviation in [
            CENTRE_DEVIATION if f"{part}_slopes" not in truth else prior.wide,
            *([prior.slope] * len(given.columns) + [0.3] * authors) * (f"{part}_slopes" in truth),
        ]
    ] + [1.0] * (form == "mixture")
    starts = np.cumsum([0, *(block.shape[1] for block in blocks)])
    information = np.diag(np.array(precision))
    for a, one in enumerate(blocks):
        for b, other in enumerate(blocks):
            weight = (np.exp(log_p) * slopes[a] * slopes[b]).sum(axis=1)
            information[starts[a] : starts[a + 1], starts[b] : starts[b + 1]] += one.T @ (
                weight[:, None] * other
            )
    roots = np.sqrt(np.diag(np.linalg.inv(information)))
    return {
        part: roots[start + 1 : start + 1 + len(given.columns)]
        for part, start in zip(parts, starts, strict=False)
        if f"{part}_slopes" in truth
    }


def log_probabilities(form: FormName, parts: list[Part], n: int, values: np.ndarray) -> np.ndarray:
    """Logarithm of the probability of 0 to n ones of each model, at its values of the parts and of π."""
    y, at = np.arange(n + 1), dict(zip([*parts, "fair"], values.T[:, :, None], strict=False))
    if form == "mean":
        return np.asarray(stats.binom.logpmf(y, n, expit(at["mean"])))
    if form == "betabinomial":
        share, both = expit(at["mean"]), np.exp(-at["spread"])
        return np.asarray(stats.betabinom.logpmf(y, n, share * both, (1 - share) * both))
    nodes = np.linspace(-7, 7, 701)
    theta = at["mean"] + np.exp(at["spread"]) * nodes
    mass = stats.norm.pdf(nodes) * (nodes[1] - nodes[0])
    p = np.stack([stats.binom.pmf(k, n, expit(theta)) @ mass for k in y], axis=1)
    if form == "mixture":
        p = at["fair"] * stats.binom.pmf(y, n, 0.5) + (1 - at["fair"]) * p
    return np.asarray(np.log(p))


def large_study() -> tuple[FlipCounts, Covariates]:
    """240 models of 24 authors, 50 draws each, none made yet: a size unknown of some, two classes."""
    rng = np.random.default_rng(30)
    models = [f"author-{i % 24:02d}/model-{i:03d}" for i in range(240)]
    tallies = [Tally(model=model, n_draws=50, n_valid=50, n_ones=0) for model in models]
    values = {
        model: {
            "parameters_total_b": "" if rng.random() < 0.1 else f"{np.exp(rng.normal(3, 1.2)):.1f}",
            "reasoning": str(rng.choice(["yes", "no"])),
            "tuning": str(rng.choice(["instruct", "coding"])),
        }
        for model in models
    }
    counts = counts_of_draws(tallies, target=0.5)
    return counts, covariates(counts.models, values)


def known(form: FormName, given: Covariates, counts: FlipCounts) -> dict[str, np.ndarray]:
    """Strong coefficients and none, authors that differ a little, a third of the mixture's models fair."""
    names = [column.name for column in given.columns]
    assert names == ["parameters_total_b", "parameters_total_b: unknown", "reasoning: yes", "tuning: coding"]
    slopes = {"mean": np.array([0.6, 0.0, -0.8, 0.3]), "spread": np.array([-0.5, 0.3, 0.6, 0.0])}
    rng = np.random.default_rng(32)
    found = from_prior(form, counts, given, rng=rng)
    for part, of_part in slopes.items():
        if f"{part}_slopes" in found:
            effects = rng.normal(0, 0.3, len(counts.authors))
            found |= {f"{part}_slopes": of_part, f"{part}_author": effects - effects.mean()}
            found[f"{part}_intercept"] = np.asarray(0.2)
    return found | ({"fair": np.asarray(1 / 3)} if form == "mixture" else {})
