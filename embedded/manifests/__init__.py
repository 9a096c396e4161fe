"""The manifests of an embedded lab: a Git repository in upstream's layout, written when the kit is built."""
