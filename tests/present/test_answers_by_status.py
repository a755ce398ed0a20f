"""Answers across models: the same words together, by status, cut and counted."""

from flipsite.domain.draws import Draw, Outcome, Rejected, Result, Status
from flipsite.present.pages.study_answers import LETTERS, MOST_OF_STATUS, status_answers
from flipsite.store.snapshot.assemble import collect_draws


def draw(
    model: str, number: int, text: str | None, *, status: Status = Status.VALID, end: str = "stop"
) -> Draw:
    result: Result = Outcome(index=1) if status is Status.VALID else Rejected(status=status, reason="x")
    return Draw(
        model=model, draw=number, labels=("0", "1"), order=0, result=result, response=text, finish_reason=end
    )


def test_the_same_words_stand_together_with_the_models_that_said_them() -> None:
    """Blanks make no difference; failures come first; the model that said it most is named first."""
    draws = collect_draws(
        [
            draw("a/x", 0, "I  cannot\n flip.", status=Status.REFUSED),
            draw("b/y", 0, "I cannot flip.", status=Status.REFUSED),
            draw("b/y", 1, "I cannot flip.", status=Status.REFUSED),
            draw("b/y", 2, "Output: 1"),
        ]
    )
    refused, valid = status_answers(draws, study="trial")
    assert (refused.status, refused.n_draws, refused.n_different) == (Status.REFUSED, 3, 1)
    (answer,) = refused.answers
    assert (answer.text, answer.times, answer.n_models) == ("I cannot flip.", 3, 2)
    assert answer.models[0] == ("b/y", "trial/models/b/y/index.html")
    assert (valid.status, valid.answers[0].text) == (Status.VALID, "Output: 1")


def test_one_text_that_ended_otherwise_is_another_answer() -> None:
    draws = collect_draws([draw("a/x", 0, "Output"), draw("a/x", 1, "Output", end="length")])
    (group,) = status_answers(draws, study="trial")
    assert {answer.reason for answer in group.answers} == {"", "length"}


def test_long_answers_are_cut_and_rare_ones_counted() -> None:
    """A page does not grow with the draws."""
    draws = collect_draws([draw("a/x", i, f"{i} " + "word " * 500) for i in range(MOST_OF_STATUS + 5)])
    (group,) = status_answers(draws, study="trial")
    assert len(group.answers) == MOST_OF_STATUS
    assert group.n_different == MOST_OF_STATUS + 5
    assert all(len(answer.text) <= LETTERS for answer in group.answers)


def test_an_answer_of_nothing_is_empty() -> None:
    draws = collect_draws([draw("a/x", 0, None, status=Status.EMPTY)])
    (group,) = status_answers(draws, study="trial")
    assert group.answers[0].text == ""
