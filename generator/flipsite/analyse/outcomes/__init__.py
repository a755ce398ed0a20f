"""Draws among k outcomes; a coin is k = 2."""
