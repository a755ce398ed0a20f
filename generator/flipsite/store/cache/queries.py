"""The cache's statements, a function each, on an open connection; money and counts move with the rows."""

import json
import re
import sqlite3
from collections.abc import Iterable, Iterator, Mapping

from flipsite.domain.draws import (
    Declined,
    Failed,
    Outcome,
    OutcomeSequence,
    Rejected,
    Result,
    Status,
    sequence_text,
)
from flipsite.domain.endpoint import (
    ModelLedger,
    Reading,
    RequestRecord,
    ResponseRecord,
    SettledDraw,
    StatedAnswer,
)
from flipsite.domain.money import Usd

LOST = "no answer came: the collector was stopped while it waited"


def enter_study(connection: sqlite3.Connection, study: str, protocol: str) -> int:
    """The study's number; a new one gets the protocol."""
    connection.execute(
        "INSERT INTO study (id, protocol) VALUES (?, ?) ON CONFLICT (id) DO NOTHING", (study, protocol)
    )
    return _number(connection.execute("SELECT study FROM study WHERE id = ?", (study,)))


def protocol(connection: sqlite3.Connection, study: int) -> str:
    """The settings that all draws of the study share, as JSON."""
    row = connection.execute("SELECT protocol FROM study WHERE study = ?", (study,)).fetchone()
    return str(row[0])


def replace_protocol(connection: sqlite3.Connection, study: int, text: str) -> None:
    """Change the protocol of a study without draws."""
    connection.execute("UPDATE study SET protocol = ? WHERE study = ?", (text, study))


def has_draws(connection: sqlite3.Connection, study: int) -> bool:
    """Whether the study has a draw that need not be asked again."""
    query = "SELECT 1 FROM series WHERE study = ? AND n_settled > 0 LIMIT 1"
    return connection.execute(query, (study,)).fetchone() is not None


def has_negative_money(connection: sqlite3.Connection, study: int) -> bool:
    """Whether any amount by which a study's spend is counted is below zero, which would raise its budget."""
    query = (
        "SELECT EXISTS (SELECT 1 FROM series WHERE study = ?"
        " AND min(billed_pico, unpriced_pico, in_flight_pico, over_pico) < 0)"
        " OR EXISTS (SELECT 1 FROM attempt INDEXED BY attempt_in_flight"
        "  WHERE state = 'sent' AND worst_pico < 0)"
        " OR EXISTS (SELECT 1 FROM attempt INDEXED BY attempt_unpriced"
        "  WHERE billed_pico IS NULL AND generation IS NOT NULL AND worst_pico < 0)"
    )
    return bool(connection.execute(query, (study,)).fetchone()[0])


def count_lost(connection: sqlite3.Connection, study: int) -> int:
    """Mark what was in flight when a collector died: spent at its worst case, and to be asked again.

    Returns:
        How many requests that were.
    """
    connection.execute("BEGIN IMMEDIATE")
    lost = connection.execute(
        "SELECT a.attempt, a.draw_id, a.worst_pico, d.series"
        " FROM attempt AS a INDEXED BY attempt_in_flight"
        " CROSS JOIN draw AS d ON d.draw_id = a.draw_id CROSS JOIN series AS s ON s.series = d.series"
        " WHERE a.state = 'sent' AND s.study = ?",
        (study,),
    ).fetchall()
    for attempt, draw_id, worst, series in lost:
        connection.execute("UPDATE attempt SET state = 'lost', fault = ? WHERE attempt = ?", (LOST, attempt))
        connection.execute(
            "UPDATE draw SET status = ?, reason = ?, attempt = ? WHERE draw_id = ? AND settled = 0",
            (Status.ERROR, LOST, attempt, draw_id),
        )
        _move_money(connection, series, worst=worst, billed=None)
    connection.execute("COMMIT")
    return len(lost)


_BOUND = re.compile(r'"max_(?:completion_)?tokens":\s*(\d{1,9})\b')


def model_ledgers(connection: sqlite3.Connection, study: int) -> Iterator[ModelLedger]:
    """One record a model, from the counts kept with it."""
    query = (
        "SELECT model, n_settled, (SELECT max(draw) FROM draw WHERE draw.series = series.series), n_asked,"
        " billed_pico, unpriced_pico, over_pico, text_only,"
        " (SELECT r.sent FROM draw AS d JOIN attempt AS a ON a.attempt = d.attempt"
        "  JOIN request AS r ON r.request = a.request"
        "  WHERE d.series = series.series AND d.settled = 1 ORDER BY d.draw DESC LIMIT 1),"
        " n_settled > 0 AND NOT EXISTS (SELECT 1 FROM draw WHERE draw.series = series.series"
        "  AND draw.settled = 1 AND draw.status NOT IN ('truncated', 'empty'))"
        " FROM series WHERE study = ? ORDER BY model"
    )
    for row in connection.execute(query, (study,)):
        model, n_settled, last, n_asked, billed, unknown, over, text, last_sent, hopeless = row
        bound = _BOUND.search(last_sent or "")
        yield ModelLedger(
            model=model,
            n_settled=n_settled,
            last_draw=-1 if last is None else last,
            n_asked=n_asked,
            billed_usd=Usd(billed),
            unpriced_usd=Usd(unknown),
            over_usd=Usd(over),
            text_only=bool(text),
            max_completion='"max_completion_tokens"' in (last_sent or ""),
            last_bound=int(bound[1]) if bound else None,
            hopeless=bool(hopeless),
        )


def committed(connection: sqlite3.Connection, study: str) -> Iterator[tuple[str, Usd]]:
    """Each model of a study with what it has cost or may yet cost."""
    query = (
        "SELECT model, billed_pico + unpriced_pico + in_flight_pico FROM series"
        " WHERE study = (SELECT study FROM study WHERE id = ?)"
    )
    for model, pico in connection.execute(query, (study,)):
        yield model, Usd(pico)


def settled(connection: sqlite3.Connection, study: int, model: str) -> Iterator[tuple[str, int, int]]:
    """Labels (JSON), order and index of each draw of a model that need not be asked again."""
    query = (
        "SELECT d.labels, d.label_order, d.draw FROM series AS s JOIN draw AS d ON d.series = s.series"
        " WHERE s.study = ? AND s.model = ? AND d.settled = 1"
    )
    yield from connection.execute(query, (study, model))


def known(connection: sqlite3.Connection, study: int, model: str) -> Iterator[tuple[str, int, int]]:
    """Labels (JSON), order and index of each draw of a model, settled or not."""
    query = (
        "SELECT d.labels, d.label_order, d.draw FROM series AS s JOIN draw AS d ON d.series = s.series"
        " WHERE s.study = ? AND s.model = ?"
    )
    yield from connection.execute(query, (study, model))


def outcomes(connection: sqlite3.Connection, study: int) -> Iterator[SettledDraw]:
    """Each draw that need not be asked again, by model and draw."""
    query = (
        "SELECT s.model, d.draw, d.labels, d.label_order, d.outcome"
        " FROM series AS s JOIN draw AS d ON d.series = s.series"
        " WHERE s.study = ? AND d.settled = 1 ORDER BY s.model, d.draw"
    )
    yield from connection.execute(query, (study,))


def unpriced(connection: sqlite3.Connection, study: int) -> Iterator[tuple[int, str, str, int]]:
    """Attempt, model, generation id and worst case of each answer whose price can be asked for."""
    query = (
        "SELECT a.attempt, s.model, a.generation, a.worst_pico"
        " FROM attempt AS a INDEXED BY attempt_unpriced"
        " CROSS JOIN draw AS d ON d.draw_id = a.draw_id CROSS JOIN series AS s ON s.series = d.series"
        " WHERE a.billed_pico IS NULL AND a.generation IS NOT NULL AND s.study = ? ORDER BY a.attempt"
    )
    yield from connection.execute(query, (study,))


def insert_attempt(connection: sqlite3.Connection, study: int, asked: RequestRecord) -> int:
    """Write a request down, with its draw where that is new, and its worst case as in flight."""
    series = series_number(connection, study, asked.model)
    draw_id = _number(
        connection.execute(
            "INSERT INTO draw (series, draw, labels, label_order) VALUES (?, ?, ?, ?)"
            " ON CONFLICT (series, draw, labels, label_order) DO UPDATE SET draw = draw RETURNING draw_id",
            (series, asked.draw, json.dumps(asked.labels, separators=(",", ":")), asked.order),
        )
    )
    request = _number(
        connection.execute(
            "INSERT INTO request (mode, sent) VALUES (?, ?)"
            " ON CONFLICT (mode, sent) DO UPDATE SET mode = mode RETURNING request",
            (asked.mode, asked.sent),
        )
    )
    connection.execute(
        "UPDATE series SET in_flight_pico = in_flight_pico + ? WHERE series = ?",
        (asked.worst_usd.whole_pico, series),
    )
    return _number(
        connection.execute(
            "INSERT INTO attempt (draw_id, request, asked_at, state, worst_pico)"
            " VALUES (?, ?, ?, 'sent', ?) RETURNING attempt",
            (draw_id, request, asked.asked_at, asked.worst_usd.whole_pico),
        )
    )


def finish_attempt(connection: sqlite3.Connection, answered: ResponseRecord) -> None:
    """Write down what came back, settle its money, and its draw where it was read."""
    billed = None if answered.billed_usd is None else answered.billed_usd.whole_pico
    draw_id, worst, series = connection.execute(
        "SELECT a.draw_id, a.worst_pico, d.series FROM attempt AS a JOIN draw AS d ON d.draw_id = a.draw_id"
        " WHERE a.attempt = ?",
        (answered.attempt,),
    ).fetchone()
    connection.execute(
        "UPDATE attempt SET state = ?, billed_pico = ?, code = ?, generation = ?, latency_s = ?, fault = ?,"
        " body = ? WHERE attempt = ?",
        (
            "answered" if answered.fault is None else "failed",
            billed,
            answered.code,
            _text(answered.generation),
            answered.latency_s,
            _text(answered.fault),
            answered.body,
            answered.attempt,
        ),
    )
    _move_money(connection, series, worst=worst, billed=billed)
    if answered.served_model is not None:
        note_served(connection, series, answered.served_model)
    if answered.reading is not None and answered.reading.repeated:
        connection.execute("UPDATE series SET n_repeated = n_repeated + 1 WHERE series = ?", (series,))
    if answered.reading is None:
        if billed != 0:  # should nothing more come of the draw, its cost must be some draw's
            connection.execute(
                "UPDATE draw SET status = ?, reason = ?, attempt = ? WHERE draw_id = ? AND settled = 0",
                (Status.ERROR, _text(answered.fault), answered.attempt, draw_id),
            )
        return
    done = connection.execute("SELECT 1 FROM draw WHERE draw_id = ? AND settled = 1", (draw_id,)).fetchone()
    if done is None:  # a settled draw is never settled again
        _settle_draw(connection, draw_id, answered.reading, attempt=answered.attempt)
        if not isinstance(answered.reading.result, Failed):
            connection.execute("UPDATE series SET n_settled = n_settled + 1 WHERE series = ?", (series,))


def note_served(connection: sqlite3.Connection, series: int, served_model: str) -> None:
    """Note where an answer names another model than the one that was asked."""
    connection.execute(
        "UPDATE series SET served_otherwise = 1 WHERE series = ? AND served_otherwise = 0 AND model != ?",
        (series, _text(served_model)),
    )


def repeated(connection: sqlite3.Connection, study: int) -> dict[str, int]:
    """How many answers of each model came with an id and a body that had come before; no model without."""
    query = "SELECT model, n_repeated FROM series WHERE study = ? AND n_repeated > 0 ORDER BY model"
    return dict(connection.execute(query, (study,)).fetchall())


def served_otherwise(connection: sqlite3.Connection, study: int) -> bool:
    """Whether any answer of a study names another model than the one that was asked."""
    query = "SELECT EXISTS (SELECT 1 FROM series WHERE study = ? AND served_otherwise = 1)"
    return bool(connection.execute(query, (study,)).fetchone()[0])


def price_attempt(connection: sqlite3.Connection, attempt: int, billed_usd: Usd) -> None:
    """Replace an attempt's worst case by its price; a second call changes nothing."""
    row = connection.execute(
        "SELECT a.worst_pico, d.series FROM attempt AS a JOIN draw AS d ON d.draw_id = a.draw_id"
        " WHERE a.attempt = ? AND a.billed_pico IS NULL AND a.state != 'sent'",
        (attempt,),
    ).fetchone()
    if row is None:
        return
    worst, series = row
    billed = billed_usd.whole_pico
    connection.execute("UPDATE attempt SET billed_pico = ? WHERE attempt = ?", (billed, attempt))
    connection.execute(
        "UPDATE series SET unpriced_pico = unpriced_pico - ?, billed_pico = billed_pico + ?,"
        " over_pico = max(over_pico, ?) WHERE series = ?",
        (worst, billed, billed if billed > worst else 0, series),
    )


def mark_text_only(connection: sqlite3.Connection, study: int, model: str) -> None:
    """Remember that a model does not know structured output."""
    connection.execute(
        "UPDATE series SET text_only = 1 WHERE series = ?", (series_number(connection, study, model),)
    )


def record(connection: sqlite3.Connection, study: int, readings: Iterable[tuple[int, Reading]]) -> None:
    """Replace how answers of a study were read, all or none; a snapshot of them is then out of date."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        for draw_id, reading in readings:
            _settle_draw(connection, draw_id, reading)
            connection.execute(
                "UPDATE study SET written = NULL WHERE study = ? AND written IS NOT NULL", (study,)
            )
    except BaseException:
        connection.execute("ROLLBACK")
        raise
    connection.execute("COMMIT")


def _settle_draw(
    connection: sqlite3.Connection, draw_id: int, reading: Reading, *, attempt: int | None = None
) -> None:
    result = reading.result
    outcome = result.index if isinstance(result, Outcome) else None
    sequence = sequence_text(result.indices) if isinstance(result, OutcomeSequence) else None
    reason = _text(result.reason) if isinstance(result, Rejected | Failed) else None
    connection.execute(
        "UPDATE draw SET settled = ?, status = ?, outcome = ?, sequence = ?, reason = ?, reader = ?,"
        " attempt = coalesce(?, attempt) WHERE draw_id = ?",
        (
            not isinstance(result, Failed),
            _status(result),
            outcome,
            sequence,
            reason,
            reading.reader,
            attempt,
            draw_id,
        ),
    )


def _status(result: Result | StatedAnswer) -> Status:
    if isinstance(result, Outcome | OutcomeSequence | Declined | StatedAnswer):
        return Status.VALID
    return result.status if isinstance(result, Rejected) else Status.ERROR


def _move_money(connection: sqlite3.Connection, series: int, *, worst: int, billed: int | None) -> None:
    """Take a worst case out of flight, to what was billed, or to what is unpriced."""
    connection.execute(
        "UPDATE series SET n_asked = n_asked + 1, in_flight_pico = in_flight_pico - ?,"
        " billed_pico = billed_pico + ?, unpriced_pico = unpriced_pico + ?, over_pico = max(over_pico, ?)"
        " WHERE series = ?",
        (
            worst,
            0 if billed is None else billed,
            worst if billed is None else 0,
            billed if billed is not None and billed > worst else 0,
            series,
        ),
    )


def series_number(connection: sqlite3.Connection, study: int, model: str) -> int:
    """The number of a model's draws in a study; new ones get it here."""
    return _number(
        connection.execute(
            "INSERT INTO series (study, model) VALUES (?, ?)"
            " ON CONFLICT (study, model) DO UPDATE SET model = model RETURNING series",
            (study, model),
        )
    )


def _number(cursor: sqlite3.Cursor) -> int:
    """The one number a statement returns; read to its end, so that the statement is done."""
    ((number,),) = cursor.fetchall()
    return int(number)


def _text(text: str | None) -> str | None:
    """Text SQLite can hold: a lone surrogate becomes a question mark."""
    return None if text is None else text.encode("utf-8", "replace").decode("utf-8")


def studies(connection: sqlite3.Connection) -> Iterator[str]:
    """The ids of all studies."""
    for (name,) in connection.execute("SELECT id FROM study ORDER BY id"):
        yield str(name)


def rename_studies(connection: sqlite3.Connection, names: Mapping[str, str]) -> None:
    """Give studies other ids; their snapshots, which hold the old ones, are forgotten."""
    connection.executemany(
        "UPDATE study SET id = ?, written = NULL WHERE id = ?", [(new, old) for old, new in names.items()]
    )
