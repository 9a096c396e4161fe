"""The plan of an upgrade: what applying the manifests of one release over those of another does, read from both."""
