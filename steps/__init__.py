"""What the sentences of the features do: one module a feature."""
