"""A fake of the endpoint behind `runwayml/aleph-2`, on this machine, with a journal."""
