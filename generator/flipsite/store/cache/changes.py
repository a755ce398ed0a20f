"""Draws that came to an end, as the cache holds them: all, or those that changed since a snapshot.

An attempt's number is higher than that of every earlier one, and an answer never changes once it is there.
So a draw that changed has an attempt beyond the mark that a snapshot left, or its model has another count or
other money up to that mark: a request was under way, or a price was told late. Then all draws of that model
count as changed. How answers are read changes in `queries.record` alone, which forgets the mark.
"""

import json
import sqlite3
from collections.abc import Generator, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice

KeptRow = tuple[
    int,
    str,
    int,
    str,
    int,
    str,
    int | None,
    str | None,
    str | None,
    str | None,
    bytes | None,
    float | None,
    str | None,
    int,
]
"""Number, model, draw, labels, order, status, outcome, sequence, reason, mode, body, latency, time, cost."""


_AT_ONCE = 256
"""Draws whose answers SQLite sorts at a time."""


_KEPT = (
    "SELECT d.draw_id, s.model, d.draw, d.labels, d.label_order, d.status, d.outcome, d.sequence, d.reason,"
    " r.mode, a.body, a.latency_s, a.asked_at,"
    " (SELECT sum(coalesce(p.billed_pico, p.worst_pico)) FROM attempt AS p"
    "  WHERE p.draw_id = d.draw_id AND p.state != 'sent')"
    " FROM series AS s JOIN draw AS d ON d.series = s.series"
    " JOIN attempt AS a ON a.attempt = d.attempt JOIN request AS r ON r.request = a.request"
)


_OF_STUDY = " WHERE s.study = ? AND d.status IS NOT NULL ORDER BY s.model, d.draw"


_OF_THESE = " WHERE d.draw_id IN (SELECT value FROM json_each(?)) ORDER BY s.model, d.draw"


@dataclass(frozen=True, slots=True, kw_only=True)
class StudyMark:
    """How far a study had come at one instant.

    Attributes:
        attempt: No attempt of the study up to this number was under way.
        counts: Of each model's attempts up to it: how many there were, the picodollars billed, and the
            picodollars at most of those without a price.
    """

    attempt: int
    counts: Mapping[str, tuple[int, int, int]]


def mark(connection: sqlite3.Connection, study: int) -> StudyMark:
    """How far the study has come."""
    ((last,),) = connection.execute("SELECT coalesce(max(attempt), 0) FROM attempt").fetchall()
    ((under_way,),) = connection.execute(
        "SELECT min(a.attempt) FROM attempt AS a INDEXED BY attempt_in_flight"
        " CROSS JOIN draw AS d ON d.draw_id = a.draw_id CROSS JOIN series AS s ON s.series = d.series"
        " WHERE a.state = 'sent' AND s.study = ?",
        (study,),
    ).fetchall()
    attempt = last if under_way is None else under_way - 1
    return StudyMark(attempt=attempt, counts=_counts(connection, study, attempt))


def kept(connection: sqlite3.Connection, study: int) -> Generator[KeptRow]:
    """Every draw that came to an end, with the attempt that ended it and the cost of all its attempts."""
    yield from connection.execute(_KEPT + _OF_STUDY, (study,))


def kept_since(connection: sqlite3.Connection, study: int, since: StudyMark) -> Generator[KeptRow]:
    """The same of the draws that changed since; the connection must be in one transaction."""
    changed = _changed(connection, study, since)
    while some := list(islice(changed, _AT_ONCE)):
        yield from connection.execute(_KEPT + _OF_THESE, (json.dumps(some),))


def _changed(connection: sqlite3.Connection, study: int, since: StudyMark) -> Iterator[int]:
    """The numbers of the draws that changed, by model and draw."""
    now = _counts(connection, study, since.attempt)
    models = [model for model, counts in now.items() if counts != since.counts.get(model, (0, 0, 0))]
    query = (
        "SELECT d.draw_id FROM (SELECT draw_id FROM attempt WHERE attempt > ? UNION"
        "  SELECT d.draw_id FROM series AS s CROSS JOIN draw AS d ON d.series = s.series"
        "  WHERE s.study = ? AND s.model IN (SELECT value FROM json_each(?))) AS c"
        " CROSS JOIN draw AS d ON d.draw_id = c.draw_id CROSS JOIN series AS s ON s.series = d.series"
        " WHERE s.study = ? AND d.status IS NOT NULL ORDER BY s.model, d.draw"
    )
    for (draw_id,) in connection.execute(query, (since.attempt, study, json.dumps(models), study)):
        yield draw_id


def _counts(connection: sqlite3.Connection, study: int, attempt: int) -> dict[str, tuple[int, int, int]]:
    """`StudyMark.counts` as they are now: what is kept with each model, less what came after the mark."""
    query = (
        "SELECT s.model, s.n_asked - coalesce(l.n, 0), s.billed_pico - coalesce(l.billed, 0),"
        " s.unpriced_pico - coalesce(l.unpriced, 0) FROM series AS s LEFT JOIN"
        " (SELECT d.series AS series, count(*) AS n, sum(coalesce(a.billed_pico, 0)) AS billed,"
        "  sum(CASE WHEN a.billed_pico IS NULL THEN a.worst_pico ELSE 0 END) AS unpriced"
        "  FROM attempt AS a CROSS JOIN draw AS d ON d.draw_id = a.draw_id"
        "  WHERE a.attempt > ? AND a.state != 'sent' GROUP BY d.series) AS l ON l.series = s.series"
        " WHERE s.study = ?"
    )
    return {
        model: (n, billed, open_) for model, n, billed, open_ in connection.execute(query, (attempt, study))
    }


def written(connection: sqlite3.Connection, study: int) -> str | None:
    """The record of the last snapshot."""
    ((text,),) = connection.execute("SELECT written FROM study WHERE study = ?", (study,)).fetchall()
    return None if text is None else str(text)


def remember(connection: sqlite3.Connection, study: int, text: str) -> None:
    """Remember what a snapshot held."""
    connection.execute("UPDATE study SET written = ? WHERE study = ?", (text, study))
