"""What the collector needs of whoever keeps its requests and answers; `store.cache` does."""

from collections.abc import Iterable, Sequence, Set
from typing import Protocol

from flipsite.dealings import Answered, Asked, Standing, Unpriced


class Ledger(Protocol):
    """One study's requests, answers and money; what a method was awaited for is on disk."""

    def standings(self) -> Sequence[Standing]:
        """What is held of each model that was ever asked."""

    def settled(self, model: str) -> Set[tuple[tuple[str, str], int, int]]:
        """The (labels, order, draw) of a model that need no asking."""

    def outcomes(self) -> Iterable[tuple[str, int, int | None]]:
        """Model, draw and outcome, None without one, of all that need no asking; by model and draw."""

    def unpriced(self) -> Sequence[Unpriced]:
        """Answers whose price can be asked for."""

    async def ask(self, asked: Asked) -> int:
        """Write a request down before it is sent; returns its number."""

    async def answer(self, answered: Answered) -> None:
        """Write down what came back, whole, with its money."""

    async def price(self, attempt: int, billed_pico: int) -> None:
        """Write down a price that was told later."""

    async def text_only(self, model: str) -> None:
        """Remember that a model does not know structured output."""
