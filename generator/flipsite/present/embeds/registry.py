"""Every embed of a study, by the name that `flipsite embed` takes: tables and charts with their source.

Drawing needs Altair, which is imported only when something is drawn: in a build another process does that.
"""

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache, partial
from typing import TypeVar

from flipsite.analyse.methods.family import MethodFamily
from flipsite.analyse.report import StudyReport
from flipsite.domain.display import Cell, Figure, Heading, Table
from flipsite.domain.estimates import Estimate
from flipsite.domain.study import Kind, Study
from flipsite.present.leaderboard.board import Board, board
from flipsite.present.leaderboard.tables import (
    MOST_ROWS,
    leaderboard_table,
    least_biased_table,
    model_table,
    most_biased_table,
)
from flipsite.present.methods.bits_table import bits_table
from flipsite.present.methods.table import methods_table
from flipsite.present.outcomes.favourites import favourites, favourites_table
from flipsite.present.pages.predictor_tables import predictors_table
from flipsite.present.sequences.tables import sequences_table
from flipsite.present.tables import TOP, by_rank, spend_table, stated_spend_table, study_note
from flipsite.present.text.formats import brief_text
from flipsite.present.text.predictors import contrasts, main_form, main_part


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
        """The part of a source line after its title."""
        if self.kind is Kind.PUBLISHED:
            return f"published {self.first}" if self.first else "published, date unknown"
        simulated = "SIMULATED: samplers of known truth, no model was asked; "
        said = simulated if self.kind is Kind.SIMULATED else ""
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
        has_chart_title: Whether its picture keeps its own title, as it shows other models than the rows.
        base_url: The site's address, ending in a slash; None leaves links out.
    """

    name: str
    source: Source
    heading: str
    make_table: Callable[[], Table]
    figure: Callable[[], Figure] | None
    is_chart: bool = False
    has_chart_title: bool = False
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


Draw = Callable[[], Figure]
_T = TypeVar("_T")

_CUT = f" The first {MOST_ROWS} rows; the file of the chart’s data has all of them."

MODEL = "model/"
"""The words before the name of a single embedded model."""


def table_embeds(
    report: StudyReport,
    *,
    made: Board | None = None,
    base_url: str | None = None,
    top: int | None = None,
    figures: Mapping[str, Figure] | None = None,
) -> dict[str, Embed]:
    """The study's tables; none before it has a figure to show.

    Args:
        report: The study.
        made: Its leaderboard, where it is already made.
        base_url: The site's address, ending in a slash; None leaves links out.
        top: Rows of each; 20 of the least and of the most biased, else at most 250, where it is None.
        figures: The study's charts, and the tables' own pictures, where they are already drawn.
    """
    if not report.estimates:
        return {}
    made = made or board(report)
    source = study_source(report, base_url=base_url)

    def embedded(table: Table, figure: Draw | None, *, has_chart_title: bool = True) -> Embed:
        return _table_embed(table, figure, source=source, base_url=base_url, has_chart_title=has_chart_title)

    ends = (
        least_biased_table(report, made, top=top or TOP),
        most_biased_table(report, made, top=top or TOP),
    )
    found = [
        embedded(table, _rows_figure(report, table, figures or {}), has_chart_title=False) for table in ends
    ]
    all_ranked = leaderboard_table(report, made, top=top or MOST_ROWS)
    found.append(embedded(all_ranked, _board_figure(report, figures or {})))
    if report.spend:
        costs = _spend(report, top or MOST_ROWS)
        found.append(embedded(costs, _spend_figure(report, figures or {})))
    elif report.printed:
        stated = stated_spend_table(report.study, report.printed)
        found.append(embedded(stated, _spend_figure(report, figures or {})))
    if report.outcomes and favourites(report):
        liked = favourites_table(report, top=top or MOST_ROWS, note=study_note(report.study))
        grid = _chart(report, "outcomes", figures or {})
        found.append(embedded(liked, grid))
    if report.sequences:
        table = sequences_table(
            report.study, report.sequences, top=top or MOST_ROWS, note=study_note(report.study)
        )
        picture = (
            _chart(report, "sequences", figures or {}) if any(e.valid for e in report.estimates) else None
        )
        found.append(embedded(table, picture))
    if report.tallies:
        bits = bits_table(report, top=top or MOST_ROWS, note=study_note(report.study))
        found.append(embedded(bits, _bits_figure(report, figures or {})))
    best = main_form(report.fit) if report.fit else None
    if best and contrasts(best, main_part(best)):
        fitted = predictors_table(best, report.study, top=top, note=study_note(report.study))
        forest = _chart(report, f"predictors-{best.form}-{main_part(best)}", figures or {})
        found.append(embedded(fitted, forest))
    return {embed.name: embed for embed in found}


METHODS = "methods"
"""The name of the embed of a family of methods."""


def methods_embed(
    family: MethodFamily,
    base: StudyReport,
    *,
    drawn: Figure | None = None,
    base_url: str | None,
    top: int | None = None,
) -> Embed:
    """The table of a family of methods.

    Args:
        family: The family.
        base: The report of its base study, of which the embed is.
        drawn: Its chart, where that is already drawn.
        base_url: The site's address, ending in a slash; None leaves links out.
        top: Rows, at most; 250 where it is None.
    """
    figure = partial(_same, drawn) if drawn else cache(partial(_ways, family))
    has_picture = any(record.excess is not None for record in family.records)
    return _table_embed(
        methods_table(family, top=top or MOST_ROWS),
        figure if has_picture else None,
        source=study_source(base, base_url=base_url),
        base_url=base_url,
    )


def _ways(family: MethodFamily) -> Figure:
    from flipsite.present.charts.methods import price_against_bias

    return price_against_bias(family)


def chart_embeds(
    report: StudyReport, figures: Mapping[str, Figure], *, base_url: str | None = None
) -> dict[str, Embed]:
    """The study's charts, by their short names."""
    source = study_source(report, base_url=base_url)
    return {
        name: Embed(
            name=name,
            source=source,
            heading=figure.title,
            make_table=cache(partial(_figure_table, name, figure)),
            figure=partial(_same, figure),
            is_chart=True,
            base_url=base_url,
        )
        for name, figure in figures.items()
    }


def table_drawings(report: StudyReport) -> dict[str, Draw]:
    """The functions that draw pictures of tables of some models, by the table's name."""
    ranked = [record for record in report.estimates if record.rank is not None]
    ends = {"least-biased": by_rank(ranked)[:TOP], "most-biased": by_rank(ranked, most=True)[:TOP]}
    found = {
        name: _models_figure(report, {record.model for record in end}, name, {}) for name, end in ends.items()
    }
    if report.tallies:
        found["bits"] = _bits_figure(report, {})
    return {name: draw for name, draw in found.items() if draw}


def study_embeds(
    report: StudyReport,
    figures: Mapping[str, Figure],
    pictures: Mapping[str, Figure],
    *,
    made: Board | None = None,
    base_url: str | None,
) -> list[Embed]:
    """All tables and charts of a study; its models are embedded one by one, by the command.

    Args:
        report: The study.
        figures: Its charts.
        pictures: What `table_drawings` draws, as far as it is drawn.
        made: Its leaderboard, where it is already made.
        base_url: The site's address, ending in a slash; None leaves links out.
    """
    tables = table_embeds(report, made=made, base_url=base_url, figures={**figures, **pictures})
    charts = chart_embeds(report, figures, base_url=base_url)
    return [*tables.values(), *(chart for name, chart in charts.items() if name not in tables)]


def find_embed(
    report: StudyReport, name: str, *, base_url: str | None = None, top: int | None = None
) -> Embed | tuple[str, ...]:
    """One embed of a study, by its name; the names there are where none is called that.

    Charts are drawn only if no table has the name.
    """
    if name.startswith(MODEL):
        return _model_embed(report, name, source=study_source(report, base_url=base_url), base_url=base_url)
    tables = table_embeds(report, base_url=base_url, top=top)
    if name in tables:
        return tables[name]
    from flipsite.present.charts.registry import study_drawings

    drawings = study_drawings(report)
    if name in drawings:
        return chart_embeds(report, {name: drawings[name]()}, base_url=base_url)[name]
    return (*tables, *drawings, f"{MODEL}NAME")


def _model_embed(
    report: StudyReport, name: str, *, source: Source, base_url: str | None
) -> Embed | tuple[str, ...]:
    model = name.removeprefix(MODEL)
    table = model_table(report, board(report), model)
    if table is None:
        return tuple(MODEL + record.model for record in report.estimates)
    embed = _table_embed(table, _rows_figure(report, table, {}), source=source, base_url=base_url)
    return replace(embed, name=name)


def _table_embed(
    table: Table,
    figure: Draw | None,
    *,
    source: Source,
    base_url: str | None,
    has_chart_title: bool = False,
) -> Embed:
    return Embed(
        name=table.name,
        source=source,
        heading=table.caption,
        make_table=partial(_same, table),
        figure=figure,
        has_chart_title=has_chart_title,
        base_url=base_url,
    )


def _rows_figure(report: StudyReport, table: Table, figures: Mapping[str, Figure]) -> Draw | None:
    """A chart of just the models in a table; None where none of them has a bias."""
    models = {str(cell.value) for row in table.rows for cell in row if cell.link}
    return _models_figure(report, models, table.name, figures)


def _models_figure(
    report: StudyReport, models: Collection[str], name: str, figures: Mapping[str, Figure]
) -> Draw | None:
    shown: list[Estimate] = [
        record for record in report.estimates if record.model in models and record.bias is not None
    ]
    return _picture(name, figures, partial(_intervals, shown, report.study)) if shown else None


def _bits_figure(report: StudyReport, figures: Mapping[str, Figure]) -> Draw | None:
    valid = any(estimate.valid for estimate in report.estimates)
    return _picture("bits", figures, partial(_bits, report)) if valid else None


def _bits(report: StudyReport) -> Figure:
    from flipsite.present.charts.bits import bits_a_draw

    return bits_a_draw(report)


def _intervals(estimates: Sequence[Estimate], study: Study) -> Figure:
    from flipsite.present.charts.bias import bias_intervals

    return bias_intervals(estimates, study, narrow=False)


def _spend(report: StudyReport, top: int) -> Table:
    rest = " The whole table is on the study’s page of its spend." if top < len(report.spend) else ""
    return spend_table(report.study, report.spend, top=top, note=study_note(report.study) + rest)


def _board_figure(report: StudyReport, figures: Mapping[str, Figure]) -> Draw | None:
    if report.printed:
        return _chart(report, "printed-tables", figures)
    if any(record.bias is not None for record in report.estimates):
        return _chart(report, "bias-intervals", figures)
    return None


def _spend_figure(report: StudyReport, figures: Mapping[str, Figure]) -> Draw | None:
    if report.printed or any(row.cost_usd for row in report.spend):
        return _chart(report, "spend", figures)
    return None


def _chart(report: StudyReport, name: str, figures: Mapping[str, Figure]) -> Draw:
    """A chart of the study."""
    return _picture(name, figures, partial(_drawn, report, name))


def _picture(name: str, figures: Mapping[str, Figure], draw: Draw) -> Draw:
    """A picture that is drawn already, or is drawn at the first call."""
    return partial(_same, figures[name]) if name in figures else cache(draw)


def _drawn(report: StudyReport, name: str) -> Figure:
    from flipsite.present.charts.registry import study_drawings

    return study_drawings(report)[name]()


def _figure_table(name: str, figure: Figure) -> Table:
    """The numbers behind a chart."""
    keys = list(dict.fromkeys(key for record in figure.records for key in record))
    headings = tuple(
        Heading(
            key=key,
            label=key.replace("_", " "),
            numeric=any(isinstance(record.get(key), int | float) for record in figure.records),
        )
        for key in keys
    )
    return Table(
        name=name,
        caption=figure.title,
        headings=headings,
        rows=tuple(tuple(_cell(record.get(key)) for key in keys) for record in figure.records[:MOST_ROWS]),
        note=figure.caption + (_CUT if len(figure.records) > MOST_ROWS else ""),
    )


def _cell(value: object) -> Cell:
    known = value if value is None or isinstance(value, int | float | str) else str(value)
    return Cell(value=known, text=brief_text(value))


def _same(given: _T) -> _T:
    return given
