"""What models are besides their flips."""
