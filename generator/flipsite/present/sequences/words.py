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
        "Single answers favour one outcome more than independent draws do.",
    ),
    Pattern.ALTERNATING: ("alternating", "It switches between outcomes more often than chance would."),
    Pattern.REPEATING: ("repeating", "It repeats an outcome for longer than chance would."),
    Pattern.FIRST_PLACE: ("first draw", "The first draw of an answer has different shares from the rest."),
    Pattern.PLACES: ("positions", "The outcome depends on the position in the answer."),
    Pattern.SCRIPTS: ("scripts", "It gives the same whole answer again and again."),
    Pattern.LOOP: ("loop", "Its answers repeat a sequence within themselves."),
}
"""A short name of each pattern, and a sentence on what it means."""


def rows_finding(found: SequenceEstimate) -> str:
    """State in a sentence or two whether the draws within answers are independent."""
    draws = f"{plural(found.valid, 'answer')} of {count_text(found.per_answer)} draws"
    match found.verdict:
        case SequenceVerdict.PATTERNED:
            return " ".join(PATTERNS[pattern][1] for pattern in found.patterns)
        case SequenceVerdict.INDEPENDENT:
            return f"Its {draws} look like independent draws, and would be unlikely to if they were not."
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
