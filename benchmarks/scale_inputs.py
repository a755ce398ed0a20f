"""Inputs of `scale.py`: studies of many millions of draws, made by DuckDB, and a cache of as many.

240 models; a tenth of all draws is the first one's, the rest is shared equally. Each draw has every column
that a collected one has; their values are digests of the row's number, and so the same each time.
Run by `scale.py`: `python scale_inputs.py parts|hundred|lines|csv|cache|answers FOLDER DRAWS`.
"""

import sqlite3
import sys
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import duckdb
import pyarrow as pa

from flipsite.domain.money import usd
from flipsite.domain.study import Budget, Kind, Sampling
from flipsite.project import Project
from flipsite.settings import default_study, dump_study
from flipsite.store.draws_schema import SCHEMA
from flipsite.store.snapshot.assemble import labels_text
from flipsite.store.snapshot.parquet import ROWS_A_GROUP, parquet_writer
from flipsite.workflows.collect import collect
from flipsite.workflows.run_request import RunRequest, Watcher

N_MODELS = 240
PART = 4_000_000

STUDY = """[study]
title = "Very many flips"
kind = "measured"
summary = "Made for a benchmark."
source = "made for a benchmark"
[prompt]
template = "Answer {first} or {second}."
"""

_ROWS = """
SELECT 'many' AS study, format('maker-{}/model-{:03d}', m % 12, m) AS model, k AS draw,
    '["0","1"]' AS labels, (k % 2)::TINYINT AS "order",
    CASE WHEN h % 100 < 97 THEN ((h >> 8) % 1000 < 380 + m)::TINYINT END AS outcome,
    CASE WHEN h % 100 < 97 THEN 'valid' WHEN h % 100 = 97 THEN 'refused' ELSE 'unparsed' END AS status,
    'I flipped it ' || (h >> 40) % 900 || ' times. Output: ' || ((h >> 8) % 1000 < 380 + m)::INT AS response,
    'stop' AS finish_reason, ['Azure', 'Fireworks', 'Together'][(1 + (h >> 20) % 3)::INT] AS provider,
    'text' AS mode, (20 + h % 5)::BIGINT AS prompt_tokens, (3 + (h >> 12) % 40)::BIGINT AS completion_tokens,
    NULL::BIGINT AS reasoning_tokens, 1e-7 * (1 + (h >> 16) % 900) AS cost_usd,
    0.2 + ((h >> 24) % 100000) / 1e5 AS latency_s,
    strftime(TIMESTAMP '2026-11-01' + to_seconds((k // 50)::BIGINT), '%Y-%m-%dT%H:%M:%SZ') AS asked_at
FROM (
    SELECT hash(i) AS h,
        CASE WHEN i < $tenth THEN 0 ELSE 1 + (i - $tenth) // $each END AS m,
        CASE WHEN i < $tenth THEN i ELSE (i - $tenth) % $each END AS k
    FROM range($low, $high) AS rows(i)
)
"""


_NAMED = {
    """'["0","1"]' AS labels""": f"'{labels_text(tuple(map(str, range(1, 101))))}' AS labels",
    """((h >> 8) % 1000 < 380 + m)::TINYINT END AS outcome""": "((h >> 8) % 100)::SMALLINT END AS outcome",
    "((h >> 8) % 1000 < 380 + m)::INT AS response": "(1 + (h >> 8) % 100) AS response",
}
"""In the rows of a coin, the places that name its sides, and what stands there for numbers from 1 to 100."""


def make_hundred(folder: Path, n_draws: int) -> None:
    """Write a project with one study of numbers from 1 to 100."""
    make_parts(folder, n_draws, named=_NAMED)


def make_parts(folder: Path, n_draws: int, *, named: Mapping[str, str] | None = None) -> None:
    """Write a project with one study in parts."""
    study = folder / "content" / "studies" / "many"
    study.mkdir(parents=True)
    (study / "study.toml").write_text(STUDY, encoding="utf-8")
    with duckdb.connect(config={"memory_limit": "2GB"}) as database:
        for number, rows in enumerate(_questions(n_draws, named=named)):
            part = study / "draws" / f"part={number:03d}"
            part.mkdir(parents=True)
            form = f"(FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE {ROWS_A_GROUP})"
            database.execute(f"COPY ({rows}) TO '{part}/draws.parquet' {form}").fetchall()


def make_lines(folder: Path, n_draws: int) -> None:
    """Write the same draws as JSON lines, in a folder that is a project."""
    _copy_rows(folder, n_draws, "* REPLACE (labels::JSON AS labels)", "many.jsonl' (FORMAT json)")


def make_csv(folder: Path, n_draws: int) -> None:
    """Write them as a CSV, in a folder that is a project."""
    _copy_rows(folder, n_draws, "*", "many.csv' (FORMAT csv)")


def _copy_rows(folder: Path, n_draws: int, columns: str, file: str) -> None:
    (folder / "content" / "studies").mkdir(parents=True)
    rows = " UNION ALL ".join(_questions(n_draws))
    with duckdb.connect(config={"memory_limit": "2GB"}) as database:
        database.execute(f"COPY (SELECT {columns} FROM ({rows})) TO '{folder}/{file}").fetchall()


def make_answers(folder: Path, n_draws: int) -> None:
    """The same as `make_cache`, each draw with the whole of its answer: a gigabyte a million."""
    make_cache(folder, n_draws, body="body")


def make_cache(folder: Path, n_draws: int, *, body: str = "x'7b7d'") -> None:
    """A project whose cache and snapshot hold so many draws of the simulated endpoint's coins.

    Two of each coin are collected; the rest are copies, without the answers' text, in the same tables and
    with counts and money as they are kept.
    """
    path = folder / "content" / "studies" / "many" / "study.toml"
    path.parent.mkdir(parents=True)
    study = replace(default_study("many"), kind=Kind.SIMULATED, budget=Budget(total_usd=usd(1e5)))
    path.write_text(dump_study(replace(study, sampling=Sampling(draws=2))), encoding="utf-8")
    content = folder / "content"
    project = Project(root=folder, content=content, templates=(), site=folder / "site", packaged=False)
    agreed = Watcher(created=lambda _: None, agree=lambda _: True, look=lambda _: None)
    collect(project, RunRequest(study_id="many", simulated_seed=1), agreed)
    with closing(sqlite3.connect(project.cache / "cache.sqlite")) as cache, cache:
        models = [name for (name,) in cache.execute("SELECT model FROM series ORDER BY model")]
        n_each = n_draws // len(models) // 2 * 2
        _copy(cache, n_each // 2 - 1, body)
    path.write_text(dump_study(replace(study, sampling=Sampling(draws=n_each))), encoding="utf-8")
    _write_snapshot(path.with_name("draws.parquet"), models, n_each)


def _copy(cache: sqlite3.Connection, copies: int, body: str) -> None:
    """Repeat each model's two draws."""
    ((draws,),) = cache.execute("SELECT max(draw_id) FROM draw").fetchall()
    ((attempts,),) = cache.execute("SELECT max(attempt) FROM attempt").fetchall()
    numbers = "WITH RECURSIVE copy(c) AS (SELECT 1 UNION ALL SELECT c + 1 FROM copy WHERE c < ?)"
    cache.execute(
        f"INSERT INTO draw {numbers} SELECT draw_id + c * ?, series, draw + 2 * c, labels, label_order,"
        " settled, status, outcome, reason, reader, attempt + c * ?"
        " FROM copy CROSS JOIN draw WHERE draw_id <= ?",
        (copies, draws, attempts, draws),
    )
    cache.execute(
        f"INSERT INTO attempt {numbers} SELECT attempt + c * ?, draw_id + c * ?, request, asked_at, state,"
        " worst_pico, billed_pico, code, generation, latency_s, fault,"
        f" {body}"
        " FROM copy CROSS JOIN attempt WHERE attempt <= ?",
        (copies, attempts, draws, attempts),
    )
    kept = ("n_settled", "n_asked", "billed_pico", "unpriced_pico")
    cache.execute(f"UPDATE series SET {', '.join(f'{name} = {name} * {copies + 1}' for name in kept)}")


def _write_snapshot(path: Path, models: list[str], n_each: int) -> None:
    with path.open("wb") as file, parquet_writer(file, {}) as writer:
        for model in models:
            columns = {field.name: pa.nulls(n_each, field.type) for field in SCHEMA}
            columns |= {"draw": pa.array(range(n_each)), "status": pa.repeat("refused", n_each)}
            columns |= {"study": pa.repeat("many", n_each), "model": pa.repeat(model, n_each)}
            writer.write_table(pa.table(columns, schema=SCHEMA), row_group_size=ROWS_A_GROUP)


def _questions(n_draws: int, *, named: Mapping[str, str] | None = None) -> Iterator[str]:
    """SQL of the draws, a part at a time."""
    tenth = n_draws // 10
    each = (n_draws - tenth) // (N_MODELS - 1)
    n_made = tenth + each * (N_MODELS - 1)
    for low in range(0, n_made, PART):
        numbers = {"$tenth": tenth, "$each": each, "$low": low, "$high": min(low + PART, n_made)}
        rows = _ROWS
        for name, other in {**(named or {}), **numbers}.items():
            rows = rows.replace(name, str(other))
        yield rows


if __name__ == "__main__":
    what, where, n = sys.argv[1:]
    made_by = {"parts": make_parts, "hundred": make_hundred, "lines": make_lines, "csv": make_csv}
    made_by |= {"cache": make_cache, "answers": make_answers}
    made_by[what](Path(where), int(n))
