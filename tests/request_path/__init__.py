"""Tests of request_path."""
