"""Tables and pictures of methods and of fair bits."""
