"""Every embed of a study, by the name that `flipsite embed` takes."""

from collections.abc import Mapping
from functools import cache, partial

from flipsite.analyse.report import StudyReport
from flipsite.domain import Estimate
from flipsite.exhibits import Cell, Figure, Heading, Table
from flipsite.fitted import FittedForm
from flipsite.present.charts_bias import bias_intervals
from flipsite.present.charts_predictors import coefficients
from flipsite.present.charts_printed import printed_tables, stated_spend
from flipsite.present.charts_spend import spend_by_model
from flipsite.present.embed import Embed, Source, study_source
from flipsite.present.formats import brief_text
from flipsite.present.leaderboard import (
    TOP,
    leaderboard_table,
    least_biased_table,
    model_table,
    most_biased_table,
)
from flipsite.present.plain_predictors import best_form, contrasts, main_part
from flipsite.present.predictor_tables import predictors_table
from flipsite.present.study_charts import Draw, study_drawings
from flipsite.present.tables import spend_table, stated_spend_table, study_note

MODEL = "model/"
"""What stands before a model's name where one model is embedded."""


def table_embeds(
    report: StudyReport,
    *,
    base_url: str | None = None,
    top: int | None = None,
    figures: Mapping[str, Figure] | None = None,
) -> dict[str, Embed]:
    """The study's tables; none before it has a figure to show.

    Args:
        report: The study.
        base_url: Where the site stands, ending in a slash; None leaves links out.
        top: Rows of each; 20 of the least and of the most biased, else all, where it is None.
        figures: The study's charts, where they are already drawn.
    """
    if not report.estimates:
        return {}
    embedded = partial(Embed, source=study_source(report, base_url=base_url), base_url=base_url)
    ends = (least_biased_table(report, top=top or TOP), most_biased_table(report, top=top or TOP))
    found = [embedded(name=table.name, table=table, figure=_rows_figure(report, table)) for table in ends]
    board = leaderboard_table(report, top=top)
    found.append(embedded(name=board.name, table=board, figure=_board_figure(report, figures or {})))
    if report.spend:
        spend = spend_table(report.study, report.spend[:top], note=study_note(report.study))
        found.append(embedded(name=spend.name, table=spend, figure=_spend_figure(report, figures or {})))
    elif report.printed:
        stated = stated_spend_table(report.study, report.printed)
        found.append(embedded(name=stated.name, table=stated, figure=_spend_figure(report, figures or {})))
    best = best_form(report.fit) if report.fit else None
    if best and contrasts(best, main_part(best)):
        fitted = predictors_table(best, report.study, top=top, note=study_note(report.study))
        forest = _forest_figure(report, best, figures or {})
        found.append(embedded(name=fitted.name, table=fitted, figure=forest))
    return {embed.name: embed for embed in found}


def chart_embeds(
    report: StudyReport, figures: Mapping[str, Figure], *, base_url: str | None = None
) -> dict[str, Embed]:
    """The study's charts, by their short names."""
    source = study_source(report, base_url=base_url)
    return {
        name: Embed(
            name=name,
            source=source,
            table=_figure_table(name, figure),
            figure=partial(_same, figure),
            is_chart=True,
            base_url=base_url,
        )
        for name, figure in figures.items()
    }


def study_embeds(report: StudyReport, figures: Mapping[str, Figure], *, base_url: str | None) -> list[Embed]:
    """All tables and charts of a study; its models are embedded one by one, by the command."""
    tables = table_embeds(report, base_url=base_url, figures=figures)
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
    drawings = study_drawings(report)
    if name in drawings:
        return chart_embeds(report, {name: drawings[name]()}, base_url=base_url)[name]
    return (*tables, *drawings, f"{MODEL}NAME")


def _model_embed(
    report: StudyReport, name: str, *, source: Source, base_url: str | None
) -> Embed | tuple[str, ...]:
    model = name.removeprefix(MODEL)
    table = model_table(report, model)
    if table is None:
        return tuple(MODEL + record.model for record in report.estimates)
    return Embed(name=name, source=source, table=table, figure=_rows_figure(report, table), base_url=base_url)


def _rows_figure(report: StudyReport, table: Table) -> Draw | None:
    """A chart of just the models in a table; None where none of them has a bias."""
    models = {cell.value for row in table.rows for cell in row if cell.link}
    shown: list[Estimate] = [
        record for record in report.estimates if record.model in models and record.bias is not None
    ]
    return cache(partial(bias_intervals, shown, report.study, narrow=False)) if shown else None


def _board_figure(report: StudyReport, figures: Mapping[str, Figure]) -> Draw | None:
    drawn = figures.get("printed-tables") or figures.get("bias-intervals")
    if drawn:
        return partial(_same, drawn)
    if report.printed:
        return cache(partial(printed_tables, report.estimates, report.printed, report.study))
    if any(record.bias is not None for record in report.estimates):
        return cache(partial(bias_intervals, report.estimates, report.study))
    return None


def _spend_figure(report: StudyReport, figures: Mapping[str, Figure]) -> Draw | None:
    if drawn := figures.get("spend"):
        return partial(_same, drawn)
    if report.printed:
        return cache(partial(stated_spend, report.printed, report.study))
    if not any(row.cost_usd > 0 for row in report.spend):
        return None
    return cache(partial(spend_by_model, report.spend, report.study))


def _forest_figure(report: StudyReport, form: FittedForm, figures: Mapping[str, Figure]) -> Draw:
    drawn = figures.get(f"predictors-{form.form}-{main_part(form)}")
    return (
        partial(_same, drawn) if drawn else cache(partial(coefficients, form, main_part(form), report.study))
    )


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
        rows=tuple(tuple(_cell(record.get(key)) for key in keys) for record in figure.records),
        note=figure.caption,
    )


def _cell(value: object) -> Cell:
    known = value if value is None or isinstance(value, int | float | str) else str(value)
    return Cell(value=known, text=brief_text(value))


def _same(figure: Figure) -> Figure:
    return figure
