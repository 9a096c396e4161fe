"""Building blocks of a run: programs, waiting, background tasks, the journal, redaction and the state of the lab."""
