"""Draws too many to hold, counted by an engine."""
