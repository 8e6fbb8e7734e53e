"""The control API under `/__aleph__/`: accounts, journals, scenarios, bills, verdicts."""
