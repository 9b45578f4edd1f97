"""The verbs: they know the shapes of places, never a concrete one."""
