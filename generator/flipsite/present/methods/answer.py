"""The answer to the article's question, from the families of methods and the answers of several draws."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from flipsite.analyse.methods.family import MethodFamily
from flipsite.analyse.report import StudyReport
from flipsite.analyse.sequences.estimates import SequenceVerdict
from flipsite.domain.display import plural
from flipsite.domain.study import Kind
from flipsite.present.methods.page import methods_path
from flipsite.present.methods.words import takes_sentences
from flipsite.present.text.formats import count_text, how_many

NO_FAMILY = (
    "No study of this site asks the same models in more than one way, so it has no answer yet. "
    "The command flipsite arms prepares such studies."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Paragraph:
    """A paragraph of the answer, and the page that has the numbers behind it; `path` is empty for none."""

    text: str
    path: str = ""
    link: str = ""


def what_it_takes(reports: Sequence[StudyReport], families: Sequence[MethodFamily]) -> list[Paragraph]:
    """The price of reliable draws: by each family of methods, then by each study of several draws an answer.

    Real models stand before simulated ones, which are named so.
    """
    real, simulated = (
        [_family(each) for each in families if (each.base.kind is Kind.SIMULATED) is wanted]
        for wanted in (False, True)
    )
    none = [] if families else [Paragraph(text=NO_FAMILY)]
    return [*none, *real, *_dozens(reports), *simulated]


def _family(family: MethodFamily) -> Paragraph:
    base, ways = family.base, plural(len(family.studies), "way")
    subject = (
        "Simulated models of known truth" if base.kind is Kind.SIMULATED else f"The models of “{base.title}”"
    )
    return Paragraph(
        text=" ".join([f"{subject} were asked in {ways}.", *takes_sentences(family)]),
        path=methods_path(family),
        link="Each way and its price",
    )


def _dozens(reports: Sequence[StudyReport]) -> Iterable[Paragraph]:
    """How many models give independent draws within one answer, by study; simulated ones are left out."""
    for report in reports:
        if report.sequences is None or report.study.kind is Kind.SIMULATED:
            continue
        verdicts = Counter(each.verdict for each in report.sequences.sequences.values())
        independent, patterned = verdicts[SequenceVerdict.INDEPENDENT], verdicts[SequenceVerdict.PATTERNED]
        per_answer, what = count_text(report.study.sampling.per_answer), "answers that follow a pattern"
        patterns = how_many(patterned, verdicts.total(), "model", does=f"gives {what}", do=f"give {what}")
        rest = f"; {count_text(independent)} cannot be distinguished from independent draws"
        yield Paragraph(
            text=(
                f"“{report.study.title}” asked for {per_answer} draws in one answer. "
                f"{patterns}{rest if independent else ''}."
            ),
            path=f"{report.study.id}/leaderboard/index.html",
            link="The patterns",
        )
