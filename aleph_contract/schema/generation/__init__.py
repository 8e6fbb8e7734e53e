"""Build values that satisfy a schema and contain a part that a given subschema describes."""
