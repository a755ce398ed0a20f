"""Results of the simulation-based calibration: a table, and a picture of each form.

`python benchmarks/calibration/report.py` reads the ranks that `simulate.py` wrote beside it, writes a row a
parameter to `report.md`, and draws `<form>.png`: how far the distribution of its ranks is from uniform, with
the band that 95 % of uniform ones stay within everywhere. Half a minute; seeded.

Source:
    Säilynoja, Bürkner & Vehtari (2022), Statistics and Computing 32: the band around all of a curve at once.
"""

import io
from pathlib import Path

import altair as alt
import numpy as np
import pandas as pd
import vl_convert
from numpy.typing import NDArray
from PIL import Image
from scipy import stats

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

FOLDER = Path(__file__).parent
FORMS = (
    "mean",
    "betabinomial",
    "scale",
    "mixture",
    "betabinomial-selected",
    "scale-selected",
    "mixture-selected",
)

N_RANKS = 100
"""Ranks lie between 0 and 99."""

BINS = 20
UNIFORM_SETS = 20_000
LEVEL = 0.05
NOTES = ("replication", "divergent", "seconds")


def main() -> None:
    """Write `report.md` and draw the pictures."""
    by_form = {form: pd.read_csv(FOLDER / f"{form}.csv") for form in FORMS}
    verdicts = pd.concat([verdicts_of(form, runs) for form, runs in by_form.items()])
    bent = verdicts[holm(verdicts["p_curve"].to_numpy()) < LEVEL]
    least = " and ".join(f"{verdicts[test].min():.3f}" for test in ("p_curve", "p_bins"))
    parts = [
        "# Simulation-based calibration",
        "Written by `report.py` from the ranks beside it; what it means stands in `docs/methods.md`.",
        verdicts_table(verdicts),
        "\n".join(
            f"- {form}: {len(runs)} replications, {int((runs['divergent'] > 0).sum())} with divergent draws."
            for form, runs in by_form.items()
        ),
        f"Least p of {len(verdicts)} curves and of as many χ²: {least}. Told from uniform (Holm, 5 %): "
        f"{', '.join(bent['form'] + ' ' + bent['parameter']) or 'none'}.",
        f"What {len(by_form['scale'])} replications would have seen:",
        power_table(len(by_form["scale"]), n_tests=len(verdicts)),
    ]
    (FOLDER / "report.md").write_text("\n\n".join(parts) + "\n")
    for form, runs in by_form.items():
        draw(form, runs)


def verdicts_table(verdicts: pd.DataFrame) -> str:
    """A row a parameter."""
    head = "| form | parameter | in the 50 % interval | in the 90 % interval | χ² of 20 bins | whole curve |"
    lines = [head, "|---|---|---|---|---|---|"]
    for row in verdicts.to_dict("records"):
        p_values = f"{p_text(row['p_bins'])} | {p_text(row['p_curve'])}"
        cells = f"{row['inside_50']:.3f} | {row['inside_90']:.3f} | {p_values}"
        lines.append(f"| {row['form']} | {row['parameter']} | {cells} |")
    return "\n".join(lines)


def verdicts_of(form: str, runs: pd.DataFrame) -> pd.DataFrame:
    """A row a parameter: the share of truths inside two intervals, and two tests of uniform ranks."""
    n = len(runs)
    null = distances(np.random.default_rng(1).integers(0, N_RANKS, (UNIFORM_SETS, n)))
    rows = []
    for name in runs.columns.drop(list(NOTES)):
        ranks = runs[name].to_numpy()
        place = (ranks + 0.5) / N_RANKS
        bins = np.bincount(ranks * BINS // N_RANKS, minlength=BINS)
        rows.append(
            {
                "form": form,
                "parameter": name,
                "inside_50": float((abs(place - 0.5) < 0.25).mean()),
                "inside_90": float((abs(place - 0.5) < 0.45).mean()),
                "p_bins": float(stats.chisquare(bins).pvalue),
                "p_curve": float((null <= distances(ranks[None, :])[0]).mean()),
            }
        )
    return pd.DataFrame(rows)


def distances(ranks: Ints) -> Floats:
    """How improbable the most improbable point of each set's curve is, were its ranks uniform.

    Args:
        ranks: Sets of ranks (n_sets x n).

    Returns:
        The least two-sided tail probability over all points of the curve (n_sets).
    """
    n_sets, n = ranks.shape
    counts = np.zeros((n_sets, N_RANKS), dtype=np.int64)
    np.add.at(counts, (np.arange(n_sets)[:, None], ranks), 1)
    up_to = counts.cumsum(axis=1)[:, :-1]
    least, most = tails(n)
    place = np.arange(N_RANKS - 1)
    tail = 2 * np.minimum(least[place, up_to], most[place, up_to])
    return np.asarray(tail.min(axis=1))


def tails(n: int) -> tuple[Floats, Floats]:
    """P(at most k) and P(at least k) of n ranks at or below each rank but the last (n_ranks - 1 x n + 1)."""
    share = (np.arange(1, N_RANKS) / N_RANKS)[:, None]
    k = np.arange(n + 1)[None, :]
    return np.asarray(stats.binom.cdf(k, n, share)), np.asarray(stats.binom.sf(k - 1, n, share))


def band(n: int) -> tuple[Floats, Floats]:
    """Shares of ranks at or below each rank that 95 % of uniform sets stay within everywhere."""
    null = distances(np.random.default_rng(1).integers(0, N_RANKS, (UNIFORM_SETS, n)))
    each = float(np.quantile(null, LEVEL))
    share = np.arange(1, N_RANKS) / N_RANKS
    low, high = stats.binom.ppf(each / 2, n, share), stats.binom.isf(each / 2, n, share)
    return np.asarray(low / n), np.asarray(high / n)


def holm(p: Floats) -> Floats:
    """P-values for all tests together (Holm 1979)."""
    order = np.argsort(p)
    stepped = np.maximum.accumulate(p[order] * np.arange(len(p), 0, -1))
    adjusted = np.empty_like(p)
    adjusted[order] = np.minimum(1, stepped)
    return adjusted


def draw(form: str, runs: pd.DataFrame) -> None:
    """A small picture a parameter: the ranks' distribution less the uniform one, and the band."""
    names = list(runs.columns.drop(list(NOTES)))
    share = np.arange(1, N_RANKS) / N_RANKS
    low, high = band(len(runs))
    rows = pd.concat(
        pd.DataFrame(
            {
                "parameter": name.replace("parameters_total_b", "size").replace("_", " "),
                "rank": share,
                "difference": [(runs[name] < N_RANKS * one - 0.5).mean() - one for one in share],
                "low": low - share,
                "high": high - share,
            }
        )
        for name in names
    )
    base = alt.Chart().encode(x=alt.X("rank:Q", title=None, axis=alt.Axis(values=[0, 0.5, 1], grid=False)))
    scale = alt.Y("low:Q", title=None, scale=alt.Scale(domain=[-0.16, 0.16]), axis=alt.Axis(tickCount=3))
    picture = (
        alt.layer(
            base.mark_area(color="#e8e2d0").encode(y=scale, y2="high:Q"),
            base.mark_line(color="#a55e00", strokeWidth=1.5).encode(y="difference:Q"),
        )
        .properties(width=120, height=64)
        .facet(facet=alt.Facet("parameter:N", title=None, sort=None), columns=4, data=rows)
        .properties(title=f"{form}: ranks of {len(runs)} true values, less uniform ranks; band of 95 %")
        .configure(background="#ffffff")
    )
    png = vl_convert.vegalite_to_png(picture.to_dict(), scale=1.5)
    Image.open(io.BytesIO(png)).convert("P", palette=Image.Palette.ADAPTIVE, colors=32).save(
        FOLDER / f"{form}.png", optimize=True
    )


def p_text(p: float) -> str:
    """Three decimals."""
    return "<0.001" if p < 0.0005 else f"{p:.3f}"


def power_table(n: int, *, n_tests: int) -> str:
    """Ranks in a number of replications: posteriors that lie beside the truth, or are too narrow.

    A wrong posterior is a normal one whose centre is off by so many of its deviations, or whose deviation is
    so many times what it should be; told where its curve alone would be, and among all tests by Bonferroni.
    """
    rng = np.random.default_rng(2)
    null = np.sort(distances(rng.integers(0, N_RANKS, (UNIFORM_SETS, n))))
    lines = ["| the posterior is | told alone | told among all |", "|---|---|---|"]
    for off, times in ((0.2, 1.0), (0.3, 1.0), (0.4, 1.0), (0.0, 0.9), (0.0, 0.8), (0.0, 0.7)):
        where = stats.norm.cdf(rng.normal(off, 1, (1000, n)) / times)
        found = distances((where * N_RANKS).astype(np.int64).clip(0, N_RANKS - 1))
        p = np.searchsorted(null, found, side="right") / UNIFORM_SETS
        what = f"{off:g} deviations off" if off else f"{times:g} times as wide as it should be"
        lines.append(f"| {what} | {(p < LEVEL).mean():.0%} | {(p < LEVEL / n_tests).mean():.0%} |")
    return "\n".join(lines)


if __name__ == "__main__":
    main()
