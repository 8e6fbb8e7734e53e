"""Verify a client: plan the cases, drive it against the fake, judge, collect the results."""
