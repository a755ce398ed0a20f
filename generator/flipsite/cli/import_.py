"""`flipsite import`: other people's draws into a study."""

import json
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from flipsite.cli.console import ProgressBar
from flipsite.cli.params import study_names
from flipsite.domain.display import one_line, plural, usd_text
from flipsite.errors import UsageError

if TYPE_CHECKING:  # the store is imported when there is something to import
    from flipsite.store.imports.counts import CountsReport
    from flipsite.store.imports.importer import ImportReport
    from flipsite.workflows.batch import BatchImport


MOST_NAMES = 5
"""Models that are named one by one."""


@click.command("import", short_help="Bring draws from elsewhere into a study.")
@click.argument("files", metavar="FILE…", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option(
    "--study",
    required=True,
    metavar="ID",
    shell_complete=study_names,
    help="The study to add to; made where there is none.",
)
@click.option(
    "--column",
    "columns",
    multiple=True,
    metavar="OURS=THEIRS",
    help="The file's column, or path as `body.model`, that is ours; `labels=v,v2` names two, `order=` none. "
    "May be repeated.",
)
@click.option(
    "--where",
    multiple=True,
    metavar="COL=VALUE",
    help="Only rows with that value in the file's column. May be repeated; all must hold.",
)
@click.option("--labels", metavar="A,B", help="The labels of outcome 0 and outcome 1.")
@click.option(
    "--outcomes", metavar="A,B,C", help="The labels of more outcomes, or `1..100` for whole numbers."
)
@click.option(
    "--round",
    "rounds",
    is_flag=True,
    help="Round real numbers to the nearest of `--outcomes`, which are whole numbers.",
)
@click.option(
    "--target",
    metavar="SHARES",
    help="What the prompt asked for, in a study that is made here: `uniform`, or shares as `0.5,0.3,0.2`.",
)
@click.option(
    "--target-column",
    metavar="COL",
    help="The file's column of asked shares (or per cent): one study a target, named STUDY-p005 and so on.",
)
@click.option(
    "--from",
    "source",
    type=click.Choice(["auto", "table", "openai-batch", "lm-eval", "inspect", "promptfoo", "litellm"]),
    default="auto",
    show_default=True,
    help="The tool whose log the file is; `auto` recognises it, `table` is none of them.",
)
@click.option("--model", metavar="NAME", help="The model of every row, where the file does not name it.")
@click.option(
    "--decimal",
    default=".",
    metavar="MARK",
    help="The decimal mark of the file's numbers: `.` or `,`.  [default: .]",
)
@click.option("--encoding", metavar="NAME", help="The encoding of a text that is not UTF-8, as `cp1252`.")
@click.option(
    "--counts",
    is_flag=True,
    help="Rows are counts in place of draws: model, label and n, or model, a column an outcome and n.",
)
@click.option(
    "--replace",
    "overwrite",
    is_flag=True,
    help="Put the file's draws in place of those of the same model and number that have other content.",
)
@click.option(
    "--append",
    is_flag=True,
    help="Number the file's draws after those of the study, also where they look the same.",
)
@click.option(
    "--dry-run", is_flag=True, help="Show the first draws and what would be left out, and write nothing."
)
def command(
    *,
    files: tuple[Path, ...],
    study: str,
    columns: tuple[str, ...],
    where: tuple[str, ...],
    labels: str | None,
    outcomes: str | None,
    rounds: bool,
    target: str | None,
    target_column: str | None,
    model: str | None,
    decimal: str,
    encoding: str | None,
    source: str,
    counts: bool,
    overwrite: bool,
    append: bool,
    dry_run: bool,
) -> None:
    r"""Add the draws of FILE to a study: CSV, JSON or Parquet, also compressed, or the log of another tool.

    FILE may be a folder, for all files in it, or `-` for standard input. A model and an outcome (0 and 1,
    true and false, or a label) suffice, or a model and a response, which is read as a collected answer is.
    Two label columns are taken as the label named first in the prompt and the other. Draws that the study
    has already are left out, so that a log may be imported again as it grows.

    \b
    Examples:
      flipsite import draws.csv --study mine
      flipsite import logs/ --study mine --dry-run
      flipsite import flips.jsonl.gz --study theirs --column outcome=answer --labels tails,heads
      flipsite import curve.csv --study curve --column outcome=answer --target-column p
      flipsite import log.jsonl --study mine --column model=request.model --column response=reply
      flipsite import dice.csv --study dice --outcomes 1..6 --target uniform
      flipsite import reals.csv --study numbers --outcomes 0..10 --round
      flipsite import dozens.csv --study dozens --column sequence=flip_1..flip_12
      flipsite import table2.csv --study paper --counts
      flipsite import words.csv --study words --column outcome=said --column labels=v,v2 --where p=50
    """
    from flipsite.project import find_project
    from flipsite.store.imports.batch_requests import split_requests
    from flipsite.store.imports.columns import parse_options, parse_target
    from flipsite.store.imports.placement import RepeatPolicy
    from flipsite.workflows.import_export import (
        import_draws,
        import_table_of_counts,
        import_targets,
        input_files,
        names_study,
    )

    options = parse_options(
        columns,
        where,
        labels,
        model=model,
        decimal=decimal,
        encoding=encoding,
        source=source,
        outcomes=outcomes,
        rounds=rounds,
    )
    shares = None if target is None else parse_target(target)
    if append and (overwrite or counts):
        other = "--replace" if overwrite else "--counts"
        raise UsageError(f"--append: cannot be combined with {other}; leave one of them out.")
    if counts and rounds:
        raise UsageError("--round: rounds draws, not counts; leave it out with --counts.")
    with input_files(files, sys.stdin.buffer) as named:
        paths, requests = split_requests(named)
        options = replace(options, requests=requests)
        for number, path in enumerate(paths):
            project, batch, reports = find_project(Path.cwd()), None, list["ImportReport"]()
            table: CountsReport | None = None
            repeats = RepeatPolicy(replace=overwrite, append=append, follows=number > 0)
            with ProgressBar("file") as bar, bar.ticking():
                bar.show("file", number, len(paths))
                if counts:
                    table = import_table_of_counts(
                        project,
                        study,
                        path,
                        options=options,
                        target=shares,
                        overwrite=overwrite,
                        dry_run=dry_run,
                    )
                elif source in ("auto", "openai-batch") and names_study(path, study):
                    from flipsite.workflows.batch import import_batch  # with it the collector

                    batch = import_batch(project, study, path, dry_run=dry_run)
                elif target_column:
                    reports += import_targets(
                        project,
                        study,
                        path,
                        options=options,
                        column=target_column,
                        repeats=repeats,
                        dry_run=dry_run,
                        progress=bar.show,
                    )
                else:
                    reports.append(
                        import_draws(
                            project,
                            study,
                            path,
                            options=options,
                            target=shares,
                            repeats=repeats,
                            dry_run=dry_run,
                            progress=bar.show,
                        )
                    )
            if table is not None:
                _show_counts(table, dry_run=dry_run)
            if batch is not None:
                _show_batch(path, batch, dry_run=dry_run)
            for report in reports:
                _show(report, dry_run=dry_run)


def _show_batch(file: Path, report: "BatchImport", *, dry_run: bool) -> None:
    """Show what the output of a batch file brought."""
    kept = ", ".join(f"{n:,} {status}" for status, n in report.by_status.items()) or "none new"
    known = f"; {report.n_known:,} were there before" if report.n_known else ""
    read = "Would read" if dry_run else "Read"
    click.echo(f"{read} answers of {file} into study {report.study!r}: {kept}{known}.")
    click.echo(_batch_cost(report))
    if report.n_beyond:
        beyond = plural(report.n_beyond, "draw")
        click.echo(f"Numbered beyond the study's draws: {beyond}; they count like the others.")
    if report.n_foreign:
        click.echo(f"{plural(report.n_foreign, 'line')} passed over: they name no draw of the study.")
    for model in report.unknown[:MOST_NAMES]:
        click.echo(f"Passed over: {one_line(model)} is not in the catalogue that the study keeps.")
    if len(report.unknown) > MOST_NAMES:
        click.echo(f"Passed over: {len(report.unknown) - MOST_NAMES:,} more.")
    if report.snapshot is not None:
        click.echo(f"Snapshot: {report.snapshot}")


def _batch_cost(report: "BatchImport") -> str:
    """The cost of a batch's new draws, and how much of it is not known."""
    if report.n_unpriced and report.n_unpriced == sum(report.by_status.values()):
        return "What they cost is not known: their models have no price; state it under [[models.price]]."
    worst = f", {usd_text(report.unpriced_usd)} of it at its worst case" if report.unpriced_usd else ""
    missing = f"; of {report.n_unpriced:,} it is not known, for want of a price" if report.n_unpriced else ""
    return f"They cost {usd_text(report.cost_usd)}{worst}{missing}."


def _name(path: Path) -> str:
    """A file as it was named; standard input is kept in a folder of its own."""
    return path.name if path.name == "standard input" else str(path)


def _show_counts(report: "CountsReport", *, dry_run: bool) -> None:
    """Show the counts that a table brought."""
    if not report.added:
        click.echo(f"{_name(report.path)} is in study {report.study!r} already; nothing changed.")
        return
    totals = [sum(row.counts[index] for row in report.added) for index in range(len(report.labels))]
    by_label = zip(report.labels, totals, strict=True)
    shown = ", ".join(f"{one_line(label)}: {n:,}" for label, n in by_label if n or len(totals) < 8)
    models = plural(len(report.added), "model")
    n_draws = sum(row.n_draws for row in report.added)
    rest = n_draws - sum(totals)
    click.echo(
        f"{'Would read' if dry_run else 'Read'} the counts of {models} from {_name(report.path)} into study "
        f"{report.study!r}: {plural(n_draws, 'draw')}; {shown}"
        + (f"; without an outcome: {rest:,}." if rest else ".")
    )
    if report.n_there:
        click.echo(f"{plural(report.n_there, 'model')} had these counts before.")
    if report.n_replaced:
        click.echo(f"The counts of {plural(report.n_replaced, 'model')} were replaced.")
    for note in report.notes:
        click.echo(note)
    click.echo("Nothing was written." if dry_run else "Tests that take the draws themselves are left out.")


def _show(report: "ImportReport", *, dry_run: bool) -> None:
    for line in _lines(report, dry_run=dry_run):
        click.echo(line)
    for problem in report.problems:
        click.echo(f"flipsite: {_name(report.path)}: {report.unit} {problem.line} {problem.text}", err=True)
    rest = report.n_problems - len(report.problems)
    if rest:
        click.echo(f"flipsite: {_name(report.path)}: and {rest:,} more", err=True)


def _lines(report: "ImportReport", *, dry_run: bool) -> list[str]:
    """The report in words."""
    if report.already:
        return [f"{_name(report.path)} is in study {report.study!r} already; nothing changed."]
    if report.shards:
        return [
            f"Merged shard {', '.join(report.shards)} of study {report.study!r}: "
            f"{plural(report.n_rows, 'draw')} of {plural(len(report.models), 'model')}.",
            f"Still missing: {', '.join(report.missing)}." if report.missing else "All shards are there.",
        ]
    read = "Would read" if dry_run else "Read"
    return [
        f"{read} {plural(report.n_rows, 'row')} of {_name(report.path)} into study {report.study!r}: "
        f"{_counts(report)}; {plural(len(report.models), 'model')}.",
        _reading(report),
        *report.notes,
        *_remarks(report),
        *(_preview(report) if dry_run else ()),
    ]


def _reading(report: "ImportReport") -> str:
    if report.per_answer > 1:
        return f"Most answers hold {report.per_answer} draws."
    if report.from_answers:
        return "Outcomes were read from the models' answers."
    return f"The outcome column was read as {report.reading}."


def _counts(report: "ImportReport") -> str:
    """How many draws were added, by status, and how many rows were left out, by reason."""
    kept = [f"{n:,} {status}" for status, n in report.by_status.items()] or ["no new draw"]
    left = [
        (report.n_filtered, "left out by --where"),
        (report.n_lost, "left out as no draw"),
        (report.n_repeated, "repeated in the file"),
        (report.n_there, "already in the study"),
    ]
    return ", ".join([*kept, *(f"{n:,} {why}" for n, why in left if n)])


def _remarks(report: "ImportReport") -> list[str]:
    remarks = []
    if report.n_replaced:
        verb = "was" if report.n_replaced == 1 else "were"
        remarks.append(f"{plural(report.n_replaced, 'draw')} of the study {verb} replaced.")
    if report.n_rounded:
        real = plural(report.n_rounded, "real number")
        was = "was" if report.n_rounded == 1 else "were"
        remarks.append(f"{real} {was} rounded to the nearest whole number.")
    if report.n_contradictions:
        remarks.append(f"In {report.n_contradictions:,} rows the response names the other label.")
    return remarks


def _preview(report: "ImportReport") -> list[str]:
    """The first draws as they would be stored, without columns that have no value; the problems by kind."""
    draws = [{name: value for name, value in draw.items() if value is not None} for draw in report.preview]
    problems = [f"{n:,} × {reason}" for reason, n in report.reasons.items()]
    return [
        "The first draws would be stored as:",
        *(json.dumps(draw, ensure_ascii=False) for draw in draws),
        *(["Not readable, by kind:", *problems] if problems else []),
        "Nothing was written.",
    ]
