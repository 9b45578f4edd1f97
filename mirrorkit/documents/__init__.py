"""The files people write and read, as values: pure, no I/O."""
