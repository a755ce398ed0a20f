"""Reading answers whatever the labels are: no word, number or script is read better than another."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flipsite.collect.reading.answer import read_answer
from flipsite.domain.draws import Outcome, Rejected

LABELS = ("0", "1")


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
