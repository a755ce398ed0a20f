"""Answers of several draws: pictures, tables and words."""
