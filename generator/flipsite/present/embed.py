"""What of a study can be shown elsewhere: its tables and its charts, each with its source line."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from flipsite.analyse.report import StudyReport
from flipsite.domain.display import Figure, Table
from flipsite.domain.study import Kind


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """Where the figures of an embed come from.

    Attributes:
        study: The study's id.
        title: The study's title.
        kind: Of the study.
        first: Day of the first draw, or of the source where nothing better is known; None if unknown.
        last: Day of the last draw.
        url: Where to read on; None where no address is known.
    """

    study: str
    title: str
    kind: Kind
    first: str | None
    last: str | None
    url: str | None

    @property
    def words(self) -> str:
        """What follows the title in a source line."""
        if self.kind is Kind.PUBLISHED:
            return f"published {self.first}" if self.first else "published, date unknown"
        said = "SIMULATED: coins of known truth, no model was asked; " if self.kind is Kind.SIMULATED else ""
        if self.first is None or self.last is None:
            return f"{said}draws of unknown date"
        days = self.first if self.first == self.last else f"{self.first} to {self.last}"
        return f"{said}draws of {days}"

    @property
    def line(self) -> str:
        """The source line as plain text."""
        return f"Source: {self.title}; {self.words}. Made with flipsite."


@dataclass(frozen=True, slots=True, kw_only=True)
class Embed:
    """One table or chart, ready for every format.

    Attributes:
        name: As `flipsite embed` takes it.
        source: Where its figures come from.
        heading: What it is called where it stands alone.
        make_table: Gives its rows; those of a chart are the numbers behind it, worked out once.
        figure: Its picture, drawn at the first call, for that takes longest; None where nothing can be drawn.
        is_chart: Whether it is shown as its picture and not as its table.
        base_url: Where the site stands, ending in a slash; None leaves links out.
    """

    name: str
    source: Source
    heading: str
    make_table: Callable[[], Table]
    figure: Callable[[], Figure] | None
    is_chart: bool = False
    base_url: str | None = None

    @property
    def table(self) -> Table:
        """Its rows."""
        return self.make_table()


def study_source(report: StudyReport, *, base_url: str | None) -> Source:
    """Where a study's figures come from, as far as it is known."""
    study = report.study
    first, last = report.asked or (study.started, study.started)
    cited = study.source if re.fullmatch(r"https?://\S+", study.source) else None
    return Source(
        study=study.id,
        title=study.title,
        kind=study.kind,
        first=first and first[:10],
        last=last and last[:10],
        url=f"{base_url}{study.id}/index.html" if base_url else cited,
    )


def source_record(source: Source) -> Mapping[str, object]:
    """The source as JSON gives it."""
    return {
        "study": source.study,
        "title": source.title,
        "kind": source.kind.value,
        "first": source.first,
        "last": source.last,
        "url": source.url,
        "line": source.line,
    }
