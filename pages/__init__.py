"""The pages for users: reports of a run, and the tutorial. They are rendered from facts, features and templates."""
