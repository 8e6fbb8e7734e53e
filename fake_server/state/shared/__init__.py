"""Accounts in PostgreSQL, which several fakes share; importing this imports asyncpg.

A run takes two transactions, which it shares with the runs that arrive at the same time. The first
reads its account, and takes its step if the scenario has one. The second charges it, numbers its
exchange and stores it; only then does the last byte of the response leave.
"""
