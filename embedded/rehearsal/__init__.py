"""The rehearsal of manifests whose images the kit does not have: upstream's, of any release, or a user's own."""
