"""Draws of other tools, read into a study."""
