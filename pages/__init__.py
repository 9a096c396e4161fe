"""What people read of a run, and of the features: made of facts and templates, and of nothing that is measured here."""
