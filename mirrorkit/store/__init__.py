"""Places on this machine: the store on disk, and its double in memory."""
