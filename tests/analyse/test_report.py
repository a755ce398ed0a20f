"""Everything known of one study, and of one model in it: the analyses fit together."""

from tests.analyse.fixture_types import DrawsOf, StudyOf

from flipsite.analyse.report import report_draws, report_printed, with_features
from flipsite.domain.draws import Status
from flipsite.domain.estimates import Printed, Verdict
from flipsite.domain.study import Feature, Kind

REFUSED = Status.REFUSED


def test_a_study_without_draws_has_an_empty_report(study_of: StudyOf) -> None:
    """Its pages say so; nothing is estimated."""
    report = report_draws(study_of(), None)
    assert (report.estimates, report.draws, report.tallies, report.fair_share) == ((), None, (), None)


def test_each_model_with_draws_has_its_record_and_its_evidence(study_of: StudyOf, draws_of: DrawsOf) -> None:
    """Standings only those with an outcome."""
    draws = draws_of({"a/one": [1] * 40, "a/mute": [REFUSED] * 5, "b/even": [0, 1] * 20})
    report = report_draws(study_of(), draws)
    assert [record.model for record in report.estimates] == ["a/mute", "a/one", "b/even"]
    assert set(report.evidence) == {"a/mute", "a/one", "b/even"}
    assert set(report.stops) == {"a/mute", "a/one"}, "draws that alternate stop nothing"
    assert set(report.rank_estimates) == {"a/one", "b/even"}
    verdicts = {record.model: record.verdict for record in report.estimates}
    assert verdicts == {
        "a/mute": Verdict.UNDECIDED,
        "a/one": Verdict.BIASED,
        "b/even": Verdict.UNDECIDED,
    }


def test_the_evidence_on_a_model_is_that_of_its_own_draws(study_of: StudyOf, draws_of: DrawsOf) -> None:
    """Two models in one table: what one's providers, days and order say is not told of the other."""
    outcomes = {"a/still": [1] * 10 + [0] * 10, "b/lively": [1, 0] * 9 + [REFUSED] * 2}
    providers = ["north"] * 10 + ["south"] * 10 + ["north"] * 20
    days = ["2026-01-01T00:00:00Z"] * 20 + ["2026-01-02T00:00:00Z"] * 10 + ["2026-01-03T00:00:00Z"] * 10
    report = report_draws(study_of(), draws_of(outcomes, provider=providers, asked_at=days))
    still, lively = report.evidence["a/still"], report.evidence["b/lively"]
    assert still.by_provider is not None
    assert still.by_provider.p_value < 0.001
    assert still.by_day is None
    assert lively.by_provider is None
    assert still.succession is not None
    assert still.succession.n_runs == 2
    assert lively.succession is not None
    assert lively.succession.n_runs == 18
    assert (still.missing.n_missing, lively.missing.n_missing) == (0, 2)
    assert still.modes is lively.modes is None


def test_a_published_study_has_ways_and_places_but_no_draws(study_of: StudyOf, article: Printed) -> None:
    """All forty rows are estimated, each from the counts that print as its figure."""
    report = report_printed(study_of(Kind.PUBLISHED), article)
    assert len(report.estimates) == len(report.fits) == len(report.rank_estimates) == 40
    assert report.draws is None
    assert report.population is not None
    assert report.fair_share is not None
    assert all(record.mean is record.ones is record.draws is None for record in report.estimates)


def test_features_bring_the_claims_that_they_can_test(study_of: StudyOf, article: Printed) -> None:
    """And change nothing else."""
    before = report_printed(study_of(Kind.PUBLISHED), article)
    row = Feature(model="infermatic/mn-inferor-12b", feature="tuning", value="roleplay", source="article")
    after = with_features(before, {row.model: (row,)})
    assert before.claims == ()
    assert after.claims
    assert (after.estimates, after.rank_estimates) == (before.estimates, before.rank_estimates)
