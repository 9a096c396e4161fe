"""Breaks a lab, one thing at a time, and expects the suite to notice: `make sabotage`."""
