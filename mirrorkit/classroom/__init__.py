"""What the machines of a class have to do to use the mirror."""
