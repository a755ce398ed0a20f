"""Whether models follow the order of the labels, or the labels."""
