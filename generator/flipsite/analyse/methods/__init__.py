"""Methods of drawing at random with a model: their fair bits and their prices."""
