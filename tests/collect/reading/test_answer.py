"""Reading answers: what models really say, and what each of it counts as."""

import csv
import unicodedata
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from tests.growth import assert_linear

from flipsite.collect.reading.answer import OFF_LIST, SEVERAL, read_answer
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


STRUCTURED = [
    ('{"outcome": "0"}', 0),
    ('{"outcome":"1"}', 1),
    ('{"outcome": 1}', 1),
    ('{"outcome": 1.0}', 1),
    ('{"trial": 1, "outcome": 0, "of": [0, 1]}', 0),
    ('```json\n{\n  "outcome": "0"\n}\n```', 0),
    ('Here you go: {"outcome": "1"}', 1),
    ('{"outcome": " 1 "}', 1),
    ('{"Outcome": "0"}', 0),
    ('<think>{"outcome": "0"}</think>{"outcome": "1"}', 1),
    ('{"explanation": "0 is worn out", "outcome": "1"}', 1),
    ('{"outcome": "1"', 1),
    ('[{"outcome": "0"}]', 0),
    ("Output: 1", 1),
    ("1", 1),
]


@pytest.mark.parametrize(("answer", "index"), STRUCTURED)
def test_structured_answers_are_read_through_their_wrapping(answer: str, index: int) -> None:
    """The JSON's outcome counts, in a fence, cut short, or given up for plain text."""
    assert read_answer(answer, labels=LABELS, mode="structured") == Outcome(index=index)


@pytest.mark.parametrize(
    "answer",
    [
        '{"outcome": "2"}',
        '{"outcome": true}',
        '{"outcome": 1.5}',
        '{"outcome": null}',
        '{"outcome": ["0", "1"]}',
        '{"outcome": "0", "outcome": "1"}',
        '{"explanation": "I would say 1"}',
        "{" * 100_000,
        '{"a":' * 100_000,
    ],
)
def test_json_without_one_label_is_unparsed(answer: str) -> None:
    """A JSON answer that gives no label, or both, is no outcome; nesting without end is survived."""
    found = read_answer(answer, labels=LABELS, mode="structured")
    assert isinstance(found, Rejected)
    assert found.status == Status.UNPARSED


WORDS = [
    ("Output: Tails", ("heads", "tails"), 1),
    ("Output: vesepo", ("vesepo", "somomu"), 0),
    ("**Output:** *Somomu*.", ("vesepo", "somomu"), 1),
    ("Output: 10", ("1", "10"), 1),
    ("Output: 1", ("1", "10"), 0),
    ("Output: über", ("unter", "Über"), 1),
    ("Output: u\u0308ber", ("unter", "Über"), 1),
    ("Output: no way!", ("yes", "no way!"), 1),
    ("OUTPUT: STRASSE", ("straße", "weg"), 0),
    ("tails", ("heads", "tails"), 1),
]


@pytest.mark.parametrize(("answer", "labels", "index"), WORDS)
def test_labels_may_be_any_words(answer: str, labels: tuple[str, str], index: int) -> None:
    """Case does not matter, and a label that begins another is told from it."""
    assert read_answer(answer, labels=labels) == Outcome(index=index)


@pytest.mark.parametrize(
    "answer", ["Output: headset", "Output: non-heads", "Output: heads or tails", "Output: h"]
)
def test_a_label_inside_another_word_is_not_named(answer: str) -> None:
    """`headset` is no heads."""
    assert isinstance(read_answer(answer, labels=("heads", "tails")), Rejected)


DECORATIONS = [
    *(
        "Output: {}",
        "**Output:** *{}*",
        "Output: [{}]",
        "Output: ({})",
        "Output: “{}”.",
        "Output: `{}`",
        "{}",
    ),
    *("Output: {} [1]", "Output: {}[0]", "Output: [1] {}", "Output: {} [1, 2]", "Output: {} [^1]", "{} [1]"),
    *(
        "Output: {}<sup>1</sup>",
        "Output: {} ^{{1}}",
        "Output: {}【1†source】",
        "Output: {}¹",
        "Output: {} (1)",
    ),
    *(
        "Output: {} (trial 1)",
        "Output: {} for trial 1",
        "Output: {}, trial #1",
        "Output: {} (1st flip of 10)",
    ),
    *(
        "Output (trial 1): {}",
        "Trial 1. Output: {}",
        "1. Output: {}",
        "Output: flip 1: {}",
        "Output: {} (n = 1)",
    ),
    *("Output: {} (1 = heads, 0 = tails)", "Output: {}, since 1 was drawn before", "Output: {} because of 0"),
    *(
        "Output: {} (not 0)",
        "Output: {} or 1",
        "Output: {}, 1",
        "Output: {} 0",
        "Output: {}/1",
        "Output: not {}",
    ),
    *(
        r"Output: $\boxed{{{}}}$",
        r"Output: \({}\)",
        r"Output: \text{{{}}} [1]",
        r"\boxed{{\text{{Output: }} {}}}",
    ),
    *("```\nOutput: {}\n```", "Output:\n```\n{}\n```", "Output:\n\n{} [1]", "Output:\n- {}"),
    *('{{"output": "{}", "trial": 1, "of": [0, 1]}}', '{{"trial": 0, "Output": "{}", "p": 0.5}}'),
    *('{{"explanations": "1 of 2", "output": "{}"}}', "{{'output': '{}', 'seed': 1}}", "Output: {}; Seed: 1"),
    *(
        "Output: {} | Trial: 1",
        "Output: {}\nTrial: 1",
        "Output: {}\n[1] Feller 1968",
        "Output: {}\n1. a note",
    ),
    *(
        "Output: the answer is {}",
        "Output: A coin gave {}",
        "Output: {}. I flipped 1 coin.",
        "Output: {}.\nBoth 0 and 1 were likely.",
        "Output: 0 and {}",
    ),
]


@pytest.mark.parametrize(
    "labels",
    [
        *(LABELS, ("heads", "tails"), ("rock", "paper", "scissors"), tuple("0123456789"), ("yes", "no way!")),
        *(("H", "T"), ("a", "ab", "b"), ("正", "反"), ("café", "cafe"), ("👍🏽", "👍🏿")),
    ],
    ids=lambda labels: "-".join(labels)[:20],
)
@pytest.mark.parametrize("decoration", DECORATIONS)
def test_which_label_is_named_never_decides_whether_it_is_read(
    decoration: str, labels: tuple[str, ...]
) -> None:
    """In one dress all labels are read, each as itself, or none is, each for the same reason."""
    found = [read_answer(decoration.format(label), labels=labels) for label in labels]
    if isinstance(found[0], Outcome):
        assert found == [Outcome(index=index) for index in range(len(labels))]
    else:
        assert set(found) == {found[0]}


@settings(max_examples=300)
@given(
    decoration=st.sampled_from(DECORATIONS),
    before=st.lists(st.sampled_from(["1", "0", "trial 1", "flip", "\n", "(1)", "so", "[0]"]), max_size=4),
    after=st.lists(
        st.sampled_from(["[1]", "(trial 1)", "\n", "1", "0", "or", "<|im_end|>", "user", "seed: 1", "."]),
        max_size=4,
    ),
    labels=st.sampled_from(
        [LABELS, ("1", "0"), ("heads", "tails"), ("2", "1", "0"), ("T", "H"), ("a", "ab"), ("表", "裏")]
    ),
)
def test_swapping_the_labels_swaps_the_outcome_and_nothing_else(
    decoration: str, before: list[str], after: list[str], labels: tuple[str, ...]
) -> None:
    """Whatever stands around it, and whichever outcome a label stands for."""
    texts = [" ".join([*before, decoration.format(label), *after]) for label in labels]
    found = [read_answer(text, labels=labels) for text in texts]
    turned = [read_answer(text, labels=labels[::-1]) for text in texts]
    for here, there in zip(found, turned, strict=True):
        if isinstance(here, Outcome):
            assert there == Outcome(index=len(labels) - 1 - here.index)
        else:
            assert there == here
    assert len({isinstance(one, Outcome) for one in found}) == 1


@pytest.mark.parametrize(
    ("answer", "index"),
    [
        ("Output: 0 [1]", 0),
        ("Output: 1 [1]", 1),
        ("Output: 0 (trial 1)", 0),
        ("Output: 1.0", 1),
        ("Output: 0.00.", 0),
        ("Output: ๑", 1),
        ("Output: ٠", 0),
        ("Output: १", 1),
        ("Output: ۱", 1),
        ("Output: 𝟙", 1),
        ('{"output": 1.0, "trial": 0}', 1),
    ],
)
def test_footnotes_trials_and_other_digits_are_seen_through(answer: str, index: int) -> None:
    """A citation is no outcome; a digit is one in any script."""
    assert read_answer(answer, labels=LABELS) == Outcome(index=index)


def test_two_sides_in_two_statements_are_more_than_one() -> None:
    """Which of them comes last does not matter."""
    for first, last in ("01", "10"):
        found = read_answer(f"Output: {first}\nAgain.\nOutput: {last}", labels=LABELS)
        assert found == Rejected(status=Status.UNPARSED, reason="states more than one")


TOKENS = (
    'Output: output : 0 1 10 ** ` <think> </think> [ { } " . , not </s> <output> - heads \\n {"outcome": '
    "<|channel|>final<|message|>"
)
PIECES = st.sampled_from([" ", "\n", " or ", "# Output", *TOKENS.split()])
TEXTS = st.one_of(st.text(max_size=80), st.lists(PIECES, max_size=25).map("".join))


@settings(max_examples=400, deadline=None)
@given(
    answer=TEXTS,
    labels=st.sampled_from([LABELS, ("heads", "tails"), ("1", "10"), ("a b", "!"), ("", "1")]),
    finish_reason=st.sampled_from([None, "stop", "length", "content_filter", "error", "?"]),
    mode=st.sampled_from(["text", "structured"]),
)
@example(answer="\ud800Output: 1", labels=LABELS, finish_reason=None, mode="text")
def test_nothing_raises_and_no_outcome_is_invented(
    answer: str, labels: tuple[str, ...], finish_reason: str | None, mode: str
) -> None:
    """Whatever is said, an outcome's label stands in it."""
    found = read_answer(answer, labels=labels, finish_reason=finish_reason, mode=mode)
    if isinstance(found, Outcome):
        assert labels[found.index] in unicodedata.normalize("NFKC", answer).casefold()


@settings(max_examples=100, deadline=None)
@given(reasoning=TEXTS.filter(lambda text: "think" not in text and "</s>" not in text and "<|" not in text))
def test_reasoning_never_counts(reasoning: str) -> None:
    """What stands between think tags changes nothing about what is read."""
    assert isinstance(read_answer(f"<think>{reasoning}</think>", labels=LABELS), Rejected)
    assert read_answer(f"<think>{reasoning}</think>Output: 1", labels=LABELS) == Outcome(index=1)


@pytest.mark.parametrize(
    "piece",
    [
        "output:",
        "output:\n",
        "<think>",
        "</think>",
        "1 ",
        'Output: 0" or "',
        "output(",
        "[",
        '{"a":',
        "\u0300\u0327",
        "1_",
    ],
)
def test_time_grows_with_length_and_no_faster(piece: str) -> None:
    """No pattern backtracks."""
    assert_linear(
        lambda size: read_answer("Output: " + piece * (size // len(piece)), labels=LABELS),
        small=5_000,
        large=80_000,
    )


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


DIE = list("123456")
HUNDRED = [str(number) for number in range(1, 101)]
SIGNED = [str(number) for number in range(-5, 6)]
CARDS = [f"{rank} of {suit}" for suit in ("spades", "hearts") for rank in ("ace", "2", "10", "king")]


@pytest.mark.parametrize(
    ("labels", "answer", "label"),
    [
        (DIE, "Output: 04", "4"),
        (DIE, "Output: Four.", "4"),
        (DIE, "Output: 3.0", "3"),
        (DIE, "The roll is done.\nOutput: **- 5**", "5"),
        (HUNDRED, "Output: 007", "7"),
        (HUNDRED, "Output: forty-two", "42"),
        (HUNDRED, "Output: one hundred", "100"),
        (HUNDRED, "Output: 10", "10"),
        (SIGNED, "Output: −3", "-3"),
        (SIGNED, "Output: minus 3", "-3"),
        (SIGNED, "Output: 3", "3"),
        (CARDS, "Output: the King of Hearts", "king of hearts"),
        (CARDS, "Output: 10 of spades ♠", "10 of spades"),
    ],
)
def test_one_of_many_labels_is_read_in_any_spelling(labels: list[str], answer: str, label: str) -> None:
    found = read_answer(answer, labels=labels)
    assert isinstance(found, Outcome)
    assert labels[found.index] == label


@pytest.mark.parametrize(
    ("labels", "answer", "reason"),
    [
        (DIE, "Output: 7", OFF_LIST),
        (DIE, "Output: 16", OFF_LIST),
        (DIE, "Output: seven", OFF_LIST),
        (HUNDRED, "Output: 142", OFF_LIST),
        (HUNDRED, "Output: 4.2", OFF_LIST),
        (HUNDRED, "9.689962572847513", OFF_LIST),
        (DIE, "I rolled the die.", "no `Output:` names exactly one label"),
        (CARDS, "Output: queen of hearts", OFF_LIST),
        (DIE, "Output: 3 or 4", SEVERAL),
        (CARDS, "Output: ace of hearts and 2 of hearts", SEVERAL),
        (SIGNED, "Output: - 3", OFF_LIST),
    ],
)
def test_no_label_and_several_are_told_apart(labels: list[str], answer: str, reason: str) -> None:
    """A number that only holds a label's digits is no label, and what was not offered has its own reason."""
    assert read_answer(answer, labels=labels) == Rejected(status=Status.UNPARSED, reason=reason)


@given(
    st.integers(-40, 40),
    st.integers(0, 3),
    st.sampled_from(["Output: {}", "**Output:** `{}`", "Output: {}."]),
)
def test_every_number_of_a_range_is_read_with_leading_zeros(number: int, zeros: int, form: str) -> None:
    labels = [str(each) for each in range(-40, 41)]
    written = f"{'-' if number < 0 else ''}{'0' * zeros}{abs(number)}"
    assert read_answer(form.format(written), labels=labels) == Outcome(index=labels.index(str(number)))


WITHIN = (
    ("rose", "rose gold", "gold"),
    ("new york", "new york city", "york"),
    ("c", "c++", "c#"),
    ("node", "node.js", "js"),
    ("smith, john", "smith", "john"),
    ("either", "either/or", "or"),
    ("1/2", "1/20", "2"),
    ("$5", "5", "5%"),
    ("yes", "yes, but", "no"),
    ("日本", "日", "本"),
)


@pytest.mark.parametrize("form", ["Output: {}", "I drew one.\n**Output:** {}", "{}"])
@pytest.mark.parametrize("labels", WITHIN)
def test_a_label_within_another_is_not_named_by_it(labels: tuple[str, ...], form: str) -> None:
    """The longest label that stands there is the one that was named."""
    found = [read_answer(form.format(label), labels=labels) for label in labels]
    assert found == [Outcome(index=index) for index in range(len(labels))]


@pytest.mark.parametrize(
    ("answer", "label"), [("Output: +5", "5"), ("Output: -0", "0"), ("Output: −0.", "0")]
)
def test_signs_of_a_signed_range_are_read(answer: str, label: str) -> None:
    assert read_answer(answer, labels=SIGNED) == Outcome(index=SIGNED.index(label))


@given(st.lists(st.sampled_from(HUNDRED), min_size=2, max_size=4, unique=True))
def test_several_numbers_are_never_one(numbers: list[str]) -> None:
    found = read_answer(f"Output: {', '.join(numbers)}", labels=HUNDRED)
    assert found == Rejected(status=Status.UNPARSED, reason=SEVERAL)


def test_a_structured_answer_off_the_list_says_so() -> None:
    found = read_answer('{"outcome": "7"}', labels=DIE, mode="structured")
    assert found == Rejected(status=Status.UNPARSED, reason=OFF_LIST)
    assert read_answer('{"outcome": 4}', labels=DIE, mode="structured") == Outcome(index=3)
