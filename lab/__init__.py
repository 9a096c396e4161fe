"""What fixtures and steps are made of: tools, waiting, settings, releases. Knows nothing of pytest."""
