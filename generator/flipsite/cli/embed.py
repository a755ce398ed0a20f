"""`flipsite embed`: a table or a chart, for somebody else's page."""

import sys
from pathlib import Path

import click

from flipsite.cli.params import study_names, table_names
from flipsite.errors import UsageError

FORMATS = ("html", "markdown", "csv", "json", "svg", "png", "iframe", "jekyll", "hugo", "quarto")


@click.command("embed", short_help="Write a table or chart for another site.")
@click.argument("table", shell_complete=table_names)
@click.option(
    "--study",
    metavar="ID",
    shell_complete=study_names,
    help="Of this study.  [default: the first with figures]",
)
@click.option(
    "--format",
    "form",
    type=click.Choice(FORMATS),
    default="html",
    show_default=True,
    help="What to make of it.",
)
@click.option("--top", type=click.IntRange(min=1), metavar="N", help="No more rows than this.")
@click.option("--base-url", metavar="URL", help="Your site's address; without it nothing is linked.")
@click.option(
    "-o", "--out", metavar="FILE", default="-", help="Where to; `-` is standard output.  [default: -]"
)
def command(
    *, table: str, study: str | None, form: str, top: int | None, base_url: str | None, out: str
) -> None:
    r"""Write TABLE for another site: a blog post, a README, a spreadsheet.

    TABLE is least-biased, most-biased, leaderboard, spend, bits, predictors, methods, model/NAME, or a chart
    such as verdicts; for a wrong name the error lists what there is. HTML and Markdown can be pasted as they
    are, whatever the models are called: no script, no request to anyone, and nothing that Jekyll, Hugo or
    Pandoc would read. For Jekyll and Hugo the include is the same for all tables, and reads what `--format
    json` writes.

    \b
    Examples:
      flipsite embed least-biased --format markdown
      flipsite embed model/openai/gpt-4 --base-url https://me.github.io/coins/
      flipsite embed least-biased --format json -o _data/flipsite/least-biased.json
      flipsite embed least-biased --format jekyll -o _includes/flipsite.html
      flipsite embed verdicts --study controls --format png -o verdicts.png
    """
    from flipsite.project import find_project
    from flipsite.workflows.embed import embed, write_embed

    if form == "png" and out == "-" and sys.stdout.isatty():
        raise UsageError(
            "a PNG is not for a terminal; name a file with -o FILE, or send it on through a pipe"
        )
    content = embed(find_project(Path.cwd()), table, form=form, study_id=study, top=top, base_url=base_url)
    if out == "-":
        sys.stdout.buffer.write(content)
        return
    write_embed(content, Path(out))
    click.echo(f"Wrote {len(content):,} bytes to {out}.", err=True)
