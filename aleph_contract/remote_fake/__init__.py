"""A fake that runs in another process or on another machine, by its control API."""
