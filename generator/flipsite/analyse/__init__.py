"""From draws to numbers: pure functions, each with its formula and source."""
