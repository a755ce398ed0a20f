import json
import math
from dataclasses import replace
from pathlib import Path

import pytest

from flipsite.domain.fit import AuthorEffect, Check, Effect, EffectPoint, Fit, FittedForm, OmittedInput, Term
from flipsite.errors import SettingsError, StoreError
from flipsite.store.fits import fit_json, read_fit, write_fit

TERM = Term(
    term="spread: released",
    part="spread",
    covariate="released",
    level="",
    contrast="a year later",
    mean=-0.125,
    low=-0.5,
    high=0.25,
    rhat=1.0,
    ess_bulk=4000.0,
    ess_tail=None,
    factor=0.9,
)
CHECK = Check(name="average bias", observed=0.2, mean=0.2, low=0.1, high=0.3, prior_low=0.0, prior_high=0.5)
FIT = Fit(
    forms=(
        FittedForm(
            form="scale",
            terms=(TERM,),
            divergences=0,
            elpd_loo=-171.0,
            elpd_loo_se=7.5,
            elpd_difference=0.0,
            elpd_difference_se=0.0,
            pareto_k_bad=1,
            seconds=20.5,
            faults=("the chains disagree",),
            authors=(AuthorEffect(author="a", models=2, factor=1.1, low=0.9, high=1.5),),
            effects=(
                Effect(
                    covariate="released",
                    quantity="bias",
                    points=(EffectPoint(at=2024.5, mean=0.1, low=0.0, high=0.2),),
                ),
                Effect(
                    covariate="tuning",
                    quantity="bias",
                    points=(EffectPoint(at="coding", mean=0.1, low=0.0, high=0.2),),
                ),
            ),
            checks=(CHECK,),
            bias_bins=(CHECK,),
        ),
    ),
    draws_sha256="0" * 64,
    features_sha256="1" * 64,
    models=40,
    left_out=(OmittedInput(what="mean", reason="because"),),
    signed=False,
)


@pytest.mark.parametrize("number", [math.nan, math.inf, -math.inf])
def test_a_figure_that_is_not_finite_is_null_or_leaves_the_old_file(tmp_path: Path, number: float) -> None:
    """R-hat and the predictive density may be unknown; a fit without another figure is not published."""
    path = tmp_path / "fit.json"
    form = FIT.forms[0]
    write_fit(path, replace(FIT, forms=(replace(form, terms=(replace(TERM, rhat=number),)),)))
    assert read_fit(path).forms[0].terms[0].rhat is None
    write_fit(path, replace(FIT, forms=(replace(form, elpd_loo=number, elpd_difference_se=number),)))
    found = read_fit(path).forms[0]
    assert (found.elpd_loo, found.elpd_loo_se, found.elpd_difference_se) == (None, 7.5, None)
    before = path.read_bytes()
    for broken in (
        replace(form, terms=(replace(TERM, mean=number),)),
        replace(form, checks=(replace(CHECK, high=number),)),
    ):
        with pytest.raises(StoreError, match=r"not finite \(forms\[0\]\..+: None\)"):
            write_fit(path, replace(FIT, forms=(broken,)))
    assert path.read_bytes() == before


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "1e999", "9" * 400])
def test_a_file_of_no_finite_number_is_damaged(tmp_path: Path, number: str) -> None:
    path = tmp_path / "fit.json"
    write_fit(path, FIT)
    path.write_text(path.read_text(encoding="utf-8").replace("-171.0", number), encoding="utf-8")
    with pytest.raises(SettingsError, match="damaged"):
        read_fit(path)


def test_what_is_written_is_read(tmp_path: Path) -> None:
    path = tmp_path / "fit.json"
    write_fit(path, FIT)
    assert read_fit(path) == FIT
    assert fit_json(read_fit(path)) == path.read_bytes()


def test_the_keys_of_the_design_are_there() -> None:
    record = json.loads(fit_json(FIT))
    assert {"forms", "draws_sha256", "models"} <= record.keys()
    assert {"form", "terms", "divergences", "elpd_loo", "elpd_loo_se", "seconds"} <= record["forms"][0].keys()
    term = record["forms"][0]["terms"][0]
    assert {"term", "mean", "low", "high", "rhat", "ess_bulk", "ess_tail"} <= term.keys()


def test_a_number_that_is_none_is_null() -> None:
    """JSON knows no NaN."""
    term = replace(TERM, rhat=float("nan"))
    fit = replace(FIT, forms=(replace(FIT.forms[0], terms=(term,)),))
    assert json.loads(fit_json(fit))["forms"][0]["terms"][0]["rhat"] is None


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("[]", "format None is not known here"),
        ('{"format": 3}', "format 3 is not known here"),
        ('{"format": 2}', "damaged"),
        ("{", "damaged"),
        (
            '{"format": 2, "forms": [{"form": "wild"}], "draws_sha256": "", "models": 1}',
            "wild",
        ),
        (
            '{"format": 2, "forms": [], "draws_sha256": "", "features_sha256": "", "models": "40"}',
            "models: '40'",
        ),
    ],
)
def test_a_damaged_file_is_told_with_the_mend(tmp_path: Path, text: str, told: str) -> None:
    path = tmp_path / "fit.json"
    path.write_text(text)
    with pytest.raises(SettingsError, match=told) as caught:
        read_fit(path)
    assert "run `flipsite fit` again" in str(caught.value)
    assert str(path) in str(caught.value)


def test_no_file_is_no_fit(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="cannot be read"):
        read_fit(tmp_path / "fit.json")
