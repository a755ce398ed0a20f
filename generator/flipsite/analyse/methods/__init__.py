"""What it takes to draw at random with a model: fair bits, methods, and their prices."""
