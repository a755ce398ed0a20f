"""Put a finished site on disk whole, check it, show it."""
