"""Doctor: what stands between this machine and a start that needs nothing but the mirror."""
