"""The test of variants, `make variants`: legitimate set-ups of a lab, one at a time; the suite must stay green."""
