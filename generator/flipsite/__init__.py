"""flipsite makes every language model flip a coin, and publishes what came of it."""

__version__ = "0.1.0"
