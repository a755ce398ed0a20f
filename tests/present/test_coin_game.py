"""The reader's coin: its picture agrees with the binomial distribution and with the study."""

import itertools
from dataclasses import replace

import pytest
from scipy.stats import binom

from flipsite.present.sparklines.coin_game import TALLEST_EM, CoinGame, coin_game
from flipsite.project import packaged
from flipsite.workflows.load import load_report


@pytest.fixture(scope="module")
def game() -> CoinGame:
    made = coin_game(load_report(packaged("content") / "studies" / "article-2025"))
    assert made is not None
    return made


def test_the_piles_are_all_that_fifty_flips_can_show(game: CoinGame) -> None:
    assert [pile.bias for pile in game.piles] == pytest.approx([k / 50 for k in range(26)])
    assert sum(pile.probability for pile in game.piles) == pytest.approx(1)
    assert game.piles[3].probability == pytest.approx(2 * binom.pmf(22, 50, 0.5))
    assert max(pile.height_em for pile in game.piles) == TALLEST_EM


def test_the_tinted_part_holds_the_least_biased_and_no_pile_beyond(game: CoinGame) -> None:
    assert (game.near, game.n_near) == (0.032, 20)
    inside = [pile for pile in game.piles if pile.at + game.pile_width / 2 < game.near_edge]
    assert sum(pile.probability for pile in inside) == pytest.approx(game.chance, abs=1e-4)
    beyond = game.piles[len(inside)]
    assert beyond.at - game.pile_width / 2 > game.near_edge


def test_the_noise_floor_is_the_mean_of_the_piles(game: CoinGame) -> None:
    assert game.floor == pytest.approx(0.0561, abs=1e-4)


def test_every_printed_model_hangs_at_its_bias_and_touches_no_other(game: CoinGame) -> None:
    assert len(game.coins) == 40
    for level in range(game.levels):
        places = sorted(coin.at for coin in game.coins if coin.level == level)
        assert all(b - a >= 2.4 for a, b in itertools.pairwise(places))
    assert max(coin.at for coin in game.coins) == game.ticks[-1][1]


def test_a_study_of_single_flips_has_one_pile() -> None:
    """One flip of a fair coin shows a bias of 0.5, whatever comes."""
    report = load_report(packaged("content") / "studies" / "controls")
    single = replace(report.study, sampling=replace(report.study.sampling, draws=1))
    game = coin_game(replace(report, study=single))
    assert game is not None
    assert [(pile.bias, pile.probability) for pile in game.piles] == [(0.5, 1.0)]
    assert game.piles[0].at + game.pile_width / 2 <= 100
