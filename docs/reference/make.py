"""Write the reference, page by page, from the code: `make docs`. A test holds the pages to it."""

import inspect
import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from textwrap import fill
from typing import Final

import click

import flipsite
from flipsite import charts, errors
from flipsite.cli.main import COMMANDS, cli
from flipsite.domain.urls import RESERVED_STUDIES
from flipsite.present.embeds.formats import FORMATS, ON_SITE
from flipsite.schema import TABLES
from flipsite.settings import study_keys

FOLDER: Final = Path(__file__).parent
WIDTH: Final = 100

SITE_FILES: Final = {
    "index.html": "the story: the front page",
    "404.html": "what a server shows for a wrong address; it uses `--base-url`",
    "methods/index.html": "rules, formulas, references",
    "departures/index.html": "where flipsite does otherwise than the article, and why",
    "glossary/index.html": "the words",
    "cite/index.html": "how to cite the site and each study",
    "models/AUTHOR/SLUG/index.html": "one model in all studies, where it is in several",
    "data/index.html": "every file to download, every column explained",
    "embed/index.html": "every table and chart to paste elsewhere, with its snippet",
    "search/index.html": "search over all pages",
    "assets/*": "styles, scripts and the search index, named after their content",
    "data/charts/*": "each chart: its numbers, its pictures, its specification",
    "feed.xml, sitemap.xml, robots.txt, .nojekyll": "for feed readers, search engines and GitHub Pages",
    "build.json": "version, SHA-256 of each input, output and model page’s source; no clock time",
    "STUDY/index.html": "one study: summary, provenance, findings",
    "STUDY/card.png": "the picture that a link to the study shows",
    "STUDY/leaderboard/index.html": "all models",
    "STUDY/models/AUTHOR/SLUG/*": "one model: its draws, its doubt",
    "STUDY/spend/index.html": "what it cost",
    "STUDY/predictors/index.html": "regressions on what the models are, where there is a fit",
    "STUDY/answers/index.html": "what the models said, by status and reason",
    "STUDY/compare/index.html": "its models in pairs, where there are two with a rank",
    "STUDY/methods/index.html": "the arms of a study: what each way of asking costs and gives",
    "STUDY/compare/OTHER/index.html": "beside another study of the same models, where there is one",
    "STUDY/calibration/index.html": "several shares asked of the same models, where they were",
    "STUDY/data/*": "the files of the data page: see below",
    "STUDY/embed/NAME.{html,md,csv,json,svg,png}": "each table and chart to embed",
    "STUDY/embed/NAME.js": "its sources, as the page of embeds shows them to copy",
    "STUDY/embed/frame/NAME.html": "the same as a page for an iframe, which tells its height",
}
"""What a site holds, by path; a test finds each file of a site here, and each line in a site."""


def commands() -> str:
    """Every command with its help and its environment variables."""
    return "\n".join(["# Commands", "", _wrapped(_COMMANDS), "", *_commands()])


def study_toml() -> str:
    """Every key of `study.toml`."""
    rows = [(f"`{name}`", expected, _default(value)) for name, expected, value in study_keys()]
    return "\n".join(
        [
            "# study.toml",
            "",
            _wrapped(_STUDY_TOML.format(reserved=", ".join(map(_code, sorted(RESERVED_STUDIES))))),
            "",
            *_table(("key", "takes", "default"), rows),
            "",
            "A whole file with what each key is for is what `flipsite init` writes:",
            "",
            "```toml",
            (Path(flipsite.__file__).parent / "scaffold/study.toml").read_text(encoding="utf-8").rstrip(),
            "```",
            "",
        ]
    )


def files() -> str:
    """What a site holds, and every column of every table."""
    lines = [
        "# Files",
        "",
        _wrapped(_FILES),
        "",
        "## A site",
        "",
        *_table(("path", "is"), _quoted(SITE_FILES)),
        "",
    ]
    for name, columns in TABLES.items():
        rows = [
            (
                f"`{column.name}`",
                column.type + (f", {column.unit}" if column.unit else ""),
                column.meaning,
                "yes" if column.nullable else "",
            )
            for column in columns
        ]
        lines += [f"## {name}", "", *_table(("column", "type", "meaning", "may be missing"), rows), ""]
    return "\n".join(lines)


def embeds() -> str:
    """The formats of an embed, and the shape of its JSON."""
    from flipsite.present.embeds.registry import find_embed
    from flipsite.present.embeds.text import EMBED_FORMAT, json_embed
    from flipsite.project import packaged
    from flipsite.workflows.load import load_report

    report = load_report(packaged("content") / "studies/controls")
    example = find_embed(report, "least-biased", base_url="https://example.org/coins/", top=1)
    if isinstance(example, tuple):
        raise TypeError(f"no such embed; there are {example}")
    rows = [
        (
            f"`{form}`",
            f"`.{entry.suffix}`",
            _FORMATS[form],
            f"`STUDY/embed/NAME.{entry.suffix}`" if form in ON_SITE else "",
        )
        for form, entry in FORMATS.items()
    ]
    return "\n".join(
        [
            "# Embeds",
            "",
            _wrapped(_EMBEDS),
            "",
            *_table(("format", "file", "is", "on the site"), rows),
            "",
            "## JSON",
            "",
            _wrapped(_JSON.format(version=EMBED_FORMAT)),
            "",
            "```json",
            json_embed(example).rstrip(),
            "```",
            "",
        ]
    )


def python() -> str:
    """What `import flipsite` offers."""
    lines = ["# Python", "", _wrapped(_PYTHON), ""]
    for name in flipsite.__all__:
        thing = getattr(flipsite, name)
        if inspect.isclass(thing):
            lines += [f"## `flipsite.{name}`", "", *_doc(thing), ""]
            for member, value in _members(thing):
                lines += [f"### `{name}.{member}`", "", *_doc(value), ""]
        elif inspect.isfunction(thing):
            lines += [f"## `flipsite.{name}`", "", *_doc(thing), ""]
    lines += ["## `flipsite.charts`", "", *_doc(charts), ""]
    for name, value in vars(charts).items():
        if inspect.isfunction(value) and value.__module__ == charts.__name__:
            lines += [f"### `charts.{name}`", "", *_doc(value), ""]
    lines += ["## Errors", "", "```text", inspect.cleandoc(errors.__doc__ or ""), "```", ""]
    return "\n".join(lines)


PAGES: Final[Mapping[str, Callable[[], str]]] = {
    "commands.md": commands,
    "study-toml.md": study_toml,
    "files.md": files,
    "embeds.md": embeds,
    "python.md": python,
}


def _commands() -> Iterator[str]:
    width = {"terminal_width": WIDTH, "max_content_width": WIDTH}
    context = cli.make_context("flipsite", [], resilient_parsing=True, **width)
    yield from ("```text", cli.get_help(context), "```", "")
    for name in COMMANDS:
        command = cli.get_command(context, name)
        if command is None:
            raise LookupError(name)
        inner = click.Context(command, parent=context, info_name=name, **width)
        options = [each for each in command.params if isinstance(each, click.Option)]
        names = ", ".join(f"`{option.envvar}`" for option in options)
        yield from (f"## flipsite {name}", "", "```text", command.get_help(inner), "```", "")
        if names:
            yield from (f"Environment: {names}.", "")


def _members(kind: type) -> Iterator[tuple[str, object]]:
    for name, value in vars(kind).items():
        if name.startswith("_"):
            continue
        if isinstance(value, classmethod):
            yield name, value.__func__
        elif inspect.isfunction(value) or (isinstance(value, property) and value.__doc__):
            yield name, value


def _doc(thing: object) -> list[str]:
    text = inspect.getdoc(thing) or ""
    called = getattr(thing, "__wrapped__", thing)
    head = []
    if inspect.isfunction(called):
        head = ["```python", f"{called.__name__}{_signature(called)}", "```", ""]
    return [*head, "```text", text, "```"]


def _signature(function: Callable[..., object]) -> str:
    plain = inspect.signature(function)
    kept = [each for each in plain.parameters.values() if each.name not in {"self", "cls"}]
    text = re.sub(r"\b(?:pathlib|collections\.abc|_local)\.", "", str(plain.replace(parameters=kept)))
    text = re.sub(r"(: |-> )'([^']*)'", r"\1\2", text).replace("flipsite.api.StudyHandle", "flipsite.Study")
    if len(text) < WIDTH - 20:
        return text
    inside, _, returns = text[1:].rpartition(")")
    return "(\n    " + inside.replace(", ", ",\n    ") + f",\n){returns}"


def _wrapped(text: str) -> str:
    return "\n\n".join(
        fill(each, 118, break_long_words=False, break_on_hyphens=False) for each in text.split("\n\n")
    )


def _table(heads: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> list[str]:
    lines = [heads, tuple("---" for _ in heads), *rows]
    return ["| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |" for row in lines]


def _code(name: str) -> str:
    return f"`{name}`"


def _quoted(rows: Mapping[str, str]) -> list[tuple[str, str]]:
    return [(f"`{path}`", meaning) for path, meaning in rows.items()]


def _default(value: object) -> str:
    if value is None:
        return "absent"
    text = json.dumps(value, ensure_ascii=False)
    return "the article’s prompt" if len(text) > WIDTH else f"`{text}`"


_COMMANDS = """What `--help` says, and the environment variable of each option: an option that is given wins
over its variable. The key of an account is read from `OPENROUTER_API_KEY` and from nowhere else.

Exit status: 0 done; 1 the work failed, or `--strict` or `check` found something; 2 wrong usage or a bad
input file; 3 stopped by the budget; 130 interrupted (what was paid for is kept)."""

_STUDY_TOML = """A study is a folder `content/studies/NAME/` with this file. The name is of lower-case
letters, digits and hyphens, and none of {reserved}. An unknown key is an error that tells the nearest one;
every fault of a file is told at once. A model to leave out by name, with the reason that the site prints,
is a table `[[models.skip]]` with `id` and `reason`."""

_FILES = """What `flipsite build` writes, and the columns of the tables that stand under `STUDY/data/`: as
CSV, the estimates also as JSON, the draws also as Parquet. `data/datapackage.json` says the same for
machines (Frictionless Data Package). In CSV a text that a spreadsheet would take for a formula has an
apostrophe before it."""

_EMBEDS = """`flipsite embed NAME --format FORMAT` writes one table or chart for another site; the formats
of the last column stand on your own site already, and its page `embed/` shows each with its snippet. NAME
is `least-biased`, `most-biased`, `leaderboard`, `spend`, `bits`, `predictors`, `methods` (of a study
with arms), `model/AUTHOR/SLUG`, or a chart; for a wrong name the error lists what there is. Each
embed carries its source line: the study, the days of its draws, a link where `--base-url` tells the
address."""

_FORMATS = {
    "html": "a fragment to paste: styles of its own, no script, no request, no id that can clash",
    "markdown": "a table for GitHub, kramdown, Goldmark and Pandoc; of a chart its picture and its words",
    "csv": "the sortable values",
    "json": "values and texts, as below",
    "svg": "the picture in both themes’ colours, with heading and source line",
    "png": "the same in the light theme’s, twice its size: for Substack, Medium and mail",
    "iframe": "a page for an iframe; it tells its height to the page around it",
    "jekyll": "an include that shows any table out of `_data/flipsite/`",
    "hugo": "a shortcode that shows any table out of `data/flipsite/`",
    "quarto": "a file to include",
}

_JSON = """One object, of format {version}; the number grows when a reader of the last one would break.
`columns` has one entry a column: its key, what to call it, what it means, whether it is a number. `rows`
has one object a row, by those keys: `value` is what to reckon and sort with (a number, a text or null),
`text` what to show, `url` the model’s page where the site’s address is known. `source` says where the
figures come from: `first` and `last` are days, `url` is null where no address is known, `line` is the
source line that must stand beside the table."""

_PYTHON = """`import flipsite` for a notebook or a script. Tables come as pandas frames with the columns of
[the files](files.md), charts as Altair charts that show by themselves. A study is a
`Study`, its id or its folder. What can go wrong is a `FlipsiteError` whose message names the file, key or
model, and the remedy."""


if __name__ == "__main__":
    for page, write in PAGES.items():
        (FOLDER / page).write_text(write(), encoding="utf-8")
