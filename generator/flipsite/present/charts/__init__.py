"""Altair charts of finished tables, and their SVG."""
