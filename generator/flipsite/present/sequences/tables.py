"""The answers of a study's models as a table."""

from flipsite.analyse.sequences.estimates import SequenceEstimate
from flipsite.analyse.sequences.study import SequenceStudy
from flipsite.domain.display import Cell, Heading, Table
from flipsite.domain.study import Study
from flipsite.domain.urls import model_page
from flipsite.present.sequences.words import kept_text, names_of
from flipsite.present.text.formats import MISSING, caption_text, count_text, percent_text

_HEADINGS = (
    Heading(key="model", label="Model"),
    Heading(key="length_kept", label="Length kept", help="Answers of exactly the draws asked for."),
    Heading(
        key="alternation", label="Alternation", help="Draws that differ from the one before.", numeric=True
    ),
    Heading(key="dispersion_own", label="Dispersion", help="1 for independent draws.", numeric=True),
    Heading(key="collision_bits", label="Bits an answer", help="From pairs of equal answers.", numeric=True),
    Heading(key="distinct_answers", label="Different answers", numeric=True),
    Heading(key="patterns", label="Found", help="What sets the answers apart from independent draws."),
)


def sequences_table(study: Study, found: SequenceStudy, *, top: int, note: str) -> Table:
    """The statistics of each model's answers, the patterned ones first."""
    rows = sorted(found.sequences.values(), key=lambda each: (not each.patterns, each.model))
    return Table(
        name="sequences",
        caption=caption_text(study.title, f"{count_text(study.sampling.per_answer)} draws in one answer"),
        headings=_HEADINGS,
        rows=tuple(_row(study, each) for each in rows[:top]),
        note=note,
    )


def _row(study: Study, each: SequenceEstimate) -> tuple[Cell, ...]:
    bits, dispersion = each.collision_bits, each.dispersion_own
    bound = "≥ " if each.collision_bits_bounded else ""
    return (
        Cell(value=each.model, text=each.model, link=model_page(study.id, each.model)),
        Cell(value=each.length_kept, text=kept_text(each)),
        Cell(value=each.alternation, text=percent_text(each.alternation)),
        Cell(value=dispersion, text=MISSING if dispersion is None else f"{dispersion:.2f}"),
        Cell(value=bits, text=MISSING if bits is None else f"{bound}{bits:.1f}"),
        Cell(value=each.distinct_answers, text=count_text(each.distinct_answers)),
        Cell(value=names_of(each), text=names_of(each)),
    )
