"""Tests with real registries, engines and runtimes."""
