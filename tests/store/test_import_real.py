"""Real draws by other people, in their own formats (Yang & Zhang 2025), and the shares they give."""

from pathlib import Path

import numpy as np
import pytest

from flipsite.domain.draws import Draws, Status
from flipsite.store.imports.columns import parse_options
from flipsite.store.imports.importer import ImportReport, import_file
from flipsite.store.snapshot.read import read_draws

FOLDER = Path(__file__).parents[2].parent / "shared" / "data" / "failure-to-mix"

pytestmark = pytest.mark.skipif(not FOLDER.is_dir(), reason="the data of others are not beside this checkout")

CLAUDE, GEMINI, GPT = "anthropic/claude-4.5-sonnet", "google/gemini-2.5-pro", "openai/gpt-5"
KIMI, QWEN = "moonshotai/kimi-k2-0905", "qwen/qwen3-vl-8b-instruct"
WORDS = ["outcome=answer", "labels=v,v2", "response=raw_text"]


def imported(folder: Path, name: str, columns: list[str], *where: str) -> tuple[ImportReport, Draws]:
    report = import_file(FOLDER / name, folder=folder / "s", options=parse_options(columns, where, None))
    return report, read_draws(folder / "s" / "draws.parquet")


def rows_of(draws: Draws, model: str) -> slice:
    return draws.rows(draws.models.index(model))


def test_single_flips_of_claude_at_one_half(tmp_path: Path) -> None:
    """One flip in a hundred is `1` where half was asked."""
    report, draws = imported(tmp_path, "fig1_single_flip.csv", ["outcome=answer"], "p=50")
    assert (report.n_rows, report.n_filtered, report.by_status) == (2100, 2000, {Status.VALID: 100})
    assert draws.models == (CLAUDE,)
    assert draws.outcome.sum() == 1


def test_all_word_pairs_come_in(tmp_path: Path) -> None:
    """10,700 rows, 34 of them blank, 28 of these in one cell; the lines are those of the file."""
    report, draws = imported(tmp_path, "fig5_word_bias.csv", WORDS)
    assert report.by_status == {Status.VALID: 10_666, Status.UNPARSED: 34}
    assert len(report.models) == 5
    assert report.n_problems == 34
    assert {problem.text for problem in report.problems} == {"has no outcome"}
    lines = (FOLDER / "fig5_word_bias.csv").read_text(encoding="utf-8").split("\n")
    for problem in report.problems:
        cells = lines[problem.line - 1].split(",")
        assert cells[5:7] == ["", ""]
    assert set(draws.labels) >= {'["0","1"]', '["50","37"]', '["night","day"]'}


def test_a_line_after_answers_of_many_lines_is_still_the_file_s(tmp_path: Path) -> None:
    """The last blank stands after all answers that run over several lines."""
    report, _ = imported(tmp_path, "fig5_word_bias.csv", WORDS, "p=50")
    last = report.problems[-1].line
    lines = (FOLDER / "fig5_word_bias.csv").read_text(encoding="utf-8").split("\n")
    assert last == 10_076
    assert lines[last - 1].split(",")[5:7] == ["", ""]


@pytest.mark.parametrize(
    ("label", "model", "first", "second"),
    [
        ("1", CLAUDE, 0.78, 1.00), ("1", GPT, 0.99, 0.88), ("1", KIMI, 0.79, 0.71), ("1", QWEN, 1.00, 0.00),
        ("37", CLAUDE, 1.00, 0.00), ("37", GPT, 0.71, 0.57), ("37", KIMI, 0.48, 0.39),
        ("37", QWEN, 1.00, 0.00),
    ],
)  # fmt: skip
def test_shares_of_the_canonical_word_by_order(
    words: Draws, label: str, model: str, first: float, second: float
) -> None:
    """Share of the word that the file codes 1, where it was named first and where second."""
    pair = {"1": '["0","1"]', "37": '["50","37"]'}[label]
    rows = rows_of(words, model)
    of_pair = np.array([labels == pair for labels in words.labels[rows]])
    for order, share in ((1, first), (0, second)):
        chosen = of_pair & (words.order[rows] == order) & (words.outcome[rows] >= 0)
        assert round(float(words.outcome[rows][chosen].mean()), 2) == share


@pytest.fixture(scope="module")
def words(tmp_path_factory: pytest.TempPathFactory) -> Draws:
    """The word pairs at one half, by the file's own codes."""
    return imported(tmp_path_factory.mktemp("words"), "fig5_word_bias.csv", WORDS, "p=50")[1]


@pytest.mark.parametrize(
    ("model", "share"), [(CLAUDE, 0.508), (GEMINI, 0.419), (KIMI, 0.687), (GPT, 0.581), (QWEN, 0.910)]
)
def test_shares_of_the_label_named_first(tmp_path: Path, model: str, share: float) -> None:
    """From the answers themselves, read whole or by their last line, not from the file's codes."""
    columns = ["outcome=raw_text", "labels=v,v2"]
    _, draws = imported(tmp_path, "fig5_word_bias.csv", columns, "p=50", f"model={model}")
    valid = draws.outcome >= 0
    assert round(float((draws.outcome == draws.order)[valid].mean()), 3) == share


def test_the_codes_and_the_words_differ_in_a_few_rows(tmp_path: Path) -> None:
    """The file's authors misread some answers (`Woman`, a label in a sentence); these rows are counted."""
    report, _ = imported(tmp_path, "fig5_word_bias.csv", WORDS)
    assert report.n_contradictions == 37
    assert "labels, whatever their place" in report.reading
