"""The control API under `/__aleph__/`."""
