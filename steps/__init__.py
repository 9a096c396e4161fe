"""The step definitions of the features: one module for each feature, and shared steps."""
