"""Places on the network."""
