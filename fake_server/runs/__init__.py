"""One run request, from its head to its journal record."""
