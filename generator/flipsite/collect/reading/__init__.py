"""Read what a model answered: an outcome, several in a row, log-probabilities, or the reason for none."""
