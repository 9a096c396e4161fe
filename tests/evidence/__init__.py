"""Tests of lab/evidence."""
