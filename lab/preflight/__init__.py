"""Preflight: checks that run before anything is changed, and their findings."""
