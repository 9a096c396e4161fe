"""Observation, diagnosis and evidence of failures."""
