"""The tests, and the lab they work in."""
