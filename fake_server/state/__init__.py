"""Accounts, bills and scenarios."""
