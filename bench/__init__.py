"""How fast the suite is, beside the tutorial by hand, and how fast its verdict on readiness is."""
