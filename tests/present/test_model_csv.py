"""A model's own CSV holds every draw and no formula."""

import csv
import io
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from flipsite.csv_cells import without_guard
from flipsite.domain.draws import OPTIONAL, Declined, Draw, Outcome, OutcomeSequence
from flipsite.present.pages.model.csv import DRAW_KEYS, model_csv
from flipsite.store.draws_schema import schema_with
from flipsite.store.snapshot.assemble import collect_draws

CELLS = st.none() | st.text(max_size=12) | st.sampled_from(["=1+1", '"', "a,b", "%s", "%", "\n"])


@given(
    texts=st.lists(CELLS, min_size=1, max_size=6),
    costs=st.lists(st.none() | st.floats(0, 9), min_size=6, max_size=6),
)
def test_a_models_own_csv_reads_back_as_its_draws(texts: list[str | None], costs: list[float | None]) -> None:
    rows = [
        Draw(
            model="a/x",
            draw=i,
            labels=("0", "1"),
            order=0,
            result=Outcome(index=1),
            response=text,
            cost_usd=cost,
        )
        for i, (text, cost) in enumerate(zip(texts, costs, strict=False))
    ]
    draws = collect_draws(rows)
    made = list(csv.reader(io.StringIO(model_csv(draws, draws.rows(0)).decode(), newline="")))
    found = [[*row[:5], without_guard(row[5]), *row[6:]] for row in made[1:]]
    expected = [
        [str(i), '["0","1"]', "0", "1", "valid", text or "", *[""] * 6, cost, "", ""]
        for i, (text, cost) in enumerate(
            zip(draws.response, ["" if cost is None else repr(cost) for cost in costs], strict=False)
        )
    ]
    assert made[0] == [key for key in DRAW_KEYS if key not in OPTIONAL]
    assert found == expected
    assert not any(row[5].startswith(("=", "+", "-", "@", "\t", "\r")) for row in made[1:])


def test_a_download_has_every_draw_and_no_formula() -> None:
    row = Draw(model="a/x", draw=0, labels=("0", "1"), order=0, result=Outcome(index=1), response="=cmd()")
    draws = collect_draws([row, replace(row, draw=1, response="a\nb,c")])
    text = model_csv(draws, draws.rows(0)).decode()
    assert text.splitlines()[0].startswith("draw,labels,order,outcome,status,response")
    assert "'=cmd()" in text
    assert '"a\nb,c"' in text


def test_columns_that_a_study_has_are_there() -> None:
    """Answers of several draws, what we proposed and what the model wrote: in the order of the tidy draws."""
    answer = Draw(model="a/x", draw=0, labels=("0", "1"), order=0, result=OutcomeSequence(indices=(0, 1, 1)))
    several = collect_draws([answer])
    header, line = model_csv(several, several.rows(0)).decode().splitlines()
    assert header.split(",")[3:6] == ["outcome", "sequence", "status"]
    assert next(csv.reader([line]))[3:6] == ["", "0 1 1", "valid"]
    proposal = replace(answer, result=Declined(), proposed=1, seed_text="=q")
    proposals = collect_draws([proposal])
    made = next(csv.DictReader(io.StringIO(model_csv(proposals, proposals.rows(0)).decode())))
    assert (made["proposed"], made["accepted"], made["seed_text"]) == ("1", "0", "'=q")
    assert made.keys() >= proposals.optional_columns > {"seed_text"}


def test_the_columns_are_those_of_the_tidy_draws() -> None:
    assert (*("study", "model"), *DRAW_KEYS) == tuple(schema_with(OPTIONAL).names)
