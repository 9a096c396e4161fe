"""The library behind fixtures and steps, which does not depend on pytest: configuration, Kubernetes, web, layers."""
