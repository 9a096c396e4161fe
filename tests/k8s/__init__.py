"""Tests of k8s."""
