"""The manifests of an embedded lab: a Git repository with upstream's layout, written when the kit is built."""
