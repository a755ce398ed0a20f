"""Ask every model, within a budget, and lose no answer. The only part that meets the network."""
