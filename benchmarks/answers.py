"""Size and power of the tests of answers; `python benchmarks/answers.py` prints docs/methods.md's tables.

About two minutes; seeded.
"""

from collections import Counter
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from flipsite.analyse.binomial import Floats
from flipsite.analyse.sequences.estimates import SequenceVerdict, sequence_estimates
from flipsite.analyse.sequences.statistics import Answers, answer_statistics, loop, null_laws

COIN = (0.5, 0.5)
Source = Callable[[np.random.Generator, int, int], Answers]
"""Answers of shape (m, L), from a generator, m and L."""


def size_table() -> str:
    """The share of studies of independent answers whose p-value is at most 0.05, by test."""
    columns = ("shares", "rationed or sticky", "runs", "first place", "other places", "scripts", "loop")
    lines = [f"| m | L | studies | {' | '.join(columns)} |", "|" + "---|" * (3 + len(columns))]
    for m in (20, 50, 1_000):
        for length in (2, 12, 100):
            n_studies = max(400, min(4_000, 40_000_000 // (m * length)))
            rejected = sizes(m, length, n_studies, seed=m + length)
            cells = " | ".join("–" if each is None else f"{each:.3f}" for each in rejected)
            lines.append(f"| {m:,} | {length} | {n_studies:,} | {cells} |")
    return "\n".join(lines)


def sizes(m: int, length: int, n_studies: int, *, seed: int) -> list[float | None]:
    """How often each test of independent answers rejects at 5 %; None for a loop in a short answer."""
    rng, law = np.random.default_rng(seed), null_laws((m,), length, COIN)[m]
    p_values: list[Floats] = []
    loops: list[float] = []
    for _ in range(0, n_studies, 100):
        studies = rng.integers(0, 2, size=(100, m, length))
        seen = answer_statistics(studies, COIN)
        p_values.append(
            np.stack(
                [
                    _upper(law.bias, seen.bias),
                    _both(law.dispersion_own, seen.dispersion_own),
                    _both(law.runs_z, seen.runs_z),
                    _upper(law.first_place, seen.first_place),
                    _upper(law.places, seen.places),
                    _upper(law.equal_pairs, seen.equal_pairs),
                ]
            )
        )
        if length >= 100:
            loops += [loop(each, COIN)[1] for each in studies]
    rejected = (np.concatenate(p_values, axis=1) <= 0.05).mean(axis=1).tolist()
    return [*rejected, float((np.array(loops) <= 0.05).mean()) if loops else None]


def _upper(law: Floats, values: Floats) -> Floats:
    near = 1e-9 * (1 + np.abs(values))
    return np.asarray((1 + len(law) - np.searchsorted(np.sort(law), values - near)) / (len(law) + 1))


def _both(law: Floats, values: Floats) -> Floats:
    return np.asarray(np.minimum(1.0, 2 * np.minimum(_upper(law, values), _upper(-law, -values))))


def independent(rng: np.random.Generator, m: int, length: int) -> Answers:
    """Every draw on its own."""
    return rng.integers(0, 2, size=(m, length))


def changing(p: float) -> Source:
    """Another outcome than the draw before with probability p."""

    def rows(rng: np.random.Generator, m: int, length: int) -> Answers:
        steps: NDArray[np.int64] = (rng.random((m, length)) < p).astype(np.int64)
        steps[:, 0] = rng.integers(0, 2, size=m)
        return steps.cumsum(axis=1) % 2

    return rows


def rationing(rng: np.random.Generator, m: int, length: int) -> Answers:
    """As many of each outcome as of the other, in random order."""
    return rng.permuted(np.tile(np.arange(length) % 2, (m, 1)), axis=1)


def two_scripts(rng: np.random.Generator, m: int, length: int) -> Answers:
    """One of two answers that are themselves drawn once."""
    return independent(rng, 2, length)[rng.integers(0, 2, size=m)]


def looping(rng: np.random.Generator, m: int, length: int) -> Answers:
    """The first five draws, again and again."""
    return independent(rng, m, 5)[:, np.arange(length) % 5]


CONTROLS: tuple[tuple[str, Source, int], ...] = (
    ("independent", independent, 12),
    ("alternator: changes 8 times in 10", changing(0.8), 12),
    ("alternator: changes 6 times in 10", changing(0.6), 12),
    ("sticky: changes 2 times in 10", changing(0.2), 12),
    ("sticky: changes 4 times in 10", changing(0.4), 12),
    ("rationer", rationing, 12),
    ("two scripts", two_scripts, 12),
    ("loop of five", looping, 12),
    ("loop of five", looping, 120),
)


def power_table(n_studies: int = 200) -> str:
    """The share of studies of one model that are patterned, with the pattern found most often."""
    lines = ["| model | L | 10 answers | 20 answers | 50 answers | found |", "|---|---|---|---|---|---|"]
    for name, source, length in CONTROLS:
        cells, found = [], Counter[str]()
        for m in (10, 20, 50):
            verdicts = Counter[SequenceVerdict]()
            rng = np.random.default_rng(m)
            for _ in range(n_studies):
                answers = {"a/b": source(rng, m, length)}
                (each,) = sequence_estimates(answers, {"a/b": m}, per_answer=length, shares=COIN)
                verdicts[each.verdict] += 1
                found.update(map(str, each.patterns))
            cells.append(f"{verdicts[SequenceVerdict.PATTERNED] / n_studies:.2f}")
        told = ", ".join(pattern for pattern, _ in found.most_common(2)) if name != "independent" else ""
        lines.append(f"| {name} | {length} | {' | '.join(cells)} | {told} |")
    return "\n".join(lines)


def main() -> None:
    """Print both tables."""
    print(size_table(), power_table(), sep="\n\n")


if __name__ == "__main__":
    main()
