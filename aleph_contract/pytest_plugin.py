"""Fixtures and a conformance class for pytest."""
