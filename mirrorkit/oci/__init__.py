"""The OCI's nouns as values: pure, no I/O."""
