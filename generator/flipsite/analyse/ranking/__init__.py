"""Ranks of models by their bias, each with its uncertainty."""
