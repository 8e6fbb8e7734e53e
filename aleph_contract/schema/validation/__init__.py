"""Two validation engines, their violations, and the messages."""
