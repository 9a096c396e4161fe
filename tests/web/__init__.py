"""Tests of lab/web."""
