import csv
from dataclasses import replace
from math import comb
from pathlib import Path

import numpy as np
import pytest
from scipy import stats
from tests.analyse.fixture_types import StudyOf
from tests.narrowing import not_none

from flipsite.analyse.estimates import estimates
from flipsite.analyse.published.enrichment import claim, permute_authors, study_claims
from flipsite.domain.draws import Tally
from flipsite.domain.estimates import Printed
from flipsite.domain.study import Feature

LEAST = [f"least/{i}" for i in range(20)]
MOST = [f"most/{i}" for i in range(20)]


def test_a_kind_found_at_one_end_only() -> None:
    """Four of the twenty least biased and none of the most: Fisher's test, and the difference of shares."""
    values = dict.fromkeys(LEAST + MOST, "other") | dict.fromkeys(LEAST[:4], "roleplay")
    found = not_none(claim("roleplay", values, least=LEAST, most=MOST))
    assert (found.table.ones_a, found.table.n_a, found.table.ones_b, found.table.n_b) == (4, 4, 16, 36)
    assert found.p_value == pytest.approx(stats.fisher_exact(np.array([[4, 16], [0, 20]])).pvalue, abs=1e-12)
    assert found.difference == pytest.approx(1 - 16 / 36)
    assert found.low < found.difference < found.high
    assert found.p_lowest == found.p_value == found.p_highest
    assert found.n_unknown == 0


def test_the_unknown_may_turn_a_finding() -> None:
    """What is unknown is counted with the rest, and every other reading of it is tried."""
    values: dict[str, str | None] = dict.fromkeys(LEAST + MOST, "other")
    values |= dict.fromkeys(LEAST[:4], "roleplay") | {LEAST[4]: "", LEAST[5]: None}
    del values[MOST[0]]
    found = not_none(claim("roleplay", values, least=LEAST, most=MOST))
    readings = [
        stats.fisher_exact(np.array([[4 + i, 16 - i], [j, 20 - j]])).pvalue
        for i in range(3)
        for j in range(2)
    ]
    assert found.n_unknown == 3
    assert found.p_lowest == pytest.approx(min(readings), abs=1e-12)
    assert found.p_highest == pytest.approx(max(readings), abs=1e-12)
    assert found.p_lowest < 0.05 < found.p_highest


def test_what_is_ruled_out_is_not_unknown() -> None:
    """No role-playing model among the most biased: then only the least biased can be read in two ways."""
    values = dict.fromkeys(LEAST[:4], "roleplay") | {MOST[0]: ""}
    found = not_none(claim("roleplay", values, least=LEAST, most=MOST, ruled_out=MOST))
    assert found.n_unknown == 16
    assert found.p_highest == found.p_value


def test_the_curated_features_say_where_they_come_from(article: Printed) -> None:
    """Forty models; every value has a source, and the article's role-playing models are those it names."""
    path = Path(__file__).parents[2] / "content" / "studies" / "article-2025" / "features.csv"
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    printed = {row.model for row in article.rows}
    assert {row["model"] for row in rows} == printed
    assert len({(row["model"], row["feature"]) for row in rows}) == len(rows)
    for row in rows:
        assert (
            (row["source"] in {"article", "name", "curated"})
            == (row["confidence"] != "")
            == (row["value"] != "")
        )
    named = {row["model"] for row in rows if row["value"] == "roleplay" and row["source"] == "article"}
    assert named == {"infermatic/mn-inferor-12b", "arliai/qwq-32b-arliai-rpr-v1", "sao10k/l3.3-euryale-70b"}


def test_the_articles_claim_hangs_on_models_it_does_not_name(article: Printed) -> None:
    """Four of four role-playing models are among the least biased: not enough, unless more are."""
    path = Path(__file__).parents[2] / "content" / "studies" / "article-2025" / "features.csv"
    with path.open(encoding="utf-8", newline="") as file:
        tuning = {row["model"]: row["value"] for row in csv.DictReader(file) if row["feature"] == "tuning"}
    least = [row.model for row in article.rows if row.table == "least"]
    most = [row.model for row in article.rows if row.table == "most"]
    found = not_none(claim("roleplay", tuning, least=least, most=most, ruled_out=most))
    assert (found.table.ones_a, found.table.n_a) == (4, 4)
    assert found.p_lowest < 0.05 < found.p_value
    coding = not_none(claim("coding", tuning, least=least, most=most))
    assert (coding.table.ones_a, coding.table.n_a) == (0, 7)
    assert coding.p_value < 0.05
    # Seven models of three authors: three authors of the tables are wholly at one end in 10.5 % of all sets.
    assert coding.n_authors == 3
    assert coding.p_authors == pytest.approx(0.105, abs=0.001)


def test_authors_are_permuted_whole() -> None:
    """Two authors of two models each at either end: every pair of authors, counted by hand."""
    least = ["a/1", "a/2", "b/1", "b/2"]
    most = ["c/1", "c/2", "d/1", "d/2"]
    assert permute_authors(least, most, of_kind=["a/1", "a/2", "b/1", "b/2"]) == pytest.approx((2, 2 / 6))
    assert permute_authors(least, most, of_kind=["a/1", "c/1"]) == (2, 1.0)
    alone = [f"x{i}/m" for i in range(40)]
    n, p = permute_authors(alone[:20], alone[20:], of_kind=alone[:7])  # too many sets to try them all
    assert n == 7
    assert p == pytest.approx(2 * comb(20, 7) / comb(40, 7), abs=0.003)


def test_nothing_to_compare_is_no_claim() -> None:
    """No model of the kind, or every model."""
    assert claim("roleplay", {}, least=LEAST, most=MOST) is None
    assert claim("roleplay", dict.fromkeys(LEAST + MOST, "roleplay"), least=LEAST, most=MOST) is None


def feature(model: str, name: str, value: str) -> dict[str, tuple[Feature, ...]]:
    return {model: (Feature(model=model, feature=name, value=value, source="name" if value else ""),)}


def test_a_published_study_s_claims_are_about_its_two_tables(article: Printed) -> None:
    """What the source says of a table holds for models of unknown kind, and only for the kind it names."""
    known = feature("arliai/qwq-32b-arliai-rpr-v1", "tuning", "roleplay") | feature(
        "inception/mercury-coder", "tuning", "coding"
    )
    printed = replace(article, roleplay_none_in="most")
    roleplay, coding = study_claims((), known, printed=printed)
    assert (roleplay.kind, roleplay.n_unknown, roleplay.table.ones_a, roleplay.table.n_a) == (
        "roleplay",
        19,
        1,
        1,
    )
    assert (coding.kind, coding.n_unknown, coding.table.ones_a, coding.table.n_a) == ("coding", 38, 0, 1)
    assert study_claims((), known, printed=article)[0].n_unknown == 38


def test_a_study_with_draws_is_compared_at_its_ends(study_of: StudyOf) -> None:
    """The three least against the three most; nothing where they would meet."""
    tallies = [Tally(model=f"a/{i}", n_draws=50, n_valid=50, n_ones=25 + 3 * i) for i in range(7)]
    records = estimates(study_of(), tallies)
    known = (
        feature("a/0", "reasoning", "yes")
        | feature("a/6", "reasoning", "no")
        | feature("a/3", "reasoning", "yes")
    )
    (found,) = study_claims(records, known, top=3)
    assert (found.kind, found.table.ones_a, found.table.n_a, found.n_unknown) == ("reasoning", 1, 1, 4)
    assert study_claims(records, known, top=4) == ()
    assert study_claims(records, {}, top=3) == ()
