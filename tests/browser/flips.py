"""A project for the browser: the article, coins whose answers are hostile, and a family of studies."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from flipsite.domain.draws import Draw, Failed, Outcome, Rejected, Result, Status
from flipsite.project import packaged
from flipsite.store.snapshot.assemble import collect_draws
from flipsite.store.snapshot.parquet import write_draws

HOSTILE = (
    '</script><script>alert(1)</script> <b>Output: 1</b> {{ 7 * 7 }} \u202e " onload=x ' + "unbroken" * 300
)
STUDY = """\
[study]
title = "Coins of a trial"
kind = "simulated"
summary = "Sixty coins of known truth."
"""

FAMILY = {"spring": (0.5, "2026-04-01"), "autumn": (0.5, "2026-10-01"), "seven": (0.7, "2026-10-02")}
"""Studies of the same models that differ in target and time: compared, told over time, calibrated."""

MEMBER = """\
[study]
title = "{title}"
kind = "measured"
summary = "Models that nobody made."
started = "{started}"
[prompt]
template = "Say {{first}} with probability {other:g}, {{second}} with probability {target:g}."
target = {target}
"""

FEATURES = """\
model,feature,value,source,confidence,note
mint-1/coin-01,tuning,roleplay,curated,1,said so
mint-1/coin-01,architecture,moe,classifier,0.6,<b>a guess</b>
mint-1/coin-01,parameters_total_b,70,name,0.9,70b in the name
mint-1/coin-01,reasoning,,,,nobody says
mint-2/coin-02,tuning,roleplay,catalogue,1,
mint-2/coin-02,parameters_total_b,8,name,0.9,8b in the name
mint-3/coin-03,tuning,coding,name,0.9,
"""


def scratch_project(folder: Path) -> Path:
    """The narrative, most shipped studies, a simulated study `trial` of 60 coins, and a family of three."""
    shutil.copytree(packaged("content"), folder / "content", ignore=shutil.ignore_patterns("control-*"))
    trial = folder / "content" / "studies" / "trial"
    trial.mkdir()
    (trial / "study.toml").write_text(STUDY, encoding="utf-8")
    write_draws(trial / "draws.parquet", collect_draws(coins()), study="trial")
    (trial / "features.csv").write_text(FEATURES, encoding="utf-8")
    for number, (name, (target, started)) in enumerate(FAMILY.items()):
        study = folder / "content" / "studies" / name
        study.mkdir()
        told = {
            "title": name.capitalize(),
            "started": started,
            "target": target,
            "other": round(1 - target, 1),
        }
        (study / "study.toml").write_text(MEMBER.format(**told), encoding="utf-8")
        write_draws(study / "draws.parquet", collect_draws(members(target, seed=number)), study=name)
    return folder


def members(target: float, *, seed: int) -> Iterator[Draw]:
    """Ten models; the first one turns round from study to study."""
    rng = np.random.default_rng(seed)
    yield from coin("house/turncoat", float(seed % 2), rng)
    for i in range(9):
        yield from coin(f"house/model-{i}", min(1.0, max(0.0, target + (i - 4) / 10)), rng)


def coins() -> Iterator[Draw]:
    rng = np.random.default_rng(3)
    yield from coin("coin/always-one", 1.0, rng)
    yield from coin("coin/never-parses", 0.5, rng, lost=1.0)
    yield from coin("coin/long-run", 0.5, rng, n=1000)
    yield from coin("No Author", 0.5, rng)
    yield from coin('Weird "Author"/<b>&amp;:free', 0.2, rng)
    for i in range(55):
        yield from coin(f"mint-{i % 5}/coin-{i:02d}", float(rng.beta(2, 2)), rng, lost=0.05)


def coin(name: str, p: float, rng: np.random.Generator, *, n: int = 50, lost: float = 0.0) -> Iterator[Draw]:
    for i in range(n):
        side, missing = int(rng.random() < p), rng.random() < lost
        result: Result = Outcome(index=side)
        text: str | None = HOSTILE if i == 3 else f"Explanations: none.\nOutput: {side}"
        if missing:
            failed = i % 4 == 0
            result = Failed(reason="HTTP 500") if failed else Rejected(status=Status.REFUSED, reason="no")
            text = None if failed else "I cannot flip coins."
        yield Draw(
            model=name,
            draw=i,
            labels=("0", "1"),
            order=i % 2,
            result=result,
            response=text,
            finish_reason="stop",
            provider="A <i>provider</i>",
            mode="text",
            prompt_tokens=180,
            completion_tokens=int(rng.integers(20, 60)),
            reasoning_tokens=0,
            cost_usd=float(rng.integers(1, 9)) * 1e-5,
            latency_s=float(rng.gamma(2, 0.6)),
            asked_at=f"2026-11-01T12:{i // 60 % 60:02d}:{i % 60:02d}Z",
        )
