"""Checks of lab/releases and of the code that reads manifests, on upstream's trees, where archives are given."""
