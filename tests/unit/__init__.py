"""Tests of the pure parts: no disk, no network."""
