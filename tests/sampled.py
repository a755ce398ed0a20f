"""Studies of k outcomes, made of draws of known shares: projects for builds."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from flipsite.domain.draws import Draw, Outcome, Rejected, Status
from flipsite.store.snapshot.assemble import collect_draws
from flipsite.store.snapshot.parquet import write_draws

DIE = ("1", "2", "3", "4", "5", "6")
CARDS = tuple(
    f"{rank} of {suit}" for suit in ("spades", "hearts", "diamonds", "clubs") for rank in "A23456789TJQK"
)


def rows_of(
    outcomes: Mapping[str, Sequence[int]], labels: Sequence[str], *, rotated: bool = False
) -> list[Draw]:
    """Draws of each model by its outcomes, −1 for an answer that names what was not offered."""
    return [
        Draw(
            model=model,
            draw=number,
            labels=tuple(labels),
            order=number % len(labels) if rotated else 0,
            result=Outcome(index=index) if index >= 0 else Rejected(status=Status.UNPARSED, reason="x"),
            response=f"Output: {labels[index] if index >= 0 else 'a joker'}",
            cost_usd=1e-5,
            asked_at=f"2026-11-01T00:00:{number % 60:02d}Z",
        )
        for model, drawn in sorted(outcomes.items())
        for number, index in enumerate(drawn)
    ]


def study_text(
    outcomes: str,
    *,
    target: str = '"uniform"',
    orders: str = "one",
    shown: str = "{options}",
    draws: int = 100,
) -> str:
    """A `study.toml` of measured draws."""
    return f"""[study]
title = "Outcomes"
kind = "measured"
summary = "Drawn for a test."
[prompt]
template = "Draw one of {shown}. Output: the label"
outcomes = {outcomes}
target = {target}
labels = "fixed"
orders = "{orders}"
[sampling]
draws = {draws}
"""


def add_study(project: Path, name: str, text: str, rows: Sequence[Draw]) -> Path:
    """A study of a project with its snapshot."""
    folder = project / "content" / "studies" / name
    folder.mkdir(parents=True)
    (folder / "study.toml").write_text(text, encoding="utf-8")
    write_draws(folder / "draws.parquet", collect_draws(rows), study=name)
    return folder


def sampled(shares: Sequence[float], n: int, *, seed: int) -> list[int]:
    """Seeded draws of these shares."""
    drawn: list[int] = np.random.default_rng(seed).choice(len(shares), size=n, p=shares).tolist()
    return drawn


def dice(n: int = 100) -> dict[str, list[int]]:
    """A fair die, a loaded one, one face for ever, the first-named, every face in turn, and off the list."""
    off = [-1 if draw % 10 == 0 else face for draw, face in enumerate(sampled([1 / 6] * 6, n, seed=4))]
    return {
        "dice/fair": sampled([1 / 6] * 6, n, seed=1),
        "dice/loaded": sampled([0.5] + [0.1] * 5, n, seed=2),
        "dice/always-4": [3] * n,
        "dice/first-named": [draw % 6 for draw in range(n)],
        "dice/off-list": off,
    }
