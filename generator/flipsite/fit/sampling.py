"""Sample one form with nutpie's NUTS, as ArviZ's InferenceData, and check that the chains converged.

nutpie, and not PyMC's own sampler, by measurement on these four forms: 240 models, 12 columns, 4 chains of
1,000 draws on two busy cores took it 1 to 12 s after 5 to 18 s of compiling; PyMC's took 78 s for the first
form and 111 s for the second, with as many effective draws.
"""

import logging
import time
import warnings
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np

from flipsite.domain.fit import FormName
from flipsite.fit.counts import FlipCounts, Floats
from flipsite.fit.covariates import Covariates
from flipsite.fit.forms import FORMS

log = logging.getLogger(__name__)

TUNE: Final = 1000
ACCEPT: Final = 0.9
CORES: Final = 2

MOST_RHAT: Final = 1.01
FEWEST_ESS: Final = 1000
"""Effective draws of each coefficient, for its mean and for its interval."""

FEWEST_ESS_OTHERS: Final = 400
"""Effective draws of the other parameters: a hundred a chain, as Vehtari et al. (2021) advise."""

MOST_DIVERGENT: Final = 0.001
"""Share of divergent draws above which a fit is unreliable."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SampleResult:
    """Posterior draws of one form.

    Attributes:
        form: Its name.
        naive: Whether the fit ignores that the models were selected by their bias.
        draws: ArviZ's InferenceData: posterior, log_likelihood by model, sample_stats.
        loo: Pointwise expected log predictive density (n_models).
        pareto_k: Reliability of each of these; above 0.7 it is unreliable.
        divergences: Divergent draws.
        seconds: Compiling and sampling.
    """

    form: FormName
    naive: bool
    draws: Any
    loo: Floats
    pareto_k: Floats
    divergences: int
    seconds: float


def arviz() -> Any:
    """ArviZ, without its announcement of a refactoring."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)
        import arviz as az
    return az


def sample(
    form: FormName,
    counts: FlipCounts,
    given: Covariates,
    *,
    draws: int,
    chains: int,
    seed: int,
    naive: bool = False,
) -> SampleResult:
    """Compile and sample one form.

    Args:
        form: Which one.
        counts: Ones and valid draws.
        given: The covariates.
        draws: Kept draws of each chain.
        chains: How many.
        seed: The same seed on the same machine gives the same draws.
        naive: Whether to ignore that the models were selected by their bias.
    """
    started = time.perf_counter()
    counts = replace(counts, selection=None) if naive else counts
    sampled = run_chains(compiled(form, counts, given), draws=draws, chains=chains, seed=seed)
    seconds = time.perf_counter() - started
    az = arviz()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # a high Pareto k is in the record
        loo = az.loo(sampled, pointwise=True)
    divergences = int(sampled.sample_stats["diverging"].sum())
    log.info("%s: %d draws, %d divergent, %.1f s", form, draws * chains, divergences, seconds)
    return SampleResult(
        form=form,
        naive=naive,
        draws=sampled,
        loo=np.asarray(loo.loo_i),
        pareto_k=np.asarray(loo.pareto_k),
        divergences=divergences,
        seconds=seconds,
    )


def compiled(form: FormName, counts: FlipCounts, given: Covariates) -> Any:
    """The form made ready to sample; `with_data(ones=...)` gives it other draws without compiling again."""
    import nutpie

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # numba's and PyTensor's, about themselves
        return nutpie.compile_pymc_model(FORMS[form](counts, given))


def run_chains(model: Any, *, draws: int, chains: int, seed: int) -> Any:
    """Sample a compiled form; each model's log-likelihood is in its own group, as ArviZ expects."""
    import nutpie

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        sampled = nutpie.sample(
            model,
            draws=draws,
            tune=TUNE,
            chains=chains,
            cores=min(CORES, chains),
            seed=seed,
            target_accept=ACCEPT,
            save_warmup=False,
            progress_bar=False,
        )
    sampled.add_groups({"log_likelihood": sampled.posterior[["log_likelihood"]]})
    internal = [name for name in sampled.posterior.data_vars if str(name).endswith(("_standard", "__"))]
    sampled.posterior = sampled.posterior.drop_vars(["log_likelihood", *internal])
    return sampled


def faults(sampled: SampleResult, *, diagnostics: Any) -> tuple[str, ...]:
    """Why a fit is unreliable, a sentence each; empty where it has converged.

    Args:
        sampled: The draws.
        diagnostics: Of each scalar parameter: (name, R-hat, bulk ESS, tail ESS).
    """
    found = []
    for name, rhat, bulk, tail in diagnostics:
        fewest = FEWEST_ESS if "slopes" in name else FEWEST_ESS_OTHERS
        if not rhat <= MOST_RHAT:  # NaN is no agreement either
            found.append(f"the chains disagree on {name} (R-hat {rhat:.3f}, above {MOST_RHAT})")
        elif not min(bulk, tail) >= fewest:
            found.append(f"{name} has {min(bulk, tail):,.0f} effective draws of the {fewest:,} wanted")
    n_draws = int(sampled.draws.sample_stats["diverging"].size)
    if sampled.divergences > MOST_DIVERGENT * n_draws:
        found.append(f"{sampled.divergences:,} of {n_draws:,} draws are divergent")
    return tuple(found)
