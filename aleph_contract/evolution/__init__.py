"""Compare two versions of a contract: containment proofs, witnesses, classified changes."""
