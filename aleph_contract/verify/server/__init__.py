"""Verify a server: plan the calls, send them, judge each exchange."""
