"""Targets of the fuzzer: any bytes go in, and the results must be true. Each target raises what it finds.

`fuzz.py` runs them with Atheris (`make fuzz`); `test_corpus.py` replays the bytes that were kept.
"""

import csv
import io
import json
import math
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from functools import cache
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

from flipsite.analyse.features.merge import agreed_features, joined
from flipsite.collect.catalogue import catalogue, dump_catalogue, load_catalogue, read_page
from flipsite.collect.classifier import read_claims
from flipsite.collect.reading.answer import read_answer
from flipsite.collect.reading.completion import draw_of, read_again
from flipsite.collect.responses import Failure, Reply, read_exchange, read_reply
from flipsite.collect.selection import choose
from flipsite.domain.draws import Draw, Failed, Outcome, Rejected, Result, Status
from flipsite.domain.endpoint import StoredDraw
from flipsite.domain.features import FEATURES
from flipsite.domain.money import MOST_USD, NOTHING, usd
from flipsite.domain.study import Method
from flipsite.errors import CollectError, FlipsiteError, SettingsError, StoreError, UsageError
from flipsite.present.charts.interactive import spec_json
from flipsite.present.tables import csv_columns
from flipsite.present.text.escaping import foreign_address, foreign_text
from flipsite.settings import default_study, dump_study, load_printed, load_study
from flipsite.store.features import features_csv, read_features
from flipsite.store.fits import fit_json, read_fit
from flipsite.store.imports.columns import ImportOptions
from flipsite.store.imports.importer import import_file
from flipsite.store.snapshot.assemble import collect_draws
from flipsite.store.snapshot.parquet import write_parquet
from flipsite.store.snapshot.read import read_draws
from flipsite.write.check.html import read_page as read_html_page
from flipsite.write.check.html import read_style, read_xml_file
from flipsite.write.serve.server import MovedFolder, answers_to, find_file

LABELS = (("0", "1"), ("heads", "tails"), ("no", "not no"), ("vesepo", "somomu"), ("ja", "ＪＡＷＯＨＬ"))
FINISHES = ("stop", "length", "content_filter", None)
CODES = (200, 200, 200, 200, 400, 401, 402, 403, 404, 408, 413, 429, 500, 502, 524, 301)
SCRATCH = Path("/dev/shm") if Path("/dev/shm").is_dir() else None  # noqa: S108 (thousands of files a second)


_TRIAL = default_study("trial")
_STUDIES = (
    _TRIAL,
    replace(_TRIAL, sampling=replace(_TRIAL.sampling, per_answer=3)),
    replace(_TRIAL, method=Method(kind="seed")),
    replace(_TRIAL, method=Method(kind="rejection")),
)


def answer(said: bytes) -> None:
    """Whatever a model says names one label or none, for a reason in words; and always the same."""
    choice, text = said[:1], _text(said[1:])
    code = choice[0] if choice else 0
    labels = LABELS[code % 5]
    finish, mode = FINISHES[code // 5 % 4], ("text", "structured")[code // 20 % 2]
    options: dict[str, Any] = {"finish_reason": finish, "mode": mode}
    read = read_answer(text, labels=labels, **options)
    assert read == read_answer(text, labels=labels, **options)
    if isinstance(read, Rejected):
        assert read.reason.isprintable()
        assert read.status in {Status.UNPARSED, Status.REFUSED, Status.TRUNCATED, Status.EMPTY}
        return
    other = read_answer(text, labels=(labels[1], labels[0]), **options)
    assert other == Outcome(index=1 - read.index), "which label comes first decides what is read"


def completion(said: bytes) -> None:
    """Whatever comes over the wire is a reply or a trouble; it can be kept, read again and published."""
    code = CODES[said[0] % 16] if said else 200
    mode = ("text", "structured")[bool(said[:1]) and said[0] >= 128]
    body = said[1:]
    result = read_exchange(code, {"retry-after": _text(body[:12])}, body, mode=mode, now=1.7e9)
    if isinstance(result, Failure):
        assert result.reason.isprintable()
        assert len(result.reason) < 500
        assert result.wait_s is None or (result.wait_s >= 0 and math.isfinite(result.wait_s))
    assert result.cost_usd is None or NOTHING <= result.cost_usd < usd(MOST_USD)
    reply = read_reply(body)
    if isinstance(result, Reply):
        assert reply == replace(result, cost_usd=None, generation=reply.generation)
    kept = StoredDraw(
        row=1,
        model="a/b",
        draw=0,
        labels=("0", "1"),
        order=0,
        result=Failed(reason="x"),
        mode=mode,
        body=body,
        latency_s=0.1,
        asked_at="2026-01-01T00:00:00Z",
        cost_usd=(result.cost_usd or NOTHING).nearest(),
    )
    for study in _STUDIES:
        read_again(kept, study)
    draws = collect_draws([draw_of(kept, study) for study in _STUDIES[:1]])
    file = io.BytesIO()
    write_parquet(file, draws, study="trial")
    with tempfile.TemporaryDirectory(dir=SCRATCH) as folder:
        path = Path(folder, "draws.parquet")
        path.write_bytes(file.getvalue())
        assert len(read_draws(path)) == 1


def claimed(said: bytes) -> None:
    """Whatever a classifier says, what is read of it is what features.csv may hold, and always the same."""
    text = _text(said)
    claims = read_claims(text, by="2026-01-01")
    assert claims == read_claims(text, by="2026-01-01")
    for feature, claim in claims.items():
        assert claim.value is None or FEATURES[feature].fault(claim.value) is None
        assert claim.source.isprintable()
    halves = [read_claims(part) for part in (text[: len(text) // 2], text[len(text) // 2 :])]
    rows = agreed_features("a/b", [claims, *halves], classifier="p/sonar", askings=3)
    kept = joined([], rows).features
    with tempfile.TemporaryDirectory(dir=SCRATCH) as folder:
        path = Path(folder, "features.csv")
        path.write_bytes(features_csv(kept))
        assert [row.value for row in read_features(path)] == [row.value for row in kept]


def offered(said: bytes) -> None:
    """Whatever a catalogue holds is a model or told to be none; it reads back; no price is mad."""
    try:
        body = json.loads(said)
    except (ValueError, RecursionError):
        return
    try:
        entries, query = read_page(body)
    except CollectError:
        return
    assert isinstance(query, str)
    found = catalogue(entries, fetched="2026-01-01")
    assert len(found.models) + len(found.faulty) == len(entries)
    text = dump_catalogue(found)
    assert load_catalogue(text) == found
    text.encode()
    for choice in choose(found.models, default_study("trial"), today="2026-01-01"):
        assert choice.reason is None or choice.reason.strip()
        if choice.estimate:
            assert choice.estimate.expected_usd >= NOTHING
            assert choice.estimate.draw_worst_usd >= NOTHING


def imported(said: bytes) -> None:
    """Whatever a file is, its rows are counted to the last, or one sentence says why it is none."""
    choice, content = (said[0] if said else 0), said[1:]
    suffix = ("csv", "jsonl", "parquet", "csv.gz", "txt")[choice % 5]
    options = (
        ImportOptions(),
        ImportOptions(labels=("no", "yes")),
        ImportOptions(columns=(("labels", ("first", "second")), ("outcome", ("answer",)))),
        ImportOptions(where=(("model", "a/b"),)),
    )[choice // 5 % 4]
    with tempfile.TemporaryDirectory(dir=SCRATCH) as scratch:
        path, folder = Path(scratch, f"theirs.{suffix}"), Path(scratch, "trial")
        path.write_bytes(content)
        try:
            report = import_file(path, folder=folder, options=options)
        except (UsageError, StoreError) as error:
            _one_sentence(error)
            assert not (folder / "draws.parquet").exists()
            return
        n_kept = sum(report.by_status.values())
        assert report.n_rows == report.n_filtered + report.n_lost + n_kept
        assert len(read_draws(folder / "draws.parquet")) == n_kept
        load_study(folder)
        assert import_file(path, folder=folder, options=options).already


def study(said: bytes) -> None:
    """Whatever stands in a study's files is read and written back, or its faults are told."""
    choice, content = (said[0] if said else 0), said[1:]
    with tempfile.TemporaryDirectory(dir=SCRATCH) as scratch:
        folder = Path(scratch)
        name = ("study.toml", "published.toml", "features.csv", "fit.json")[choice % 4]
        path = folder / name
        path.write_bytes(content)
        try:
            match name:
                case "study.toml":
                    read = load_study(folder)
                    path.write_text(dump_study(read), encoding="utf-8")
                    assert load_study(folder) == read
                case "published.toml":
                    load_printed(folder)
                case "features.csv":
                    known = read_features(path)
                    path.write_bytes(features_csv(known))
                    with suppress(SettingsError):
                        assert len(read_features(path)) == len(known)
                case _:
                    fit = read_fit(path)
                    text = fit_json(fit)
                    path.write_bytes(text)
                    assert fit_json(read_fit(path)) == text
        except FlipsiteError as error:
            _one_sentence(error, names=path)


def markup(said: bytes) -> None:
    """Whatever a page, a drawing or a stylesheet holds, the site's check reads it or tells the line."""
    read_html_page(said)
    read_html_page(said, is_fragment=True)
    read_xml_file(said)
    read_style(said)


def address(said: bytes) -> None:
    """Whatever address or Host is asked for, nothing outside the site is found, no other host answered."""
    site = _walled()
    text = said.decode("latin-1")
    for asked in (text, f"/{text}", f"/index.html/{text}"):
        found = find_file(site, asked)
        if isinstance(found, Path):
            assert found.resolve().is_relative_to(site)
            assert found.is_file()
        if isinstance(found, MovedFolder):
            assert found.to.startswith("/")
            assert not found.to.startswith("//")
            assert found.to.isprintable()
    if answers_to(text, bound="127.0.0.1"):
        assert any(name in text.lower() for name in ("localhost", "127.", "::", "0:"))


def foreign(said: bytes) -> None:
    """Whatever a text is, it stays text in an embed, a chart and a table: no tag, no script, no formula."""
    text = _text(said)
    assert _elements(f"<p>{foreign_text(text)}</p>") == ["p"]
    assert _elements(f'<a href="{foreign_address(text)}">x</a>') == ["a"]
    script = spec_json({"text": text})
    assert "<" not in script
    assert json.loads(script) == {"text": text}
    table = csv_columns({"a": [text], "b": [1]})
    (_, (cell, _)) = csv.reader(io.StringIO(table, newline=""))
    assert cell.removeprefix("'") == text or cell == text
    assert not cell.startswith(("=", "+", "-", "@", "\t", "\r"))


def page(said: bytes) -> None:
    """Whatever models are called and say, their pages hold our elements, and no script, link or handler."""
    from tests.fuzz.fuzz_pages import EXPECTED, model_pages_of

    for html in model_pages_of(_draws(said)):
        reader = _Reader()
        reader.feed(html)
        reader.close()
        strange = set(reader.elements) - EXPECTED
        assert not strange, f"elements that are not ours: {strange}"
        assert not reader.wrong, reader.wrong


TARGETS: dict[str, Callable[[bytes], None]] = {
    target.__name__: target
    for target in (answer, completion, claimed, offered, imported, study, markup, address, foreign, page)
}


def _text(said: bytes) -> str:
    """Any text, lone surrogates included."""
    return said.decode("utf-8", "surrogateescape")


def _one_sentence(error: FlipsiteError, *, names: Path | None = None) -> None:
    """Something to say of the file, and nothing that moves a cursor or turns text around."""
    said = str(error)
    assert str(names or "") in said
    assert said.strip()
    assert all(line.isprintable() for line in said.split("\n")), repr(said)


def _draws(said: bytes) -> list[Draw]:
    """A few draws whose texts are the bytes between line feeds, in turn a name, an answer, a provider."""
    texts = [_text(part) for part in said.split(b"\n")][:40]
    names = [text for text in texts[0::3] if text.strip()] or ["a/b"]
    answers, providers = texts[1::3] or [""], texts[2::3] or [""]
    rows: dict[tuple[str, int], Draw] = {}
    for place in range(max(len(names), len(answers), 6)):
        name = names[place % len(names)].encode("utf-8", "replace").decode()
        results: tuple[Result, ...] = (
            Outcome(index=place % 2),
            Rejected(status=Status.REFUSED, reason="no"),
            Failed(reason=answers[place % len(answers)]),
        )
        number = sum(model == name for model, _ in rows)
        rows[name, number] = Draw(
            model=name,
            draw=number,
            labels=("0", "1"),
            order=0,
            result=results[0] if place % 4 else results[place // 4 % 3],
            response=answers[place % len(answers)],
            finish_reason=providers[place % len(providers)],
            provider=providers[place % len(providers)],
            mode="text",
            prompt_tokens=1,
            completion_tokens=1,
            reasoning_tokens=0,
            cost_usd=0.001,
            latency_s=0.1,
            asked_at="2026-01-01T00:00:00Z",
        )
    return list(rows.values())


class _Reader(HTMLParser):
    """Every element, and every attribute that would run or lead elsewhere."""

    def __init__(self) -> None:
        super().__init__()
        self.elements: list[str] = []
        self.wrong: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append(tag)
        for name, value in attrs:
            if name.startswith("on") or name in {"style", "srcdoc"}:
                self.wrong.append(f"<{tag} {name}>")
            if name in {"href", "src"} and "//" in (value or "") + "x" and ":" in (value or ""):
                self.wrong.append(f"<{tag} {name}={value!r}>")


def _elements(html: str) -> list[str]:
    reader = _Reader()
    reader.feed(html)
    reader.close()
    return reader.elements


@cache
def _walled() -> Path:
    """A site beside a secret, with a link out of it."""
    root = Path(tempfile.mkdtemp(dir=SCRATCH, prefix="flipsite-fuzz-")).resolve()
    (root / "secret").write_text("secret")
    site = root / "site"
    (site / "s").mkdir(parents=True)
    (site / "index.html").write_text("x")
    (site / "s" / "index.html").write_text("x")
    (site / "out").symlink_to("../secret")
    (site / "up").symlink_to("..")
    return site


def tidy() -> None:
    """Remove what the targets have put on disk."""
    if _walled.cache_info().currsize:
        shutil.rmtree(_walled().parent)
        _walled.cache_clear()


def corpus(folder: Path) -> Iterator[tuple[str, Path]]:
    """Every kept file with its target's name."""
    for path in sorted(folder.glob("*/*")):
        yield path.parent.name, path
