"""Values that keep a schema and pass through a given location of it."""
