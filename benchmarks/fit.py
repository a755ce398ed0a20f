"""How long `flipsite fit` takes for 240 models, and which sampler does most with a second of processor.

    python benchmarks/fit.py command     the whole command, from a cold and from a warm cache of compiled code
    python benchmarks/fit.py samplers    nutpie and PyMC's own NUTS on each of the four forms

Wants `flipsite[bayes]`. The study: 30 authors, 50 draws a model, all eight covariates, some of each unknown.
"""

import argparse
import json
import logging
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from flipsite.domain.draws import Tally
from flipsite.domain.study import Feature
from flipsite.store.features import write_features

N_MODELS, N_AUTHORS, N_DRAWS = 240, 30, 50
GOAL_S = 180

MODELS = [f"author-{i % N_AUTHORS:02d}/model-{i:03d}" for i in range(N_MODELS)]


def features() -> dict[str, dict[str, str]]:
    """Features of each model, a tenth of them unknown."""
    rng = np.random.default_rng(7)
    choices = {
        "architecture": (["dense", "moe"], [0.7, 0.3]),
        "reasoning": (["no", "yes"], [0.7, 0.3]),
        "tuning": (["instruct", "roleplay", "coding", "other"], [0.6, 0.15, 0.15, 0.1]),
        "open_weights": (["yes", "no"], [0.6, 0.4]),
    }
    found = {}
    for model in MODELS:
        known = {
            "parameters_total_b": f"{float(np.exp(rng.normal(3, 1.3))):.1f}",
            "context_length": str(2 ** int(rng.integers(13, 21))),
            "price_completion": f"{float(np.exp(rng.normal(0, 1))):.3f}",
            "released": f"202{rng.integers(3, 6)}-{rng.integers(1, 13):02d}",
            **{name: str(rng.choice(among, p=shares)) for name, (among, shares) in choices.items()},
        }
        found[model] = {name: value for name, value in known.items() if rng.random() < 0.9}
    return found


def ones(known: dict[str, dict[str, str]]) -> list[int]:
    """Ones of each model: larger models lie nearer one half, and a fifth are fair."""
    rng = np.random.default_rng(8)
    by_author = rng.normal(0, 0.3, N_AUTHORS)
    size = [float(known[model].get("parameters_total_b", 20)) for model in MODELS]
    log_sigma = 0.4 - 0.25 * (np.log(size) - 3) + by_author[np.arange(N_MODELS) % N_AUTHORS]
    theta = np.where(rng.random(N_MODELS) < 0.2, 0, rng.normal(0, np.exp(log_sigma)))
    return [int(one) for one in rng.binomial(N_DRAWS, 1 / (1 + np.exp(-theta)))]


def command(runs: int) -> None:
    """Time the command in a project of its own; prints a row a run."""
    with tempfile.TemporaryDirectory() as name:
        project, known = Path(name), features()
        study = project / "content" / "studies" / "bench"
        study.parent.mkdir(parents=True)
        rows = ["model,outcome"]
        for model, n_ones in zip(MODELS, ones(known), strict=True):
            rows += [f"{model},{int(draw < n_ones)}" for draw in range(N_DRAWS)]
        (project / "draws.csv").write_text("\n".join(rows))
        flipsite("import", "draws.csv", "--study", "bench", project=project)
        write_features(
            study / "features.csv",
            [
                Feature(model=model, feature=feature, value=value, source="curated")
                for model, values in known.items()
                for feature, value in values.items()
            ],
        )
        print("cache  seconds  processor  load  within goal  not converged  seconds by form")
        for run in range(runs + 1):
            wall, cpu, load = flipsite("fit", "bench", project=project)
            fit = json.loads((study / "fit.json").read_text())
            assert fit["models"] == N_MODELS
            forms = " ".join(f"{form['form']} {form['seconds']:.0f}" for form in fit["forms"])
            faulty = sum(bool(form["faults"]) for form in fit["forms"])
            print(
                f"{'warm' if run else 'cold':5}  {wall:7.1f}  {cpu:9.1f}  {load:4.1f}  {wall <= GOAL_S!s:11}"
                f"  {faulty:13}  {forms}",
                flush=True,
            )


def flipsite(*arguments: str, project: Path) -> tuple[float, float, float]:
    """Run a command with a cache of its own; wall and processor seconds, and the machine's load."""
    cache = {"PYTENSOR_FLAGS": f"base_compiledir={project / 'compiled'}", "PYTHONWARNINGS": "ignore"}
    with timed() as seconds:
        done = subprocess.run(  # noqa: S603 - our own command
            [sys.executable, "-m", "flipsite", *arguments],
            cwd=project,
            env=os.environ | cache,
            stdout=subprocess.DEVNULL,
            check=False,
        )
    assert done.returncode in {0, 1}, arguments
    return seconds["wall"], seconds["cpu"], os.getloadavg()[0]


def samplers(draws: int) -> None:
    """Each form by both samplers: what compiling and sampling takes once it has been compiled before."""
    from flipsite.fit.counts import counts_of_draws
    from flipsite.fit.covariates import covariates
    from flipsite.fit.forms import FORMS

    known = features()
    tallies = [
        Tally(model=model, n_draws=N_DRAWS, n_valid=N_DRAWS, n_ones=n_ones)
        for model, n_ones in zip(MODELS, ones(known), strict=True)
    ]
    counts = counts_of_draws(tallies, target=0.5)
    given = covariates(counts.models, known)
    print(f"{len(given.columns)} columns; load {os.getloadavg()[0]:.1f}")
    print("form          sampler  seconds  processor  least ESS  per processor second")
    for form in FORMS:
        for name, sampler in (("nutpie", by_nutpie), ("pymc", by_pymc)):
            sampler(form, counts, given, 1)
            with timed() as seconds:
                found = sampler(form, counts, given, draws)
            least = least_ess(found)
            print(
                f"{form:12}  {name:7}  {seconds['wall']:7.1f}  {seconds['cpu']:9.1f}  {least:9.0f}"
                f"  {least / seconds['cpu']:10.1f}",
                flush=True,
            )


def by_nutpie(form: Any, counts: Any, given: Any, draws: int) -> Any:
    """As the package samples; of one draw it is asked only to compile."""
    from flipsite.fit.sampling import compiled, run_chains

    ready = compiled(form, counts, given)
    return run_chains(ready, draws=draws, chains=4, seed=1) if draws > 1 else None


def by_pymc(form: Any, counts: Any, given: Any, draws: int) -> Any:
    """PyMC's NUTS at the same settings, compiled by Numba as the integral is."""
    import pymc as pm

    from flipsite.fit.forms import FORMS
    from flipsite.fit.sampling import ACCEPT, CORES, TUNE

    logging.getLogger("pymc").setLevel(logging.ERROR)
    chains = 4 if draws > 1 else 1
    with FORMS[form](counts, given):
        return pm.sample(
            draws=draws,
            tune=TUNE if draws > 1 else 1,
            chains=chains,
            cores=min(CORES, chains),
            target_accept=ACCEPT,
            random_seed=1,
            progressbar=False,
            compute_convergence_checks=False,
            compile_kwargs={"mode": "NUMBA"},
        )


def least_ess(found: Any) -> float:
    """The fewest effective draws, bulk or tail, of a coefficient."""
    from flipsite.fit.sampling import arviz

    az = arviz()
    names = [name for name in found.posterior.data_vars if str(name).endswith("_slopes")]
    return min(
        float(np.min(az.ess(found, var_names=names, method=method)[name]))
        for method in ("bulk", "tail")
        for name in names
    )


@contextmanager
def timed() -> Iterator[dict[str, float]]:
    """Wall and processor seconds of a block, those of its child processes included."""
    seconds: dict[str, float] = {}
    started, before = time.perf_counter(), processor()
    yield seconds
    seconds |= {"wall": time.perf_counter() - started, "cpu": processor() - before}


def processor() -> float:
    """Processor seconds of this process and of its children that have ended."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in used)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("what", choices=["command", "samplers"])
    parser.add_argument("--runs", type=int, default=2, help="from a warm cache")
    parser.add_argument("--draws", type=int, default=1000, help="kept, of a chain, by each sampler")
    asked = parser.parse_args()
    if asked.what == "command":
        command(asked.runs)
    else:
        samplers(asked.draws)
