"""A made-up class, prepared and served by mirrorkit itself: no network, no Docker, some seconds."""
