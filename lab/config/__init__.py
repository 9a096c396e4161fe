"""Configuration of a run: settings, source, addresses, paths and the selection of scenarios."""
