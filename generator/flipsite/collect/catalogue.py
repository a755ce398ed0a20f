"""The catalogue: which models an endpoint offers, at what price, on what day; kept with the study."""

import json
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import asdict, dataclass, fields
from typing import Any
from urllib.parse import urlsplit

from flipsite.collect.wire import read_entry
from flipsite.domain.catalogue import Model, Price
from flipsite.domain.study import Skip
from flipsite.errors import CollectError, StoreError
from flipsite.project import CATALOGUE_FILE

MOST_PAGES, MOST_ENTRIES = 250, 250_000
"""A catalogue that goes on beyond these does not end."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Catalogue:
    """What an endpoint offered on one day.

    Attributes:
        fetched: The day, ISO 8601.
        models: In order of name; no two have the same.
        faulty: Entries that are no model, each with its reason.
    """

    fetched: str
    models: tuple[Model, ...]
    faulty: tuple[Skip, ...] = ()


async def fetch_catalogue(get: Callable[[str], Awaitable[object]], *, today: str) -> Catalogue:
    """Ask an endpoint for its models, page by page.

    Args:
        get: Gets a path such as `/models?offset=500` below the endpoint's base and returns the JSON body.
        today: ISO 8601.

    Raises:
        CollectError: If the answer is no list of models, or the list does not end.
    """
    read: list[Model | Skip] = []
    query, seen = "", {""}
    for _ in range(MOST_PAGES):
        page, query = read_page(await get(f"/models?{query}" if query else "/models"))
        if len(read) + len(page) > MOST_ENTRIES:
            break
        read += map(read_entry, page)
        if query in seen:
            return _catalogue(read, fetched=today)
        seen.add(query)
    raise CollectError(
        f"/models: the list is longer than {MOST_PAGES} pages or {MOST_ENTRIES:,} models; "
        "name another --api-base, or have its catalogue mended."
    )


def read_page(body: object) -> tuple[list[object], str]:
    """The entries of one answer, and the query that asks for the next page or an empty text.

    Only the query of the next page's link is used: a link cannot lead us to another host.

    Raises:
        CollectError: If the answer is none of the three envelopes: `data`, `data` with `links`, a bare list.
    """
    following: object = None
    if isinstance(body, dict):
        links = body.get("links")
        following = links.get("next") if isinstance(links, dict) else None
        body = body.get("data")
    if not isinstance(body, list):
        raise CollectError(
            "/models: the answer is no list of models; check --api-base, which ends before /models."
        )
    try:
        return body, urlsplit(following).query if isinstance(following, str) else ""
    except ValueError:
        return body, ""


def catalogue(entries: Iterable[object], *, fetched: str) -> Catalogue:
    """Entries as they came, sorted; of entries with one name the first counts."""
    return _catalogue(map(read_entry, entries), fetched=fetched)


def _catalogue(entries: Iterable[Model | Skip], *, fetched: str) -> Catalogue:
    models: dict[str, Model] = {}
    faulty: list[Skip] = []
    for read in entries:
        if isinstance(read, Skip):
            faulty.append(read)
        elif read.id in models:
            faulty.append(Skip(id=read.id, reason="listed twice; the first entry counts"))
        else:
            models[read.id] = read
    return Catalogue(
        fetched=fetched,
        models=tuple(models[name] for name in sorted(models)),
        faulty=tuple(sorted(faulty, key=lambda skip: (skip.id, skip.reason))),
    )


FORMAT = 1
"""Of `catalogue.json`."""


def dump_catalogue(offered: Catalogue) -> str:
    """`catalogue.json`: our own few fields of each model, the same bytes for the same catalogue."""
    record = {
        "format": FORMAT,
        "fetched": offered.fetched,
        "models": [_slim(model) for model in offered.models],
        "faulty": [asdict(skip) for skip in offered.faulty],
    }
    lines = ",\n".join(f"{json.dumps(key)}: {_lines(value)}" for key, value in record.items())
    return f"{{\n{lines}\n}}\n"


def load_catalogue(text: str | bytes, *, name: str = CATALOGUE_FILE) -> Catalogue:
    """Read `catalogue.json` back.

    Args:
        text: The file's, decoded or not.
        name: The file's path, for the error.

    Raises:
        StoreError: If it is damaged or of a later format.
    """
    try:
        record = json.loads(text)
        if record["format"] != FORMAT:
            raise StoreError(
                f"{name}: format {record['format']!r} is not known here; install a newer flipsite."
            )
        return Catalogue(
            fetched=str(record["fetched"]),
            models=tuple(_full(slim) for slim in record["models"]),
            faulty=tuple(Skip(**skip) for skip in record["faulty"]),
        )
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise StoreError(
            f"{name}: damaged ({error}); delete it, and `flipsite collect` writes it anew."
        ) from error


def _lines(value: object) -> str:
    """JSON with a line for each entry of a list: a changed price is a changed line."""
    if not isinstance(value, list) or not value:
        return json.dumps(value)
    return "[\n" + ",\n".join(json.dumps(entry, ensure_ascii=False) for entry in value) + "\n]"


_DEFAULTS = {spec.name: spec.default for spec in fields(Model)}


def _slim(model: Model) -> dict[str, Any]:
    """A model without what it does not say."""
    return {key: value for key, value in asdict(model).items() if value != _DEFAULTS[key]}


def _full(slim: dict[str, Any]) -> Model:
    values: dict[str, Any] = {
        key: tuple(value) if isinstance(value, list) else value for key, value in slim.items()
    }
    if "price" in values:
        values["price"] = Price(**values["price"])
    return Model(**values)
