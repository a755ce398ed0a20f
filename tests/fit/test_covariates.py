import numpy as np
import pytest

from flipsite.fit.covariates import Covariates, covariates

MODELS = [f"a/{i}" for i in range(12)]


def given(feature: str, cells: list[str]) -> Covariates:
    return covariates(MODELS, {model: {feature: cell} for model, cell in zip(MODELS, cells, strict=True)})


def test_a_number_is_standardised_and_the_unknown_stand_at_the_average() -> None:
    sizes = ["1", "10", "100", "1000"] * 2 + [""] * 4
    found = given("parameters_total_b", sizes)
    number, unknown = found.columns
    known = found.matrix[:8, 0]
    assert known.mean() == pytest.approx(0)
    assert known.std() == pytest.approx(1)
    assert (found.matrix[8:, 0] == 0).all()
    assert number.step == pytest.approx(known[1] - known[0])  # ten times the parameters
    assert (unknown.name, unknown.contrast) == ("parameters_total_b: unknown", "parameters unknown")
    note = next(note for note in found.notes if note.covariate == "parameters_total_b")
    assert (note.known, note.unknown) == (8, tuple(MODELS[8:]))


def test_every_column_has_average_zero() -> None:
    found = covariates(
        MODELS,
        {
            model: {
                "tuning": ["coding", "instruct", "roleplay", ""][i % 4],
                "released": f"202{i % 5}-0{1 + i % 9}",
            }
            for i, model in enumerate(MODELS)
        },
    )
    assert found.matrix.mean(axis=0) == pytest.approx(np.zeros(len(found.columns)), abs=1e-12)
    assert [column.name for column in found.columns] == [
        "tuning: roleplay",
        "tuning: coding",
        "tuning: unknown",
        "released",
    ]
    assert found.columns[1].contrast == "coding rather than instruct"
    assert found.columns[3].step * found.columns[3].deviation == pytest.approx(1)  # a year


def test_classes_of_few_models_share_a_column() -> None:
    cells = ["instruct"] * 5 + ["coding"] * 4 + ["search", "vision", "vision"]
    found = given("tuning", cells)
    assert [column.level for column in found.columns] == ["coding", "a rarer kind"]
    assert "search, vision together" in next(n.used for n in found.notes if n.covariate == "tuning")


def test_what_is_the_same_of_all_or_known_of_few_is_left_out_and_said_so() -> None:
    found = given("parameters_total_b", ["7"] * 2 + [""] * 10)
    assert found.columns == ()
    assert found.matrix.shape == (12, 0)
    notes = {note.covariate: note.used for note in found.notes}
    assert notes["parameters_total_b"] == "left out: known of 2 models, or the same of all"
    assert notes["tuning"] == "left out: known of no model"
    assert len(notes) == 8
    assert "left out: known of 2 models" in {
        note.used for note in given("reasoning", ["yes"] * 2 + [""] * 10).notes
    }
    assert "left out: no of every model" in {note.used for note in given("reasoning", ["no"] * 12).notes}


def test_a_class_known_of_some_is_told_from_the_unknown() -> None:
    """All that are known reason; what can be compared is those with the others."""
    (column,) = given("reasoning", ["yes"] * 4 + [""] * 8).columns
    assert column.contrast == "reasons by default unknown"


def test_nothing_unknown_of_the_same_models_twice() -> None:
    """One column for both, for nobody could tell them apart."""
    values = {
        model: {"reasoning": "yes", "open_weights": "no"} if i % 2 else {} for i, model in enumerate(MODELS)
    }
    (column,) = covariates(MODELS, values).columns
    assert column.covariate == "reasoning + open_weights"
    assert column.contrast == "reasons by default and open weights unknown"


def test_a_free_model_has_a_column_and_no_price() -> None:
    found = given("price_completion", ["0"] * 3 + ["1", "10", "100"] * 3)
    assert [column.level for column in found.columns] == ["", "free"]
    assert (found.matrix[:3, 0] == 0).all()
