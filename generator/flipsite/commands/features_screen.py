"""What `flipsite features` says: what is new, what has changed, and what a person's value kept out."""

from collections.abc import Iterable, Iterator

from flipsite.gathering import Feature, FeatureReport, Refused, one_line

MOST_NAMES = 5


def tell(report: FeatureReport, *, dry_run: bool) -> Iterator[str]:
    """The lines that a run ends with; foreign text in them cannot move a cursor."""
    added = [change for change in report.joined.changed if change.before is None]
    other = [
        (change.before, change.after)
        for change in report.joined.changed
        if change.before and change.before.value != change.after.value
    ]
    known = sum(bool(row.value) for row in report.joined.features)
    yield from (_changed(before, after) for before, after in other)
    yield from map(_refused, report.joined.refused)
    if report.unlisted:
        yield f"In no catalogue: {_named(report.unlisted)}."
    yield (
        f"{len(report.models)} models, {known} values known: {len(added)} rows new, {len(other)} changed, "
        f"{len(report.joined.refused)} of yours kept against what was found."
    )
    if not report.joined.changed:
        yield f"Nothing to write: {report.path} says it all."
    else:
        yield f"{'Would write' if dry_run else 'Wrote'} {report.path}"


def _changed(before: Feature, after: Feature) -> str:
    return f"changed: {_place(after)}: {_value(before)} → {_value(after)}"


def _refused(refused: Refused) -> str:
    return f"kept: {_place(refused.kept)}: yours is {_value(refused.kept)}, found {_value(refused.found)}"


def _place(row: Feature) -> str:
    return f"{one_line(row.model)} {row.feature}"


def _value(row: Feature) -> str:
    source = ": ".join(part for part in (row.source, one_line(row.note)) if part)
    return f"{one_line(row.value) or 'unknown'}" + (f" ({source})" if source else "")


def _named(models: Iterable[str]) -> str:
    names = [one_line(model) for model in models]
    more = f" and {len(names) - MOST_NAMES} more" if len(names) > MOST_NAMES else ""
    return ", ".join(names[:MOST_NAMES]) + more
