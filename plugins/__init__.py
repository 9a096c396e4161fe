"""pytest plugins: hooks for options, selection, preflight checks, failures and reports; fixtures are in fixtures/."""
