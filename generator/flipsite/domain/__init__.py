"""The nouns: studies, draws, estimates, endpoints; no input or output."""
