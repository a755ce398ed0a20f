"""flipsite makes every language model flip a coin, and publishes what came of it."""

from importlib.metadata import version

__version__ = version("flipsite")
