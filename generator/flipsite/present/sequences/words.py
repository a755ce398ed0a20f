"""The patterns of a model's answers in words."""

from collections.abc import Mapping

from flipsite.analyse.sequences.estimates import Pattern, SequenceEstimate, SequenceVerdict
from flipsite.domain.display import plural
from flipsite.present.text.formats import count_text, percent_text

PATTERNS: Mapping[Pattern, tuple[str, str]] = {
    Pattern.SHARES: ("uneven shares", "It draws some outcomes more often than asked for."),
    Pattern.RATIONED: (
        "rationed",
        "Each answer holds nearly the same number of every outcome; independent draws vary more.",
    ),
    Pattern.STICKY: (
        "lopsided answers",
        "Single answers lean to one outcome more than independent draws do.",
    ),
    Pattern.ALTERNATING: ("alternating", "It changes from one outcome to another more often than chance."),
    Pattern.REPEATING: ("repeating", "It stays on an outcome longer than chance."),
    Pattern.FIRST_PLACE: ("first place", "The first draw of an answer has other shares than the rest."),
    Pattern.PLACES: ("places", "Which outcome comes depends on the place in the answer."),
    Pattern.SCRIPTS: ("scripts", "It gives the same whole answer again and again."),
    Pattern.LOOP: ("loop", "Its answers repeat a stretch of themselves."),
}
"""A short name of each pattern, and a sentence on what it means."""


def rows_finding(found: SequenceEstimate) -> str:
    """What a model's answers say of its draws being independent, in a sentence or two."""
    draws = f"{plural(found.valid, 'answer')} of {count_text(found.per_answer)} draws"
    match found.verdict:
        case SequenceVerdict.PATTERNED:
            return " ".join(PATTERNS[pattern][1] for pattern in found.patterns)
        case SequenceVerdict.INDEPENDENT:
            return f"Its {draws} look like independent draws, and would hardly do so if they were not."
        case SequenceVerdict.UNDECIDED:
            return f"Its {draws} show no pattern, but are too few to call the draws independent."


def names_of(found: SequenceEstimate) -> str:
    """The patterns by their short names; the verdict where there are none."""
    return ", ".join(PATTERNS[pattern][0] for pattern in found.patterns) or str(found.verdict)


def kept_text(found: SequenceEstimate) -> str:
    """How many answers have the length that was asked for."""
    kept = found.length_kept
    return (
        "–"
        if kept is None
        else f"{count_text(found.valid)} of {count_text(found.answers)} ({percent_text(kept)})"
    )
