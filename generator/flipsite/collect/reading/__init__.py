"""Answers of more than one outcome, read."""
