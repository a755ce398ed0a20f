"""What it takes to draw at random with a model: tables and pictures of methods and fair bits."""
