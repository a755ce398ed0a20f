"""The pages and data files of families of methods."""

import json
from collections.abc import Iterable, Mapping, Sequence

from flipsite import schema
from flipsite.analyse.methods.family import MethodFamily
from flipsite.analyse.verdict import FAIR_MARGIN
from flipsite.domain.display import Figure, encoded, plural
from flipsite.present.methods.table import methods_table
from flipsite.present.methods.words import takes_sentences
from flipsite.present.pages.page import Page
from flipsite.present.tables import without_residue

_HOME = ("Home", "index.html")


def methods_path(family: MethodFamily) -> str:
    """The page of a family, under the study that its arms vary."""
    return f"{family.base.id}/methods/index.html"


def method_pages(families: Sequence[MethodFamily], figures: Mapping[str, Figure]) -> Iterable[Page]:
    """One page a family, with its chart by the id of its base study."""
    for family in families:
        base = family.base
        yield Page(
            path=methods_path(family),
            title=f"What it takes: {base.title}",
            description=f"{plural(len(family.studies), 'way')} of asking for a draw, and the price of each.",
            template="ways.html",
            study=base,
            crumbs=(_HOME, (base.title, f"{base.id}/index.html")),
            context={
                "family": family,
                "table": methods_table(family),
                "figure": figures.get(base.id),
                "sentences": takes_sentences(family),
                "margin": f"{FAIR_MARGIN:g}",
            },
            tab="Methods",
        )


def method_files(families: Sequence[MethodFamily]) -> dict[str, bytes]:
    """`methods.json` of each study of a family."""
    files: dict[str, bytes] = {}
    for family in families:
        records = [each.record() for each in family.records]
        columns = {name: [record[name] for record in records] for name in records[0]}
        schema.check(columns, schema.METHODS, name=f"methods of {family.base.id}")
        plain = [{name: without_residue(value) for name, value in record.items()} for record in records]
        lines = ",\n".join(json.dumps(record, ensure_ascii=False, allow_nan=False) for record in plain)
        files |= {f"{study.id}/data/methods.json": encoded(f"[\n{lines}\n]\n") for study in family.studies}
    return files
