"""A hostile endpoint over real loopback HTTP: whatever it does, counts are exact and everything is bounded.

Each run asks a good model beside the bad one. The good one loses nothing; the bad one ends with a reason.
"""

import gzip
import json
import shutil
import ssl
import subprocess
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.hostile.hostile_run import KEY, Ran, measured, run
from tests.hostile.hostile_server import (
    Answer,
    Bytes,
    Hostile,
    Request,
    as_json,
    catalogue_of,
    completion,
    entry,
    serving,
    whole,
)

from flipsite.collect.catalogue import MOST_ENTRIES, MOST_PAGES, catalogue
from flipsite.collect.client import Timeouts
from flipsite.collect.transport import LARGE_AT_ONCE, MOST_BYTES
from flipsite.domain.money import usd
from flipsite.domain.urls import model_page
from flipsite.errors import CollectError
from flipsite.store.snapshot.read import read_draws
from flipsite.write.site.paths import check_paths

GOOD = as_json(completion())
BOMB = b"[" + b'{"choices": []},' * 500_000 + b"0]"
AGAIN, ONCE = 5, 1
"""Requests for a draw that fails: as often as patience lasts, or no more."""


def beside_good(answer: Answer) -> dict[str, Answer]:
    """An endpoint of two models: one good, one that answers so."""

    async def completions(request: Request) -> Bytes:
        chosen = answer if request.json()["model"] == "a/bad" else GOOD
        if isinstance(chosen, bytes):
            yield chosen
        else:
            async for piece in chosen(request):
                yield piece

    return {"models": catalogue_of("a/bad", "a/good"), "completions": completions}


def endless(head: bytes, piece: bytes) -> Callable[[Request], Bytes]:
    async def answer(_: Request) -> Bytes:
        yield head
        while True:
            yield piece

    return answer


async def hangs_up(_: Request) -> Bytes:
    yield GOOD[:-5]
    yield b""


def asked(tmp_path: Path, answer: Answer, *, n_draws: int = 2) -> tuple[Ran, Hostile, list[str | None]]:
    """A run against an endpoint of two; and the status of each of the bad one's draws in the snapshot."""
    with serving(Hostile(beside_good(answer))) as server:
        ran = run(tmp_path, server.base, n_draws=n_draws)
    draws = read_draws(tmp_path / "content/studies/trial/draws.parquet")
    assert draws.models == ("a/bad", "a/good")
    good = draws.rows(1)
    assert draws.outcome[good].tolist() == [1] * n_draws
    return ran, server, [draws.response[row] for row in range(*draws.rows(0).indices(len(draws)))]


def n_bad(server: Hostile) -> int:
    return sum(request.json()["model"] == "a/bad" for request in server.asked("completions"))


OK = b"HTTP/1.1 200 OK\r\n"
CHUNKED = OK + b"transfer-encoding: chunked\r\n\r\n"
LATIN = json.dumps(completion("Output: 1 é"), ensure_ascii=False).encode("latin-1")

UNREADABLE: dict[str, tuple[Answer, int, str]] = {
    "endless body": (endless(OK + b"\r\n", b'{"choices"' * 6_000), ONCE, "longer than"),
    "endless chunks": (endless(CHUNKED, b"ffff\r\n" + b"x" * 65_535 + b"\r\n"), ONCE, "longer than"),
    "three megabytes": (as_json(completion("x" * 3_000_000 + "\nOutput: 1")), ONCE, "longer than"),
    "gzip bomb": (whole(gzip.compress(BOMB), content_encoding="gzip"), ONCE, "compressed"),
    "deflate bomb": (whole(zlib.compress(BOMB), content_encoding="deflate"), ONCE, "compressed"),
    "brotli": (whole(b"\x0b\x02\x80{}\x03", content_encoding="br"), ONCE, "compressed"),
    "two codings": (whole(gzip.compress(BOMB), content_encoding="identity, gzip"), ONCE, "compressed"),
    "gzip that is not announced": (whole(gzip.compress(json.dumps(completion()).encode())), AGAIN, "JSON"),
    "gzip as transfer": (
        OK + b"transfer-encoding: gzip, chunked\r\n\r\n5\r\nxxxxx\r\n0\r\n\r\n",
        AGAIN,
        "ransfer",
    ),
    "two lengths": (OK + b"content-length: 4\r\ncontent-length: 7\r\n\r\n{}{}{}{", AGAIN, "ength"),
    "a header too many": (OK + b"x: " + b"y" * 300_000 + b"\r\n\r\n", AGAIN, ""),
    "hangs up": (hangs_up, AGAIN, "closed"),
    "a stream": (
        whole(b'data: {"choices": []}\n\n', content_type="text/event-stream"),
        AGAIN,
        "no completion",
    ),
    "latin letters": (whole(LATIN, content_type="application/json; charset=latin-1"), AGAIN, "not JSON"),
    "nothing but brackets": (whole(b"[" * 900_000), AGAIN, "not JSON"),
    "a number without end": (whole(b'{"choices": ' + b"9" * 900_000 + b"}"), AGAIN, "not JSON"),
    "zeros": (whole(bytes(100_000)), AGAIN, "not JSON"),
}


@pytest.mark.slow
@pytest.mark.parametrize("fault", UNREADABLE)
def test_what_cannot_be_read_costs_the_bad_model_its_draws_and_nobody_else(
    tmp_path: Path, fault: str
) -> None:
    """Two draws fail with a reason, after exactly as many requests as they deserve."""
    answer, n_requests, reason = UNREADABLE[fault]
    ran, server, _ = asked(tmp_path, answer)
    tide = ran.report.progress
    assert (tide.n_valid, tide.n_failed, tide.n_rejected) == (2, 2, 0)
    assert n_bad(server) == 2 * n_requests
    assert reason in tide.faults["a/bad"]
    assert tide.faults["a/bad"].isprintable()
    stored = 2 * n_requests * 1_000_000 if n_requests == AGAIN else 0
    assert ran.cache_bytes < 200_000 + stored


READABLE: dict[str, tuple[bytes, str | None]] = {
    "any type of content": (whole(json.dumps(completion()).encode(), content_type="image/png"), "Output: 1"),
    "a nul and a bell": (as_json(completion("\0\a\x1b[2J\nOutput: 1")), "\0\a\x1b[2J\nOutput: 1"),
    "text turned around": (as_json(completion("\u202e\u2066Output: 1")), "\u202e\u2066Output: 1"),
    "a lone surrogate": (as_json(completion("\ud800Output: 1\udfff")), "\ufffdOutput: 1\ufffd"),
    "other odd fields": (
        as_json(
            completion("Output: 1", id="\udc00" * 9, provider="\ud800\x1b" + "p" * 50_000)
            | {"choices": [{"finish_reason": "\0stop", "message": {"content": "Output: 1"}}]}
        ),
        "Output: 1",
    ),
    "as long as it may be": (as_json(completion("x" * 900_000 + "\nOutput: 1")), "x" * 4_000),
}


@pytest.mark.parametrize("case", READABLE)
def test_strange_text_is_an_answer_all_the_same(tmp_path: Path, case: str) -> None:
    """It is read, kept, and published as text that UTF-8 can hold; a provider's name is a short line."""
    answer, published = READABLE[case]
    ran, server, responses = asked(tmp_path, answer)
    assert ran.report.progress.n_valid == 4
    assert n_bad(server) == 2
    assert responses == [published] * 2
    draws = read_draws(tmp_path / "content/studies/trial/draws.parquet")
    assert all(len(text or "") <= 200 and (text or "").isprintable() for text in draws.provider)


async def drips(_: Request) -> Bytes:
    import asyncio

    for place in range(len(GOOD)):
        yield GOOD[place : place + 1]
        await asyncio.sleep(0.05)


SLOW: dict[str, Callable[[Request], Bytes]] = {
    "a byte at a time": drips,
    "headers without end": endless(OK, b"x: y\r\n"),
    "progress without end": endless(b"", b"HTTP/1.1 102 Processing\r\n\r\n"),
}
"""A response that never ends."""


@pytest.mark.slow
@pytest.mark.parametrize("fault", SLOW)
def test_whoever_never_ends_is_left_in_time(tmp_path: Path, fault: str) -> None:
    """A draw takes no longer than it may, however lively the line is."""
    with serving(Hostile({"models": catalogue_of("a/bad"), "completions": SLOW[fault]})) as server:
        ran = run(tmp_path, server.base, n_draws=1, timeouts=Timeouts(connect_s=2, read_s=1, draw_s=0.3))
    assert ran.report.progress.n_failed == 1
    # One that ran out of time may have been billed and is not asked again; one that broke the protocol is.
    assert 1 <= len(server.asked("completions")) <= AGAIN
    assert ran.report.spent_usd < usd(0.05)


@pytest.mark.slow
@pytest.mark.parametrize("status", ["301 Moved", "302 Found", "307 Temporary Redirect", "308 Permanent"])
def test_no_redirect_takes_the_key_elsewhere(tmp_path: Path, status: str) -> None:
    """To another address of this machine or another port: nobody there is asked anything, by any request."""
    with serving(Hostile({}, host="127.0.0.2")) as elsewhere, serving(Hostile({})) as other_port:
        for target in (elsewhere, other_port):
            moved = whole(b"", status=status, location=f"{target.base}/chat/completions")
            answers = {"models": catalogue_of("a/bad"), "completions": moved, "key": moved}
            with serving(Hostile(answers)) as server:
                ran = run(tmp_path / target.host / status[:3], server.base)
                assert f"redirect to {target.base}/chat/completions, which is never followed" in str(
                    ran.report.error
                )
                assert all(KEY in request.head for request in server.requests)
            with (
                serving(Hostile({"models": moved})) as server,
                pytest.raises(
                    CollectError, match=r"which is never followed; give --api-base as it ends up\.$"
                ),
            ):
                run(tmp_path / "models" / status[:3], server.base)
        assert elsewhere.requests == other_port.requests == []


def test_a_generations_price_is_asked_for_here_and_nowhere_else(tmp_path: Path) -> None:
    """An id that looks like an address, or like more than a value, stays a value of the query."""
    unpriced = completion(id="x&y=../../key?#@127.0.0.2/", usage={})
    with serving(Hostile({"models": catalogue_of("a/b"), "completions": as_json(unpriced)})) as server:
        run(tmp_path, server.base, n_draws=1)
    asked_prices = server.asked("generation")
    assert asked_prices
    assert {request.query for request in asked_prices} == {"id=x%26y%3D..%2F..%2Fkey%3F%23%40127.0.0.2%2F"}


@pytest.fixture(scope="module")
def self_signed(tmp_path_factory: pytest.TempPathFactory) -> ssl.SSLContext:
    """A certificate that nobody vouches for."""
    openssl = shutil.which("openssl")
    assert openssl, "openssl makes the certificate"
    folder = tmp_path_factory.mktemp("tls")
    made = "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout key -out cert -subj /CN=x"
    subprocess.run(
        [openssl, *made.split(), "-addext", "subjectAltName=IP:127.0.0.1"],
        cwd=folder,
        check=True,
        capture_output=True,
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "cert", folder / "key")
    return context


@pytest.mark.slow
def test_a_certificate_that_nobody_vouches_for_ends_it_before_the_key_is_said(
    tmp_path: Path, self_signed: ssl.SSLContext
) -> None:
    """The sentence says what is wrong with it; the other side saw no request."""
    with (
        serving(Hostile({"models": catalogue_of("a/b")}, tls=self_signed)) as server,
        pytest.raises(CollectError, match=r"CERTIFICATE_VERIFY_FAILED.*SSL_CERT_FILE; is --api-base right\?"),
    ):
        run(tmp_path, server.base)
    assert server.requests == []


@pytest.mark.slow
def test_plain_text_where_tls_is_meant_and_the_other_way_round(
    tmp_path: Path, self_signed: ssl.SSLContext
) -> None:
    """Either is told in a sentence that names the address."""
    greeting = b"HTTP/1.1 400 Bad Request\r\nconnection: close\r\n\r\nspeak plainly"
    with serving(Hostile({}, greeting=greeting)) as plain:
        base = plain.base.replace("http:", "https:")
        with pytest.raises(
            CollectError, match=rf"{base}/models: no connection \(.*SSL.*\): .*begins with http://\.$"
        ):
            run(tmp_path, base)
    with serving(Hostile({}, tls=self_signed)) as tls:
        base = tls.base.replace("https:", "http:")
        with pytest.raises(CollectError, match=rf"{base}/models: .+ https://"):
            run(tmp_path, base)


def paged(n_pages: int | None, *, again: int | None = None) -> Callable[[Request], Bytes]:
    """A catalogue in pages of one model; without an end, or back to a page that was there."""

    async def models(request: Request) -> Bytes:
        place = int(request.query.partition("offset=")[2] or 0)
        following = place + 1 if n_pages is None or place + 1 < n_pages else again
        links = {"next": None if following is None else f"http://127.0.0.2:1/models?offset={following}"}
        yield as_json({"data": [entry(f"a/{place}")], "links": links})

    return models


def test_pages_in_a_circle_end_where_they_began(tmp_path: Path) -> None:
    """Each page is asked for once, at our own address, whatever host its link names."""
    with serving(Hostile({"models": paged(5, again=2), "completions": GOOD})) as server:
        ran = run(tmp_path, server.base, n_draws=1)
    assert [request.query for request in server.asked("models")] == [
        "",
        *(f"offset={n}" for n in range(1, 5)),
    ]
    assert len(ran.offer.plan.models) == ran.report.progress.n_valid == 5


@pytest.mark.slow
def test_pages_without_end_are_told(tmp_path: Path) -> None:
    """After so many pages the run ends before it has asked anything that costs."""
    sentence = rf"the list is longer than {MOST_PAGES} pages or .* models; name another --api-base"
    with serving(Hostile({"models": paged(None)})) as server, pytest.raises(CollectError, match=sentence):
        run(tmp_path, server.base)
    assert len(server.asked("models")) == MOST_PAGES
    assert server.asked("completions") == []


PRICES = ["-0.1", -1e-9, "NaN", float("nan"), "Infinity", "1e400", 10**400, 7, "dear", [], {"usd": 1}, True]


def test_a_price_that_cannot_be_is_no_price_and_nothing_is_asked_of_it(tmp_path: Path) -> None:
    """Negative, absurd, without end or no number: left out with its reason; the good one is asked."""
    entries = [
        entry(f"a/{place}-{field}", pricing={"prompt": "0.0000001", "completion": "0.0000001", field: price})
        for place, price in enumerate(PRICES)
        for field in ("prompt", "completion", "request")
        if (price, field) != (7, "request")  # seven dollars a request are a price
    ]
    unpriced = [entry("b/none", pricing=None), entry("b/half", pricing={"prompt": "0.1"})]
    body = json.dumps({"data": [*entries, *unpriced, entry("c/good")]}).encode()
    with serving(Hostile({"models": whole(body), "completions": GOOD})) as server:
        ran = run(tmp_path, server.base)
    assert {request.json()["model"] for request in server.asked("completions")} == {"c/good"}
    assert [one.model for one in ran.offer.plan.models] == ["c/good"]
    assert ran.report.spent_usd == 2 * usd(0.00003)
    kept = json.loads((tmp_path / "content/studies/trial/catalogue.json").read_text())
    assert len(kept["faulty"]) == len(entries)
    assert all("is no price (" in fault["reason"] for fault in kept["faulty"])


NAMES = [
    *("con", "CON", "nul.txt", "aux/prn", "com1", "a/CON", "A/con", "con/con:free", "lpt1.x/y"),
    *("a/b", "A/b", "a/B", "A/B", "a/b:free", "a/b:FREE", "a/b~free", "~a/b", "a/b.", "a/b-", "a/b_"),
    *("a/" + "b" * 198, "a/" + "B" * 198, "a/b/c/d", "a/b.html", "index.html", "a/index.html", "a/draws.csv"),
    *(
        "..",
        "a/..",
        "../a",
        "a/../../b",
        "/a",
        "a//b",
        "a/",
        "a\\b",
        "é/b",
        "e\u0301/b",
        "ａ/b",
        "а/b",
        "a b",
    ),
    *("a/b?c", "a/b#c", "%2e%2e/a"),
]
NO_NAMES = ["a/b\n", "a\0b", "\x1b[2J", "a/b\u202e", "", " ", " a", "a\u200bb", "a" * 300, None, 7, ["a"]]


def test_names_that_are_kept_have_pages_that_never_meet() -> None:
    """Device names, names that differ in case, endings of ours: each has a page of its own anywhere."""
    offered = catalogue([entry(name) for name in NAMES], fetched="2026-01-01")
    names = [model.id for model in offered.models]
    assert len(names) + len(offered.faulty) == len(NAMES)
    pages = [model_page("trial", name) for name in names]
    check_paths([*pages, *(page.replace("index.html", "draws.csv") for page in pages)])
    assert {"con", "CON", "a/b", "A/B"} <= set(names)


def test_names_that_are_none_are_counted_and_shown_harmlessly(tmp_path: Path) -> None:
    """Control signs, paths, look-alikes and 300 letters: not asked, and each told once."""
    body = json.dumps({"data": [*({"id": name} | {"pricing": {}} for name in NO_NAMES), entry("a/good")]})
    with serving(Hostile({"models": whole(body.encode()), "completions": GOOD})) as server:
        ran = run(tmp_path, server.base, n_draws=1)
    assert [one.model for one in ran.offer.plan.models] == ["a/good"]
    faulty = json.loads((tmp_path / "content/studies/trial/catalogue.json").read_text())["faulty"]
    assert len(faulty) == len(NO_NAMES)
    assert all(
        fault["id"].isascii() and fault["id"].isprintable() and len(fault["id"]) < 60 for fault in faulty
    )


@pytest.mark.slow
def test_one_name_listed_ten_thousand_times_is_one_model(tmp_path: Path) -> None:
    """It is asked once, and every other listing is told."""
    body = json.dumps({"data": [entry("a/b")] * 10_000}).encode()
    with serving(Hostile({"models": whole(body), "completions": GOOD})) as server:
        ran = run(tmp_path, server.base, n_draws=1)
    assert ran.report.progress.n_valid == 1
    faulty = json.loads((tmp_path / "content/studies/trial/catalogue.json").read_text())["faulty"]
    assert len(faulty) == 9_999


CANNOT: dict[str, tuple[Answer, str]] = {
    "too long": (endless(OK + b"\r\n", b" " * 65_536), r"longer than 32 MiB; is --api-base right\?"),
    "too many": (
        whole(b"[" + b"0," * (MOST_ENTRIES + 1) + b"0]"),
        "longer than .* 250,000 models",
    ),
    "no list": (whole(b'{"data": {"a": 1}}'), "check --api-base"),
    "a page": (whole(b"<html>", content_type="text/html"), r"a web page; is --api-base right\?"),
    "compressed": (whole(gzip.compress(BOMB), content_encoding="gzip"), r"compressed.*; is --api-base right"),
}


@pytest.mark.slow
@pytest.mark.parametrize("case", CANNOT)
def test_a_catalogue_that_cannot_be_had_ends_it_in_a_sentence(tmp_path: Path, case: str) -> None:
    """Nothing was asked, nothing is written but an empty cache."""
    answer, sentence = CANNOT[case]
    with serving(Hostile({"models": answer})) as server, pytest.raises(CollectError, match=sentence):
        run(tmp_path, server.base, timeouts=Timeouts(connect_s=5, read_s=5, draw_s=30))
    assert len(server.requests) == 1
    assert not (tmp_path / "content/studies/trial/draws.parquet").exists()


def bodies(tmp_path: Path) -> int:
    """Bytes of what is on disk of a run."""
    return sum(path.stat().st_size for path in tmp_path.rglob("*") if path.is_file())


@pytest.mark.slow
def test_large_answers_from_everybody_at_once_fit_in_memory(tmp_path: Path) -> None:
    """At 256 in flight, each as long as it may be: a few are held at once, all are kept, none is lost."""
    names = [f"a/{place}" for place in range(64)]
    large = as_json(completion("x" * 1_000_000 + "\nOutput: 1"))
    with serving(Hostile({"models": catalogue_of(*names), "completions": large})) as server:
        seen = measured(tmp_path, server.base, n_draws=4, concurrency=256, draw_s=250)
    assert (seen.n_valid, seen.n_failed, seen.error) == (256, 0, None)
    assert len(server.asked("completions")) == 256
    assert seen.spent_usd == pytest.approx(256 * 0.00003, abs=1e-9)
    assert seen.grown_mb < 256 * 0.25 + LARGE_AT_ONCE * 4 * MOST_BYTES / 2**20 + 250
    assert 256e6 < bodies(tmp_path) < 256 * MOST_BYTES * 1.2


@pytest.mark.slow
def test_endless_answers_from_everybody_at_once_fit_in_memory_and_leave_nothing_on_disk(
    tmp_path: Path,
) -> None:
    """Each is cut off once; a model that does nothing else is set aside after three."""
    names = [f"a/{place}" for place in range(64)]
    without_end = endless(OK + b"\r\n", b'{"choices"' * 6_000)
    with serving(Hostile({"models": catalogue_of(*names), "completions": without_end})) as server:
        seen = measured(tmp_path, server.base, n_draws=50, concurrency=256, draw_s=250)
    assert (seen.n_valid, seen.n_failed) == (0, 3 * 64)
    assert len(server.asked("completions")) == 3 * 64
    assert len(seen.skipped) == 64
    assert all(
        "draws in a row failed, the last one for this reason: the answer is longer" in why
        for why in seen.skipped.values()
    )
    assert seen.grown_mb < 250
    assert bodies(tmp_path) < 2e6


@pytest.mark.slow
def test_a_hundred_thousand_models_are_planned_in_bounded_memory(tmp_path: Path) -> None:
    """Every one is counted; one is asked, for the budget and the choice are the study's."""
    listed = [entry(f"a/{place}") for place in range(99_999)] + [entry("b/asked")]
    body = json.dumps({"data": listed}).encode()
    with serving(Hostile({"models": whole(body), "completions": GOOD})) as server:
        seen = measured(tmp_path, server.base, n_draws=1, only="b/*")
    assert (seen.n_models, seen.n_valid, seen.error) == (1, 1, None)
    assert seen.grown_mb < 700
    assert (
        len(json.loads((tmp_path / "content/studies/trial/catalogue.json").read_text())["models"]) == 100_000
    )


@pytest.mark.slow
@pytest.mark.parametrize("unit", [b"[],", b'{"":0},', b'"aa",'])
def test_a_catalogue_made_to_swell_when_it_is_read_is_bounded(tmp_path: Path, unit: bytes) -> None:
    """Thirty megabytes that become hundreds: refused in a sentence, within a bound."""
    body = b"[" + unit * (30 * 2**20 // len(unit)) + b"0]"
    with serving(Hostile({"models": whole(body)})) as server:
        seen = measured(tmp_path, server.base)
    assert seen.error is not None
    assert "the list is longer than" in seen.error
    assert seen.grown_mb < 1_200
