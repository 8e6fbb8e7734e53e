"""The fake in front of another server, for `aleph-contract serve --upstream`."""
