"""The embedded registry and what else is served over HTTP."""
