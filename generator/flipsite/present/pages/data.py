"""The data page: every file to download, every column explained; and the same for machines.

Source:
    Frictionless Data, Data Package and Table Schema, version 1: https://specs.frictionlessdata.io
"""

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import unquote

from flipsite.analyse.report import StudyReport
from flipsite.domain.display import encoded
from flipsite.present.pages.page import Page
from flipsite.schema import TABLES, Column, draws_columns

_MEANINGS = {
    "data/estimates": "One row per model: share of ones, bias and their uncertainty",
    "data/counts": "One row per model and outcome: how often it was drawn",
    "data/draws": "One row per draw: every answer, with its price",
    "data/spend": "One row per model: what it cost",
    "data/features": "One row per model and feature: value, source and confidence",
    "data/fit": "The regression on the models’ features",
    "data/sequences": "One row per model: what its answers of several draws show",
    "data/methods": "One row per model and method: bias, cost and fair bits",
    "data/study": "The study’s settings: prompt, sampling, models, budget",
    "data/datapackage": "A description of these files for machines (Frictionless Data Package)",
    "embed/leaderboard": "The leaderboard, ready to paste",
    "embed/least-biased": "The least biased models, ready to paste",
    "embed/most-biased": "The most biased models, ready to paste",
    "embed/favourites": "What each model says most, ready to paste",
    "embed/spend": "The spend, ready to paste",
}
_TYPES = {"csv": "text/csv", "json": "application/json"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Download:
    """One thing to download, in all its formats: (format, path, size in bytes)."""

    meaning: str
    files: tuple[tuple[str, str, int], ...]


def data_page(reports: Sequence[StudyReport], downloads: Mapping[str, Mapping[str, int]]) -> Page:
    """Every study's downloads, and the meaning of each column."""
    return Page(
        path="data/index.html",
        title="Data",
        description="Every study’s estimates, draws and tables to download, with every column explained.",
        template="data.html",
        crumbs=(("Home", "index.html"),),
        context={
            "downloads": [
                (report.study, _downloads(report.study.id, downloads[report.study.id])) for report in reports
            ],
            "tables": [
                (name, draws_columns(_optional(*reports)) if name == "draws" else columns)
                for name, columns in TABLES.items()
                if _offered(name, downloads)
            ],
        },
    )


def data_package(report: StudyReport, files: Collection[str]) -> bytes:
    """`datapackage.json` of a study: its CSV and JSON files with their schemas, for any Frictionless tool."""
    study, tables = report.study, {**TABLES, "draws": draws_columns(_optional(report))}
    inside = f"{study.id}/data/"
    resources = []
    for path in sorted(files):
        name, _, suffix = path.removeprefix(inside).partition(".")
        if not path.startswith(inside) or suffix not in _TYPES or "/" in name:
            continue
        resource: dict[str, object] = {
            "name": f"{name}-{suffix}" if suffix == "json" else name,
            "path": f"{name}.{suffix}",
            "format": suffix,
            "mediatype": _TYPES[suffix],
            "encoding": "utf-8",
        }
        if suffix == "csv" and name in tables:
            resource |= {"profile": "tabular-data-resource", "schema": _table_schema(tables[name])}
        resources.append(resource)
    if parts := [path for path in _parts(study.id, files) if path.endswith(".parquet")]:
        resources.append(
            {
                "name": "draws",
                "path": [path.removeprefix(inside) for path in parts],
                "format": "parquet",
                "mediatype": "application/vnd.apache.parquet",
                "schema": _table_schema(tables["draws"]),
            }
        )
    package = {
        "profile": "data-package",
        "name": study.id,
        "title": study.title,
        "description": study.summary,
        "sources": [{"title": study.source}] if study.source else [],
        "resources": resources,
    }
    if not package["sources"]:
        del package["sources"]
    return encoded(json.dumps(package, ensure_ascii=False, indent=1) + "\n")


def _optional(*reports: StudyReport) -> frozenset[str]:
    """The optional columns that any of the studies' draws has."""
    return frozenset().union(
        *(report.draws.optional_columns for report in reports if report.draws is not None)
    )


def _offered(name: str, downloads: Mapping[str, Collection[str]]) -> bool:
    return any(
        f"{study}/data/{name}.csv" in files or (name == "draws" and _parts(study, files))
        for study, files in downloads.items()
    )


def _parts(study: str, files: Collection[str]) -> list[str]:
    """The paths of draws in parts, and of their manifest."""
    return sorted(path for path in files if path.startswith(f"{study}/data/draws/"))


def _downloads(study: str, files: Mapping[str, int]) -> list[Download]:
    stems: dict[str, list[tuple[str, str, int]]] = {}
    parts = _parts(study, files)
    for path in sorted(files, key=lambda path: (not path.endswith("/manifest.json"), path)):
        stem, _, suffix = path.removeprefix(f"{study}/").rpartition(".")
        if path in parts:
            stem, suffix = "data/draws", _part_name(stem.removeprefix("data/draws/"))
        stems.setdefault(stem, []).append((suffix, path, files[path]))
    order = {stem: place for place, stem in enumerate(_MEANINGS)}
    return [
        Download(meaning=_MEANINGS.get(stem, stem), files=tuple(stems[stem]))
        for stem in sorted(stems, key=lambda stem: (order.get(stem, len(order)), stem))
    ]


def _part_name(stem: str) -> str:
    """A part's name for readers: its folders' values, or its file's name."""
    folders = [folder.partition("=") for folder in stem.split("/")[:-1]]
    parts = [f"{key} {unquote(value)}" for key, equals, value in folders if equals and key != "import"]
    return ", ".join(parts) or stem.rpartition("/")[2]


def _table_schema(columns: Sequence[Column]) -> dict[str, object]:
    return {"fields": [_field(column) for column in columns], "missingValues": [""]}


def _field(column: Column) -> dict[str, object]:
    limits: dict[str, object] = {"required": True} if not column.nullable else {}
    if column.type == "string" and not column.values:
        limits = {}  # an empty text is a missing value in CSV
    if column.low is not None:
        limits["minimum"] = column.low
    if column.high is not None:
        limits["maximum"] = column.high
    if column.values:
        limits["enum"] = list(column.values)
    unit = f" In {column.unit}." if column.unit else ""
    field: dict[str, object] = {
        "name": column.name,
        "type": column.type,
        "description": column.meaning + unit,
    }
    if column.type == "datetime":
        field["format"] = "any"
    return field | ({"constraints": limits} if limits else {})
