"""A model's log-probabilities on its page: the share read in two or three ways, and what they save."""

import re
from dataclasses import replace
from html import unescape
from pathlib import Path

import pytest
from click.testing import CliRunner

from flipsite.analyse.report import report_draws
from flipsite.cli.main import cli
from flipsite.domain.draws import Draw, LabelProbabilities, Outcome
from flipsite.domain.study import Kind, Sampling
from flipsite.present.methods.logprobs import LISTED, logprobs_view
from flipsite.project import find_project
from flipsite.settings import default_study, dump_study
from flipsite.store.snapshot.columns import collect_draws
from flipsite.workflows.build import build
from flipsite.write.check.check import check_site

STUDY = "trial"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Coins that say how often they fall on 1, true and false, collected at a temperature of 0.7."""
    root = tmp_path_factory.mktemp("logprobs")
    sampling = Sampling(draws=50, logprobs=True, temperature=0.7)
    folder = root / "content" / "studies" / STUDY
    folder.mkdir(parents=True)
    study = replace(default_study(STUDY), kind=Kind.SIMULATED, sampling=sampling)
    (folder / "study.toml").write_text(dump_study(study), encoding="utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(root)
        ran = CliRunner().invoke(cli, ["collect", STUDY, "--simulated", "--yes"])
    assert ran.exit_code == 0, ran.output
    build(find_project(root), out=root / "site")
    return root / "site"


def said(site: Path, coin: str) -> str:
    """The words of a model's page."""
    html = (site / STUDY / "models" / "simulated" / coin / "index.html").read_text(encoding="utf-8")
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]*>", " ", html)))


def test_every_link_of_such_a_site_leads_somewhere(site: Path) -> None:
    assert not check_site(site)


def test_a_coin_that_says_the_truth_would_have_needed_one_request(site: Path) -> None:
    """0.7 as it came; 0.77 had it been reported before the temperature."""
    words = said(site, "says-0.7")
    assert "One request would have told as much as these 50 draws : 49 requests, $0.0010, could" in words
    assert "By log-probabilities 0.700 0.700 to 0.700" in words
    assert "The same at temperature 0.7 0.770 0.770 to 0.770" in words
    assert "before the temperature is applied; the last row is for those" in words


def test_a_coin_that_says_the_false_replaces_no_draw(site: Path) -> None:
    words = said(site, "says-0.5-falls-0.9")
    assert "Its draws do not fall as its log-probabilities say" in words
    assert "could have been saved" not in words


def test_a_coin_that_wavers_saves_little(site: Path) -> None:
    """The variance from request to request is most of what there is."""
    requests = re.search(r"(\d+) requests would have told as much as these 50", said(site, "wavers"))
    assert requests
    assert 25 < int(requests[1]) < 45


def test_a_coin_that_promises_and_sends_none(site: Path) -> None:
    words = said(site, "says-nothing")
    assert "Log-probabilities were asked for, and none came that could be read." in words


def test_the_draws_to_download_have_the_probabilities(site: Path) -> None:
    """In the study's file and in the model's."""
    for path in (f"{STUDY}/data/draws.csv", f"{STUDY}/models/simulated/says-0.7/draws.csv"):
        header = (site / path).read_text(encoding="utf-8").partition("\n")[0].split(",")
        assert header[header.index("mode") :][:4] == ["mode", "p_labels", "p_cover", "prompt_tokens"]


def test_of_many_outcomes_the_likeliest_are_listed() -> None:
    """By their mean probability, each with its label."""
    labels = tuple(map(str, range(1, 31)))
    prompt = replace(
        default_study("x").prompt, form="range", outcomes=labels, shares=(1 / 30,) * 30, template="{low}"
    )
    p = [0.01] * 30
    p[6] = 0.5
    draws = collect_draws(
        Draw(
            model="a/b",
            draw=index,
            labels=labels,
            order=0,
            result=Outcome(index=6),
            probabilities=LabelProbabilities(p=tuple(p), cover=0.79),
        )
        for index in range(5)
    )
    report = report_draws(replace(default_study("x"), prompt=prompt), draws)
    view = logprobs_view(prompt, report.logprobs["a/b"])
    assert len(view.rows) == LISTED
    assert view.rows[0].name == "7"
    assert view.rows[0].stated.mean == pytest.approx(0.5 / 0.79)
