"""Records and text functions that every other package shares."""
