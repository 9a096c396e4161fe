"""Tests of the rehearsal of manifests whose images the kit does not have."""
