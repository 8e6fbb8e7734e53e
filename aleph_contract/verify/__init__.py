"""Verify a client: plan cases, drive the client against the fake, judge, collect the results."""
