"""Two validation engines, the violations they find, and the messages."""
