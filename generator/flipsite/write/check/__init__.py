"""Faults of a built site: links, policies, weights."""
