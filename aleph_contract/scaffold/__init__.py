"""The files that `aleph-contract init` writes: a client, a first test, a CI job."""
