"""Clusters of other shapes than the tutorial's: each is installed from the kit, and must pass `--lab existing`."""
