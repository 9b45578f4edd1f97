"""Real registries, engines and networks, and made-up images to move between them."""
