"""A folder for PYTHONPATH: `sitecustomize` repairs timed waits under libfaketime."""
