"""Reading answers: what models really say, and what each of it counts as."""

import csv
from pathlib import Path

import pytest

from flipsite.collect.reading.answer import read_answer
from flipsite.domain.draws import Outcome, Rejected, Status

LABELS = ("0", "1")
ARTICLE_ECHO = (
    "<format>\nExplanations: [Your step-by-step analyses and results;\n"
    "You DO NOT have access to a computer or a random number generator]\n"
    "Output: [Your output MUST be an integer in {0, 1}]\n</format>"
)

STATED = [
    # plain, as the prompt asks
    ("Explanations: I picked a side without thinking about it.\nOutput: 0", 0),
    ("Explanations: Each has probability 0.5. I mentally simulate a flip.\nOutput: 1", 1),
    ("Output: 1", 1),
    ("Output:0", 0),
    ("Output : 1", 1),
    ("OUTPUT: 1", 1),
    ("output: 0\n", 0),
    ("  \n\n Output:   1   \n\n", 1),
    ("<format>\nExplanations: Heads it is.\nOutput: 1\n</format>", 1),
    ("Explanations: a fair draw. Output: 0</format>", 0),
    ("<format>\r\nExplanations: fair.\r\nOutput: 1\r\n</format>", 1),
    # markdown
    ("**Explanations:** I flip.\n\n**Output:** 1", 1),
    ("**Explanations**: I flip.\n\n**Output**: 0", 0),
    ("**Output: 1**", 1),
    ("__Output:__ 0", 0),
    ("*Output: 1*", 1),
    ("Output: **0**", 0),
    ("Output: _1_", 1),
    ("- Explanations: none\n- Output: 1", 1),
    ("* **Output:** `0`", 0),
    ("1. Explanations: I chose.\n2. Output: 1", 1),
    ("> Output: 0", 0),
    ("### Output: 1", 1),
    ("### Explanations\nA coin.\n\n### Output\n1", 1),
    ("**Explanations**\n\nA coin has two sides.\n\n**Output**\n\n0", 0),
    ("| Explanations | Output: 1 |", 1),
    ("```\nExplanations: a flip\nOutput: 0\n```", 0),
    ("Output:\n```text\n1\n```", 1),
    ("Output:\n\n1", 1),
    ("Output:\n- 0", 0),
    ("**Output:**\n\n**1**", 1),
    ("~~Output: 1~~", 1),
    # quotes, brackets, punctuation
    ('"Output: 1"', 1),
    ("“Output: 0”", 0),
    ("Output: '1'", 1),
    ("Output: “0”.", 0),
    ("Output: 1.", 1),
    ("Output: [0]", 0),
    ("Output: {1}", 1),
    ("Output: (1)", 1),
    ("Output: <0>", 0),
    ("Output: 1!", 1),
    ("Output: 1, as the coin landed on heads.", 1),
    ("Output: 0 (tails)", 0),
    ("Output: Heads (1)", 1),
    # width, invisible signs, escapes
    ("Output：1", 1),
    ("Explanations：公平的硬币。\nOutput： 0", 0),
    ("Ｏｕｔｐｕｔ： １", 1),
    ("Output: \u200b1\u200b", 1),
    ("\ufeffOutput: 0", 0),
    ("Output:\u00a01", 1),
    ("Output: 1\ufe0f\u20e3", 1),
    ("Explanations: a flip\\nOutput: 1\\n", 1),
    # LaTeX
    (r"Output: $\boxed{1}$", 1),
    (r"Output: \boxed{0}", 0),
    (r"The result is $\boxed{\text{Output: } 1}$", 1),
    (r"\textbf{Output:} 0", 0),
    (r"Output: \(1\)", 1),
    # more than one statement
    ("I must write Output: 0 or Output: 1. The imagined coin shows heads. Output: 1", 1),
    (ARTICLE_ECHO + "\n\nExplanations: my turn.\nOutput: 0", 0),
    ("Output: 1\nOutput: 1\nOutput: 1", 1),
    ("Output: 1\n\nNote: the output: chosen as if by chance.", 1),
    ("Output: 0. Both 0 and 1 were equally likely.", 0),
    ("Output: 1\n\nBoth 0 and 1 had the same chance, so 0 was as likely.", 1),
    # other phrases around the word
    ("Final Output: 1", 1),
    ("The output: 0", 0),
    ("My final_output: 1", 1),
    ("Output (a single draw): 1", 1),
    ("<output>1</output>", 1),
    ('{"explanations": "a flip", "output": 1}', 1),
    ('{"Explanations": "a flip", "Output": "0"}', 0),
    # reasoning first
    ("<think>0 feels overused. Output: 0? No.</think>\n\nExplanations: a flip.\nOutput: 1", 1),
    ("I should say Output: 0.\n</think>\n\nOutput: 1", 1),
    ("<thinking>Output: 0</thinking>Output: 1", 1),
    ("<think>in <think>nested</think> Output: 0</think>Output: 1", 1),
    ("◁think▷Output: 1◁/think▷Output: 0", 0),
    ("[THINK]Output: 1[/THINK]Output: 0", 0),
    (
        "<|channel|>analysis<|message|>Output: 1<|end|><|channel|>final<|message|>Output: 0",
        0,
    ),
    # a model that runs on past the end of its turn
    ("Output: 1<|im_end|>\n<|im_start|>user\nAgain.<|im_end|>\n<|im_start|>assistant\nOutput: 0", 1),
    ("Output: 0</s>", 0),
    ("Output: 1<|eot_id|>", 1),
    # the bare label
    ("1", 1),
    (" 0\n", 0),
    ("**1**", 1),
    ("1.", 1),
    ("`0`", 0),
    ("- 1", 1),
    (r"$\boxed{1}$", 1),
    ("<think>whatever: 0</think>\n1", 1),
    # refused in words, but stated all the same
    ("I can't generate randomness, but here is one.\nOutput: 1", 1),
]

NOT_STATED = [
    # both sides
    ("Output: 0 or 1", Status.UNPARSED),
    ("Output: 0/1", Status.UNPARSED),
    ("Output: 1 (not 0)", Status.UNPARSED),
    ("Output: either `0` or `1`, each with probability 0.5", Status.UNPARSED),
    ("Output: 0, 1, 1, 0", Status.UNPARSED),
    ('Write exactly "Output: 0" or "Output: 1".', Status.UNPARSED),
    ("Output: 0 / Output: 1", Status.UNPARSED),
    (ARTICLE_ECHO, Status.UNPARSED),
    ("Output: [Your output MUST be an integer in {0, 1}]", Status.UNPARSED),
    # one side in one statement, the other in the next
    ("Output: 0\n\nWait, let me flip again.\n\nOutput: 1", Status.UNPARSED),
    ("Output: 1\nOutput: 0\nOutput: 1", Status.UNPARSED),
    ("**Output:** 0\nSo the final output: 1", Status.UNPARSED),
    ("Output: 0, 0", Status.UNPARSED),
    ("Output: 0 = heads, 1 = tails", Status.UNPARSED),
    ("Output: 0 with probability 0.5, 1 with probability 0.5", Status.UNPARSED),
    ("Output: heads: 1, tails: 0", Status.UNPARSED),
    # no side, or a number that only looks like one
    ("Output: 10", Status.UNPARSED),
    ("Output: 01", Status.UNPARSED),
    ("Output: 0.5", Status.UNPARSED),
    ("Output: 1.05", Status.UNPARSED),
    ("Output: 1.0.0", Status.UNPARSED),
    ("Output: 1.0%", Status.UNPARSED),
    ("Output: -1.0", Status.UNPARSED),
    ("Output: -1", Status.UNPARSED),
    ("Output: 1/2", Status.UNPARSED),
    ("Output: 1%", Status.UNPARSED),
    ("Output: 1_000", Status.UNPARSED),
    ("Output: 0x1", Status.UNPARSED),
    ("Output: 2", Status.UNPARSED),
    ("Output: heads", Status.UNPARSED),
    ("Output: ¹", Status.UNPARSED),
    ("Output: ½", Status.UNPARSED),
    ("Output: one", Status.UNPARSED),
    ("Output: not 1", Status.UNPARSED),
    ("Throughput: 1", Status.UNPARSED),
    ("The coin shows 1.", Status.UNPARSED),
    ("1 0", Status.UNPARSED),
    ("-1", Status.UNPARSED),
    ("Output:\nExplanations: it was 1 before", Status.UNPARSED),
    ("Since I have no random number generator I will choose 1 this time.", Status.UNPARSED),
    # refusals in prose
    ("I'm sorry, but I can't help with that.", Status.REFUSED),
    ("I cannot generate truly random numbers.", Status.REFUSED),
    ("I’m unable to flip a coin.", Status.REFUSED),
    ("I apologize, but as an AI I have no coin.", Status.REFUSED),
    ("Output: I cannot pick 1 at random", Status.REFUSED),
    ("I must decline to participate in this.", Status.REFUSED),
    # nothing
    ("", Status.EMPTY),
    (" \n\t ", Status.EMPTY),
    ("\u200b", Status.EMPTY),
    ("<think>Output: 1</think>", Status.EMPTY),
    ("<think>Output: 1", Status.EMPTY),
    ("Output: 1</think>", Status.EMPTY),
    ("<|channel|>analysis<|message|>Output: 1", Status.EMPTY),
]


@pytest.mark.parametrize(("answer", "index"), STATED)
def test_stated_side_is_read(answer: str, index: int) -> None:
    """The label that the `Output:` names is the outcome, whatever it is dressed in."""
    assert read_answer(answer, labels=LABELS) == Outcome(index=index)


@pytest.mark.parametrize(("answer", "status"), NOT_STATED)
def test_an_answer_that_names_no_side_is_what_it_is(answer: str, status: Status) -> None:
    """Nothing is guessed: an answer without one stated side is unparsed, refused or empty."""
    found = read_answer(answer, labels=LABELS)
    assert isinstance(found, Rejected)
    assert found.status == status
    assert found.reason


@pytest.mark.parametrize(
    "answer", ["Explanations: let me think about", "", None, "1", "Output: {0,", "Output: [0"]
)
def test_an_answer_cut_before_it_stated_anything_is_truncated(answer: str | None) -> None:
    """`finish_reason` length without a finished statement is truncated, not unparsed or empty."""
    found = read_answer(answer, labels=LABELS, finish_reason="length")
    assert isinstance(found, Rejected)
    assert found.status == Status.TRUNCATED


def test_an_answer_cut_after_it_stated_its_output_counts() -> None:
    """What was cut off later does not take the statement back."""
    cut = "Output: 1\n\nFurther remarks: the coi"
    assert read_answer(cut, labels=LABELS, finish_reason="length") == Outcome(index=1)


def test_an_echo_of_the_template_that_is_cut_short_names_nothing() -> None:
    """`Output: [Your output MUST be an integer in {0` is no 0."""
    echo = ARTICLE_ECHO[: ARTICLE_ECHO.index("{0") + 2]
    found = read_answer(echo, labels=LABELS, finish_reason="length")
    assert found == Rejected(status=Status.TRUNCATED, reason="cut by max_tokens before it stated an output")


@pytest.mark.parametrize(
    ("refusal", "finish_reason"), [("I can't do that.", "stop"), (None, "content_filter")]
)
@pytest.mark.parametrize("answer", [None, "", "No."])
def test_a_refusal_in_its_own_field_is_refused(
    answer: str | None, refusal: str | None, finish_reason: str
) -> None:
    """The provider's mark is believed where no outcome is stated."""
    found = read_answer(answer, labels=LABELS, refusal=refusal, finish_reason=finish_reason)
    assert isinstance(found, Rejected)
    assert found.status == Status.REFUSED


def test_no_content_at_all_is_empty() -> None:
    """Providers send null content with finish_reason stop."""
    assert read_answer(None, labels=LABELS, finish_reason="stop") == Rejected(
        status=Status.EMPTY, reason="no text at all"
    )


def test_two_sides_in_two_statements_are_more_than_one() -> None:
    """Which of them comes last does not matter."""
    for first, last in ("01", "10"):
        found = read_answer(f"Output: {first}\nAgain.\nOutput: {last}", labels=LABELS)
        assert found == Rejected(status=Status.UNPARSED, reason="states more than one")


REAL = Path(__file__).resolve().parents[4] / "shared/data/failure-to-mix/fig5_word_bias.csv"


@pytest.mark.skipif(not REAL.exists(), reason="the published draws lie beside the repository, not in it")
def test_published_draws_are_read_as_their_authors_read_them() -> None:
    """10,654 of the word-pair experiment's 10,700 draws are read; 34 of the others are blank.

    The other 12 wrap the word in prose or code, from which we do not guess. Where both read a side, the
    authors' column differs in 35 rows: in each the text is the word with a capital (`Woman`), which their
    comparison took for the opposite.
    """
    with REAL.open(newline="", encoding="utf-8") as lines:
        rows = list(csv.reader(lines))[1:]
    ones = {"37", "day", "human", "rich", "woman", "black", "cat", "sun", "adult", "1", "Luxury"}
    read = agreed = blank = capital = 0
    for _, _, _, first, second, text, answer, *_ in rows:
        found = read_answer(text, labels=(first, second))
        blank += not text
        if isinstance(found, Outcome):
            read += 1
            agreed += ((first, second)[found.index] in ones) == (answer == "1.0")
            capital += (
                text[0].isupper() and answer == "0.0" and (first, second)[found.index] in ones - {"Luxury"}
            )
    assert (len(rows), blank, read, read - agreed, capital) == (10_700, 34, 10_654, 35, 35)
