"""A project in which all that others write is hostile: names, answers, errors, features, settings, story."""

import json
import tomllib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import tomli_w

from flipsite.domain.draws import Draw, Failed, Outcome, Rejected, Result, Status
from flipsite.domain.study import Feature, Kind, ModelChoice, Prompt, Skip, Study
from flipsite.project import packaged
from flipsite.settings import default_study, dump_study
from flipsite.store.features import write_features
from flipsite.store.snapshot.assemble import collect_draws
from flipsite.store.snapshot.parquet import write_draws

HERE = "http://canary.invalid:1"
"""Stands for the server that nobody may ask; replaced by its address."""

PAYLOADS = (
    "<script>canary()</script>",
    "</script><script>canary()</script>",
    "</title></style></textarea><script>canary()</script>",
    "<img src=x onerror=canary()>",
    "<svg/onload=canary()>",
    f'"><script src={HERE}/x.js></script>',
    f"'><img src='{HERE}/x.png'>",
    f"<link rel=stylesheet href={HERE}/x.css><base href={HERE}/>",
    f"<meta http-equiv=refresh content='0;url={HERE}/moved'>",
    f"<style>@import url({HERE}/y.css); body{{display:none}}</style>",
    "<iframe srcdoc='<script>parent.canary()</script>'></iframe>",
    "<details open ontoggle=canary()>",
    '" autofocus onfocus=canary() x="',
    '<math><mtext><style><a title="</style><img src onerror=canary()>">',
    "{{ 7 * 7 }}{% raw %}{{ cycler.__init__.__globals__ }}",
    "[click](javascript:canary()) <javascript:canary()>",
    "javascript:canary()//",
    f"![picture]({HERE}/z.png)",
    f'=HYPERLINK("{HERE}/","x")',
    "+cmd|'/c calc'!A0",
    f'x\r=WEBSERVICE("{HERE}/")',
    "event.item.constructor.constructor('canary()')()",
    f"url({HERE}/w.png) format(datum.x)",
    "'); canary(); ('",
    "${canary()} `+canary()+`",
    "\u202eright to left\u2066 \u0000 \u001b[2J \u2028 \ufeff",
    "<!-- --!> ]]> <![CDATA[ <?xml",
    "&lt;script&gt;canary()&lt;/script&gt;",
    "data:text/html,<script>canary()</script>",
    "unbroken" * 60,
    "<h1>" * 40,
)


def hostile_project(folder: Path, *, server: str) -> Path:
    """Two studies with models in common, and every payload in every place that takes foreign text."""
    payloads = [text.replace(HERE, server) for text in PAYLOADS]
    everybody = [*(f"maker/{text}"[:290] for text in payloads), *(f"{text}/x"[:290] for text in payloads[:3])]
    for study_id, names in {"first": everybody, "second": everybody[:4]}.items():
        at = folder / "content" / "studies" / study_id
        at.mkdir(parents=True)
        (at / "study.toml").write_text(dump_study(_study(study_id, payloads)), encoding="utf-8")
        draws = collect_draws(_draws(names, payloads, shift=study_id == "second"))
        write_draws(at / "draws.parquet", draws, study=study_id)
        write_features(at / "features.csv", _features(names, payloads))
    _published(folder / "content" / "studies" / "third", payloads)
    refused = ("{", "<h1>", "<!--", "refresh", "![")  # a picture of elsewhere stops a build
    told = [text for text in payloads if not any(sign in text for sign in refused)]
    story = "".join(f"\n\n{text}\n\n* {text}\n" for text in told)
    (folder / "content" / "story.md").write_text(
        "# A story\n\nOf <b>coins</b> and `code`." + story.replace("\0", ""), encoding="utf-8"
    )
    return folder


def _published(at: Path, payloads: list[str]) -> None:
    """The article's study under other names, with a fit whose words are hostile too."""
    article = packaged("content") / "studies" / "article-2025"
    at.mkdir(parents=True)
    printed = tomllib.loads((article / "published.toml").read_text(encoding="utf-8"))
    names = [f"maker/{text.replace(chr(0), '')}"[:290] for text in payloads]
    for table in ("least_biased", "most_biased"):
        figures = [figure for _, figure in printed[table]["rows"]][: len(names) // 2]
        printed[table]["rows"] = [[names.pop(), figure] for figure in figures]
    (at / "published.toml").write_text(tomli_w.dumps(printed), encoding="utf-8")
    settings = replace(_study("third", payloads), kind=Kind.PUBLISHED)
    (at / "study.toml").write_text(dump_study(settings), encoding="utf-8")
    fit = json.loads((article / "fit.json").read_text(encoding="utf-8"))
    (at / "fit.json").write_text(json.dumps(_with(fit, iter(payloads * 99))), encoding="utf-8")


def _with(found: Any, texts: Iterator[str]) -> Any:
    """A fit whose texts for people, and none of its keys, are others."""
    if isinstance(found, list):
        return [_with(part, texts) for part in found]
    if isinstance(found, dict):
        return {
            key: next(texts)
            if key in {"contrast", "level", "reason", "text"} and part
            else _with(part, texts)
            for key, part in found.items()
        }
    return found


def _study(study_id: str, payloads: list[str]) -> Study:
    said = " ".join(payloads)
    skips = tuple(Skip(id=f"skipped/{place}{text}", reason=text) for place, text in enumerate(payloads))
    return replace(
        default_study(study_id),
        title=" ".join(payloads[:3]),
        kind=Kind.MEASURED,
        summary=said,
        source=f"https://example.org/{said}",
        started="2026-01-01",
        prompt=Prompt(template="{first} {second} " + said, outcomes=(payloads[0], payloads[18])),
        models=ModelChoice(skip=skips),
    )


def _draws(names: list[str], payloads: list[str], *, shift: bool) -> Iterator[Draw]:
    for place, name in enumerate(names):
        for number in range(12):
            text = payloads[(place + number) % len(payloads)]
            result: Result = Outcome(index=(number * 7 + place + shift) % 5 % 2)
            if number == 5:
                result = Failed(reason=text)
            elif number == 6:
                result = Rejected(status=Status.REFUSED, reason=text)
            yield Draw(
                model=name,
                draw=number,
                labels=(payloads[0], payloads[18]),
                order=number % 2,
                result=result,
                response=None if number == 5 else text * (1 + 20 * (number == 3)),
                finish_reason=text,
                provider=payloads[(place + 3 * number) % len(payloads)],
                mode="text",
                prompt_tokens=10,
                completion_tokens=10 + place,
                reasoning_tokens=0,
                cost_usd=0.0001 * (1 + place),
                latency_s=1.0,
                asked_at=f"2026-01-0{1 + number % 3}T00:00:00Z",
            )


def _features(names: list[str], payloads: list[str]) -> list[Feature]:
    facts = dict.fromkeys(("modality", "tokenizer", "base_family")) | {"tuning": "roleplay"}
    return [
        Feature(
            model=name,
            feature=feature,
            value=value or payloads[place % len(payloads)],
            source="curated",
            confidence=1.0,
            note=payloads[(place + 1) % len(payloads)],
        )
        for place, name in enumerate(names)
        for feature, value in facts.items()
    ]
