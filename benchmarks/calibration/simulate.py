"""Simulation-based calibration: do the intervals of the four forms hold the truth as often as they state?

Parameters are drawn from a form's priors, a study is simulated from them, and the package's own code fits
it. The rank of each true value among its posterior draws is then uniform, if the simulation and the fit are
of one and the same form and the sampler does its work; where either fails, some parameter's ranks bend.

    python benchmarks/calibration/simulate.py --form scale --replications 300

appends to `<form>.csv` beside it the replications that it lacks, a row each, and can be stopped at any time:
each has its own seed. `--selected` simulates studies like a printed one: the direction of each bias is
unknown, and only models of a bias of at most 0.032 or at least 0.35 are in the data (`<form>-selected.csv`).
`report.py` tests the ranks. Needs `flipsite[bayes]`.

Source:
    Talts et al. (2018), arXiv:1804.06788; why the likelihood is ranked too: Modrák et al. (2023),
    Bayesian Analysis.
"""

import argparse
import csv
import time
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from flipsite.domain.draws import Tally
from flipsite.domain.fit import FormName
from flipsite.fit.counts import FlipCounts, Floats, counts_of_draws
from flipsite.fit.covariates import Covariates, covariates
from flipsite.fit.forms import FORMS
from flipsite.fit.posterior_checks import from_prior, simulated_ones
from flipsite.fit.sampling import compiled, run_chains
from flipsite.fit.selection import Selection

FOLDER = Path(__file__).parent

N_MODELS, N_AUTHORS = 60, 10

CHAINS, DRAWS, THINNED = 2, 1000, 20
"""Of 2,000 draws every twentieth is ranked against: nearly independent, as a rank's uniformity wants."""

N_RANKED = CHAINS * DRAWS // THINNED - 1
"""Ranks lie between 0 and this, both included: a hundred values."""


def study() -> tuple[FlipCounts, Covariates]:
    """Sixty models of ten authors, 30 to 50 valid draws each, none made yet; a number and a class."""
    models = [f"author-{i % N_AUTHORS}/model-{i:02d}" for i in range(N_MODELS)]
    tallies = [
        Tally(model=model, n_draws=50, n_valid=30 + i % 21, n_ones=0) for i, model in enumerate(models)
    ]
    values = {
        model: {
            "parameters_total_b": "" if i % 7 == 0 else str(2 ** (i % 9)),
            "reasoning": "yes" if i % 3 == 0 else "no",
        }
        for i, model in enumerate(models)
    }
    counts = counts_of_draws(tallies, target=0.5)
    return counts, covariates(counts.models, values)


def selected_study() -> tuple[FlipCounts, Covariates]:
    """The same models, fifty valid draws each: only those at either end of the biases, direction unknown."""
    counts, given = study()
    ones = np.array([k for k in range(51) if not 0.0325 < abs(k / 50 - 0.5) < 0.345])
    selection = Selection(ones=ones, valid=np.full_like(ones, 50), log_weight=np.zeros(len(ones)))
    return replace(counts, valid=np.full(N_MODELS, 50), signed=False, selection=selection), given


def replications(form: FormName, wanted: range, *, selected: bool) -> Iterator[dict[str, float]]:
    """Each replication's ranks by parameter, with its divergences and seconds."""
    counts, given = selected_study() if selected else study()
    ready, stated = compiled(form, counts, given), FORMS[form](counts, given)
    for replication in wanted:
        started = time.perf_counter()
        rng = np.random.default_rng([replication, list(FORMS).index(form)])
        truth = from_prior(form, counts, given, rng=rng)
        ones = simulated_ones(form, truth, counts, given, rng=rng).astype(np.float64)
        found = run_chains(ready.with_data(ones=ones), draws=DRAWS, chains=CHAINS, seed=replication)
        true_values = named(truth, given) | {"log likelihood": log_likelihood(stated, truth, ones)}
        drawn = {str(name): flat(found.posterior[name]) for name in found.posterior.data_vars}
        posterior = named(drawn, given)
        posterior["log likelihood"] = flat(found.log_likelihood["log_likelihood"]).sum(axis=-1)
        yield {
            "replication": replication,
            "divergent": int(found.sample_stats["diverging"].sum()),
            "seconds": round(time.perf_counter() - started, 2),
            **{name: int((posterior[name][:N_RANKED] < true_values[name]).sum()) for name in true_values},
        }


def named(values: Mapping[str, Floats], given: Covariates) -> dict[str, Floats]:
    """Scalars by name: each coefficient, and one author's effect for all of them, who are alike."""
    found: dict[str, Floats] = {}
    for name, value in values.items():
        if name.endswith("_slopes"):
            part = name.removesuffix("_slopes")
            found |= {f"{part}: {column.name}": value[..., j] for j, column in enumerate(given.columns)}
        elif name.endswith("_author"):
            found[f"{name}[0]"] = value[..., 0]
        elif not name.endswith("_standard"):
            found[name] = value
    return found


def flat(values: Any) -> Floats:
    """Draws to be ranked against, chains end to end, every twentieth (n_ranked + 1, ...)."""
    draws = np.asarray(values)
    return draws.reshape(-1, *draws.shape[2:])[THINNED - 1 :: THINNED]


def log_likelihood(model: Any, truth: Mapping[str, Floats], ones: Floats) -> Floats:
    """Of the simulated draws at the true parameters, by the form's own PyMC model."""
    model["ones"].set_value(ones)
    values = {model[name]: value for name, value in truth.items() if not name.endswith("_author")}
    for part in ("mean", "spread"):
        if f"{part}_author" in truth:
            standard = truth[f"{part}_author"] / truth[f"{part}_author_deviation"]
            values[model[f"{part}_author_standard"]] = standard
    total: Floats = model["log_likelihood"].eval(values).sum()
    return total


def run(form: FormName, n: int, *, selected: bool) -> None:
    """Append what is missing of the first n replications."""
    path = FOLDER / (f"{form}-selected.csv" if selected else f"{form}.csv")
    done = len(path.read_text().splitlines()) - 1 if path.exists() else 0
    for row in replications(form, range(done, n), selected=selected):
        with path.open("a", newline="") as file:
            table = csv.DictWriter(file, fieldnames=list(row), lineterminator="\n")
            if not file.tell():
                table.writeheader()
            table.writerow(row)
        print(f"{form} {row['replication']}: {row['seconds']} s, {row['divergent']} divergent", flush=True)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--form", choices=list(FORMS), action="append")
    parser.add_argument("--replications", type=int, default=300)
    parser.add_argument("--selected", action="store_true")
    asked = parser.parse_args()
    forms = [form for form in FORMS if not asked.selected or form != "mean"]
    for one in asked.form or forms:
        run(one, asked.replications, selected=asked.selected)
