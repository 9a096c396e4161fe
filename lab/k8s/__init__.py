"""Observation and change of a Kubernetes cluster, without knowledge of the layers."""
